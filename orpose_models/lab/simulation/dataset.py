"""A simulated split on disk: where everything lies, and how pictures and ground truth are written.

OUT/SPLIT/images/scene00007/cam1/000002.jpg
OUT/SPLIT/cameras.json            intrinsics, gravity and places of all cameras
OUT/SPLIT/annotations.json        COCO's layout with 3D; of train and difficult only the images: `images.json`
OUT/hidden/SPLIT/annotations.json ground truth of these, which training must not see
OUT/SPLIT/SHA256SUMS              of every file of the split
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from orpose_models.files.coco_head import person_category
from orpose_models.files.disk import atomic_path, read_json, sha256, write_json
from orpose_models.lab.simulation.annotations import STATES, annotate, to_coco
from orpose_models.lab.simulation.effects import encode, expose, sensor_of
from orpose_models.lab.simulation.everyday.everyday_scenes import EVERYDAY_PERIOD, build_everyday_scene
from orpose_models.lab.simulation.rendering import Renderer
from orpose_models.lab.simulation.rigs import CAMERAS, RoomCamera
from orpose_models.lab.simulation.scenes import FRAMES, PERIOD, Scene, build_scene
from orpose_models.lab.simulation.splits import Split, generator
from orpose_models.vocabulary.errors import OrposeError

VERSION = 1  # counts changes that change what a seed gives
IMAGES_PER_SCENE = FRAMES * CAMERAS  # of the usual rig
START_NS = 1_600_000_000_000_000_000
_SCENE_NS = 10_000_000_000  # from the beginning of one scene to that of the next
PERSONS = 100  # ids reserved per scene


class Layout:
    """Paths of one split under the output folder.

    Attributes:
        out: the output folder. split: which split. root: the split's folder.
        room: number of the one room that all scenes are in; None for a room of its own for each.
        views: how many cameras look on.
    """

    def __init__(self, out: str | Path, split: Split, room: int | None = None, views: int = CAMERAS) -> None:
        self.out, self.split, self.room, self.views = Path(out), split, room, views
        self.root = self.out / split
        # Ground truth of the unlabelled splits is kept where training code has no business.
        self.truth_root = self.out / "hidden" / split if split in ("train", "difficult") else self.root
        self.settings = self.root / "simulation.json"
        self.annotations = self.truth_root / "annotations.json"
        self.images = self.root / "images.json"
        self.cameras = self.root / "cameras.json"
        self.checksums = self.root / "SHA256SUMS"

    @property
    def images_per_scene(self) -> int:
        """How many pictures a scene has."""
        return FRAMES * self.views

    def scene_record(self, scene: int) -> Path:
        """What is kept of a finished scene until the split is complete."""
        return self.truth_root / "scenes" / f"{scene:05d}.json"

    def image_name(self, scene: int, camera: str, frame: int) -> str:
        """Name of a picture, relative to the split's folder."""
        return f"images/scene{scene:05d}/{camera}/{frame:06d}.jpg"


def render_scene(layout: Layout, seed: int, number: int, renderer: Renderer) -> int:
    """Render, annotate and write one scene; the record of it is written last.

    Returns:
        How many pictures it has.
    """
    everyday = layout.split == "everyday"
    if everyday:
        scene = build_everyday_scene(seed, number)
    else:
        scene = build_scene(layout.split, seed, number, only=layout.room, count=layout.views)
    meshes = scene.meshes(0)
    renderer.load(scene.room, scene.props, meshes, scene.covers, scene.lighting)
    images, annotations = [], []
    for frame in range(len(scene.times)):
        meshes = scene.meshes(frame)
        renderer.move(meshes)
        for index, camera in enumerate(scene.cameras):
            name = layout.image_name(number, camera.name, frame)
            image_id = (number * FRAMES + frame) * layout.views + index + 1
            picture = renderer.view(camera)
            if layout.room is None:
                sensor = sensor_of(layout.split, seed, number, camera.name)
            else:  # the same camera with the same settings, whatever the seed
                sensor = sensor_of("room", 0, layout.room, camera.name)
            grain = generator("grain", layout.split, seed, image_id)
            with atomic_path(layout.root / name) as temporary:
                temporary.write_bytes(encode(expose(picture.colour, sensor, grain), sensor))
            images.append(_image_record(scene, camera, name, image_id, frame))
            surfaces = [
                mesh.points if cover is None else np.concatenate([mesh.points, cover.points])
                for mesh, cover in zip(meshes, scene.covers, strict=True)
            ]
            for k, one in enumerate(annotate(scene, frame, camera, picture.ids, picture.depth, surfaces)):
                if one is not None:
                    person_id = number * PERSONS + k
                    annotations.append(to_coco(one, image_id * PERSONS + k, image_id, person_id, scene.people[k].role))
    record = {"images": images, "annotations": annotations, "scene": _scene_record(scene)}
    write_json(layout.scene_record(number), record)
    return len(images)


def _image_record(scene: Scene, camera: RoomCamera, name: str, image_id: int, frame: int) -> dict[str, Any]:
    return {
        "id": image_id,
        "file_name": name,
        "width": camera.intrinsics.width,
        "height": camera.intrinsics.height,
        "camera": intrinsics(camera),
        "camera_name": camera.name,
        "group": f"scene{scene.number:05d}",
        "frame": frame,
        "stamp_ns": START_NS + scene.number * _SCENE_NS + round(scene.times[frame] * 1e9),
    }


def intrinsics(camera: RoomCamera) -> dict[str, Any]:
    """A camera as annotation files give it."""
    k = camera.intrinsics
    assert k.gravity is not None
    return {
        "fx": round(k.fx, 4),
        "fy": round(k.fy, 4),
        "cx": round(k.cx, 4),
        "cy": round(k.cy, 4),
        "distortion": list(k.distortion),
        "gravity": [round(g, 8) for g in k.gravity],
    }


def _scene_record(scene: Scene) -> dict[str, Any]:
    """What the scene was made of: the numbers that the splits must not share, and what happens in it."""
    return {
        "number": scene.number,
        "kind": scene.kind,
        "room": scene.room.number,
        "light": scene.lighting.number,
        "people": [
            {"person_id": scene.number * PERSONS + k, "role": p.role, "action": p.action,
             "body": p.body, "outfit": p.outfit, "motion": p.motion_number}
            for k, p in enumerate(scene.people)
        ],
        "cameras": placed_cameras(scene.cameras),
    }  # fmt: skip


def placed_cameras(cameras: Sequence[RoomCamera]) -> list[dict[str, Any]]:
    """Cameras as cameras.json has them: rotation takes optical axes to the room's."""
    return [
        {
            "name": camera.name,
            **intrinsics(camera),
            "width": camera.intrinsics.width,
            "height": camera.intrinsics.height,
            "rotation": [[round(float(v), 8) for v in row] for row in camera.rotation],
            "position": [round(float(v), 5) for v in camera.position],
        }
        for camera in cameras
    ]


def begin(layout: Layout, seed: int, scenes: int) -> list[int]:
    """Prepare or continue a split.

    Returns:
        The scenes that are still to be made; none if the split is complete.

    Raises:
        OrposeError: the folder has a split made with another seed or version, or more scenes than asked for.
    """
    wanted = {"kind": "orpose-simulation", "version": VERSION, "split": layout.split, "seed": seed}
    wanted |= {} if layout.room is None else {"room": layout.room}
    wanted |= {} if layout.views == CAMERAS else {"views": layout.views}
    if layout.settings.exists():
        found = read_json(layout.settings)
        if {key: value for key, value in found.items() if key != "scenes"} != wanted:
            raise OrposeError(
                f"{layout.settings}: this folder was made with other settings (seed {found.get('seed')}, "
                f"version {found.get('version')}); choose another folder or remove it"
            )
        if found["scenes"] > scenes:
            raise OrposeError(
                f"{layout.root}: has {found['scenes']} scenes already, more than the {scenes} asked for; "
                "choose another folder or remove it"
            )
    write_json(layout.settings, {**wanted, "scenes": scenes}, indent=1)
    return [number for number in range(scenes) if not layout.scene_record(number).exists()]


def finish(layout: Layout, scenes: int) -> dict[str, Any]:
    """Assemble the annotation and camera files and the checksums of a split whose scenes are all made.

    Returns:
        The annotations that were written, COCO's layout.
    """
    records = [read_json(layout.scene_record(number)) for number in range(scenes)]
    settings = read_json(layout.settings)
    everyday = layout.split == "everyday"
    info = {
        **settings,
        "description": f"Simulated {'everyday scenes' if everyday else 'operating room'}: rendered, not recorded",
        "states": list(STATES),
        "period_s": EVERYDAY_PERIOD if everyday else PERIOD,
        "scenes": [{k: v for k, v in record["scene"].items() if k != "cameras"} for record in records],
    }
    images = [image for record in records for image in record["images"]]
    annotations = [annotation for record in records for annotation in record["annotations"]]
    document = {"info": info, "categories": [person_category()], "images": images, "annotations": annotations}
    write_json(layout.annotations, document)
    if layout.truth_root != layout.root:
        write_json(layout.images, {"info": settings, "images": images})
    rigs = {f"scene{record['scene']['number']:05d}": record["scene"]["cameras"] for record in records}
    write_json(
        layout.cameras,
        {
            "info": {**settings, "frame": "room: metres, z up; rotation takes optical axes to the room's"},
            "scenes": rigs,
        },
    )
    files = [image["file_name"] for image in images]
    files += [path.name for path in (layout.cameras, layout.annotations) if path.parent == layout.root]
    with atomic_path(layout.checksums) as temporary:
        temporary.write_text("".join(f"{sha256(layout.root / name)}  {name}\n" for name in sorted(files)))
    return document
