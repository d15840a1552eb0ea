"""Encounters on disk: pictures, depth, ground truth with lasting person numbers, and a bag of each scene.

OUT/encounter000/images/cam1/000000.jpg
OUT/encounter000/depth/cam1/000000.png   16 bit, millimetres, as an ideal depth camera in the same place sees it
OUT/encounter000/annotations.json        COCO's layout with 3D, as `orpose simulate` writes it
OUT/encounter000/cameras.json            where the cameras are, as `orpose simulate` writes it
OUT/encounter000/bag                     images, depth and camera_info of every camera, and where they are (/tf_static)
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from orpose_models.datasets.bags.types import message_class
from orpose_models.datasets.bags.writer import BagWriter, new_bag
from orpose_models.files.coco_head import person_category
from orpose_models.files.disk import atomic_folder, write_json
from orpose_models.lab.simulation.annotations import STATES, annotate, to_coco
from orpose_models.lab.simulation.dataset import PERSONS, START_NS, intrinsics, placed_cameras
from orpose_models.lab.simulation.effects import Sensor, encode, expose
from orpose_models.lab.simulation.encounters import build_encounter
from orpose_models.lab.simulation.rendering import Renderer
from orpose_models.lab.simulation.rigs import RoomCamera
from orpose_models.lab.simulation.scenes import Scene
from orpose_models.lab.simulation.shading import COLUMNS, ROWS
from orpose_models.lab.simulation.simulated_bag import write_places
from orpose_models.lab.simulation.splits import Split, generator
from orpose_models.messages.camera_info import camera_info_message
from orpose_models.messages.fields import make_header
from orpose_models.vocabulary.cameras import Camera

# Whoever has fewer of the 17 joints in view (what only the own body hides counts) need not be found: iscrowd.
FEWEST_JOINTS = 6
_ENCOUNTER_NS = 3600 * 10**9  # from the beginning of one encounter to that of the next
_VISIBLE, _BY_SELF = STATES.index("visible"), STATES.index("hidden_by_self")


def render_encounter(
    out: Path,
    split: Split,
    seed: int,
    number: int,
    seconds: float,
    rate: float,
    cameras: int,
    renderer: Renderer,
    advance: Callable[[], None] = lambda: None,
) -> Path:
    """Render, annotate and write one scene into a folder of its own, which appears when it is complete.

    Args:
        out: folder of all scenes.
        split, seed, number: which scene.
        seconds, rate: how long it is, and how many moments a second has.
        cameras: how many look on.
        renderer: draws it.
        advance: called after each moment.

    Returns:
        The scene's folder. One that is there already is left alone.
    """
    target = out / f"encounter{number:03d}"
    if target.exists():
        return target
    scene = build_encounter(split, seed, number, seconds, rate, cameras)
    out.mkdir(parents=True, exist_ok=True)
    with atomic_folder(target) as folder:
        document = _render(folder, scene, seed, renderer, advance)
        settings = {"kind": "orpose-encounter", "version": 1, "split": split, "seed": seed, "number": number}
        document["info"] = {**settings, "period_s": 1 / rate, "states": list(STATES)}
        write_json(folder / "annotations.json", document)
        write_json(folder / "cameras.json", {"scenes": {target.name: placed_cameras(scene.cameras)}})
        _write_bag(folder, document, scene.cameras)
    return target


def _render(folder: Path, scene: Scene, seed: int, renderer: Renderer, advance: Callable[[], None]) -> dict[str, Any]:
    renderer.load(scene.room, scene.props, scene.meshes(0), scene.covers, scene.lighting)
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    sensors = {c.name: Sensor.draw(generator("encounter", "sensor", seed, scene.number, c.name)) for c in scene.cameras}
    for camera in scene.cameras:
        for kind in ("images", "depth"):
            (folder / kind / camera.name).mkdir(parents=True, exist_ok=True)
    for frame in range(len(scene.times)):
        meshes = scene.meshes(frame)
        renderer.move(meshes)
        for camera in scene.cameras:
            picture, image_id = renderer.view(camera), len(images) + 1
            name = f"{camera.name}/{frame:06d}"
            grain = generator("encounter", "grain", seed, scene.number, image_id)
            sensor = sensors[camera.name]
            (folder / "images" / f"{name}.jpg").write_bytes(encode(expose(picture.colour, sensor, grain), sensor))
            millimetres = np.clip(picture.depth[np.ix_(ROWS, COLUMNS)] * 1000, 0, 65535).round().astype(np.uint16)
            cv2.imwrite(str(folder / "depth" / f"{name}.png"), millimetres)
            images.append(
                {
                    "id": image_id,
                    "file_name": f"images/{name}.jpg",
                    "depth_name": f"depth/{name}.png",
                    "width": camera.intrinsics.width,
                    "height": camera.intrinsics.height,
                    "camera": intrinsics(camera),
                    "camera_name": camera.name,
                    "camera_height": round(float(camera.position[2]), 4),
                    "group": f"encounter{scene.number:03d}",
                    "frame": frame,
                    "stamp_ns": stamp_of(scene.number, scene.times[frame]),
                }
            )
            points = [mesh.points for mesh in meshes]
            for k, one in enumerate(annotate(scene, frame, camera, picture.ids, picture.depth, points)):
                if one is not None:
                    number = image_id * PERSONS + k
                    row = to_coco(one, number, image_id, k, scene.people[k].role)
                    row["iscrowd"] = int(row["iscrowd"] or _in_view(row["states"]) < FEWEST_JOINTS)
                    annotations.append(row)
        advance()
    return {"categories": [person_category()], "images": images, "annotations": annotations}


def stamp_of(number: int, seconds: float) -> int:
    """When a moment of encounter `number` is, nanoseconds; no two encounters share one."""
    return START_NS + number * _ENCOUNTER_NS + round(seconds * 1e9)


def _in_view(states: list[int]) -> int:
    """How many joints neither things nor others hide."""
    return sum(state in (_VISIBLE, _BY_SELF) for state in states)


def _write_bag(folder: Path, document: dict[str, Any], cameras: Sequence[RoomCamera]) -> None:
    """JPEG images, 16-bit depth, intrinsics and places; what was taken at one moment has one stamp."""
    images = document["images"]
    with new_bag(folder / "bag", "mcap", {"source": "simulated operating room, encounter"}) as bag:
        for name in sorted({image["camera_name"] for image in images}):
            bag.add_topic(f"/{name}/camera_info", "sensor_msgs/msg/CameraInfo")
            bag.add_topic(f"/{name}/image_raw/compressed", "sensor_msgs/msg/CompressedImage")
            bag.add_topic(f"/{name}/depth/image_raw", "sensor_msgs/msg/Image")
        write_places(bag, placed_cameras(cameras), images[0]["stamp_ns"])
        for image in images:
            _write_moment(bag, folder, image)


def _write_moment(bag: BagWriter, folder: Path, image: dict[str, Any]) -> None:
    name, stamp, k = image["camera_name"], image["stamp_ns"], image["camera"]
    header = make_header(stamp, f"{name}_optical", message_class)
    camera = Camera(image["width"], image["height"], k["fx"], k["fy"], k["cx"], k["cy"])
    bag.write(f"/{name}/camera_info", camera_info_message(camera, header, message_class), stamp)
    data = np.frombuffer((folder / image["file_name"]).read_bytes(), np.uint8)
    compressed = message_class("sensor_msgs/msg/CompressedImage")
    bag.write(f"/{name}/image_raw/compressed", compressed(header, "jpeg", data), stamp)
    depth = np.asarray(cv2.imread(str(folder / image["depth_name"]), cv2.IMREAD_UNCHANGED), np.uint16)
    raw = message_class("sensor_msgs/msg/Image")(
        header=header,
        height=depth.shape[0],
        width=depth.shape[1],
        encoding="16UC1",
        is_bigendian=0,
        step=2 * depth.shape[1],
        data=np.frombuffer(depth.astype("<u2").tobytes(), np.uint8),
    )
    bag.write(f"/{name}/depth/image_raw", raw, stamp)
