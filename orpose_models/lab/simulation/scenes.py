"""Scenes: a room, its light, who is in it and what they do, decided by split, seed and number alone."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from orpose_models.lab.simulation import patients
from orpose_models.lab.simulation.clothing import draw_outfit
from orpose_models.lab.simulation.difficult import draw_linen, near_cameras
from orpose_models.lab.simulation.equipment import stool
from orpose_models.lab.simulation.figures import Figure, build_figure
from orpose_models.lab.simulation.geometry import Mesh, rotation_z
from orpose_models.lab.simulation.lights import Lighting, draw_lighting
from orpose_models.lab.simulation.mannequins import load_body
from orpose_models.lab.simulation.posing import Motion
from orpose_models.lab.simulation.rigs import CAMERAS, RoomCamera, build_rig
from orpose_models.lab.simulation.rooms import Footprint, Place, Room, build_room, table_sheet
from orpose_models.lab.simulation.splits import Draw, Split, generator, member
from orpose_models.lab.simulation.staging import Person, Volume, place_person

Array = NDArray[np.float64]

FRAMES = 4  # moments per scene
PERIOD = 0.4  # seconds between them

# Kinds of scene, with how often each is drawn: who is there, what they wear, whether there is a patient.
_KINDS = {"surgery": 0.27, "preparation": 0.33, "imaging": 0.13, "turnover": 0.17, "empty": 0.10}
_STAFF = ((1, 0.38), (2, 0.32), (3, 0.16), (4, 0.09), (5, 0.05))
_DIFFICULT_KINDS = {"surgery": 0.55, "preparation": 0.2, "imaging": 0.1, "turnover": 0.12, "empty": 0.03}
_DIFFICULT_STAFF = ((2, 0.2), (3, 0.3), (4, 0.3), (5, 0.2))


@dataclass(frozen=True, eq=False)
class Scene:
    """Everything a renderer and an annotator need.

    Attributes:
        split, number: which scene.
        kind: a key of the kinds of scenes.
        room, lighting, cameras: the place.
        props: things brought in for this scene: sheets, seats.
        people: who is there; `figures` and `covers` go with them.
        figures: the dressed bodies.
        covers: cloth that lies on a person and outlines them, in the room, or None.
        times: (f,) seconds.
    """

    split: Split
    number: int
    kind: str
    room: Place
    lighting: Lighting
    cameras: list[RoomCamera]
    props: Mesh
    people: list[Person]
    figures: list[Figure]
    covers: list[Mesh | None]
    times: Array

    def meshes(self, frame: int) -> list[Mesh]:
        """The people's surfaces at one moment, in the room, without covers."""
        return [figure.posed(person.motion, frame) for figure, person in zip(self.figures, self.people, strict=True)]


def scene_times(frames: int = FRAMES) -> Array:
    """Moments (f,) of a scene in seconds."""
    return np.arange(frames, dtype=np.float64) * PERIOD


def build_scene(
    split: Split, seed: int, number: int, frames: int = FRAMES, only: int | None = None, count: int = CAMERAS
) -> Scene:
    """Scene `number` of a split, in the room and light of the number `only` if one is given, by `count` cameras.

    The same arguments give the same scene.
    """
    rng = generator("scene", split, seed, number)
    draw = Draw(split, rng)
    where, lit = draw.number(), draw.number()
    room = build_room(where if only is None else only)
    lighting = draw_lighting(lit if only is None else only, room)
    difficult = split == "difficult"
    kinds = _DIFFICULT_KINDS if difficult else _KINDS
    kind = str(rng.choice(list(kinds), p=list(kinds.values())))
    times = scene_times(frames)
    props: list[Mesh] = []
    people: list[Person] = []
    volumes: list[Volume] = []
    covers: list[Mesh | None] = []
    cameras = build_rig(room, count)
    # Nobody stands right in front of a camera.
    obstacles = [*room.footprints, *(_keep_clear(camera) for camera in cameras)]
    bodies, outfits, motions = draw.numbers(8), draw.numbers(8), draw.numbers(24)
    with_patient = kind in ("surgery", "imaging") or (kind == "preparation" and rng.random() < 0.5)
    if with_patient:
        patient, cover, beside = _lay_patient(kind, room, bodies.pop(), outfits.pop(), motions.pop(), len(times))
        people.append(patient)
        covers.append(cover)
        props.append(beside)
        volumes.append(Volume.of(patient.motion, load_body(patient.body)).lying())
    elif kind != "empty" or rng.random() < 0.8:
        props.append(table_sheet(rng, room))
    counts, weights = zip(*(_DIFFICULT_STAFF if difficult else _STAFF), strict=True)
    staff = 0 if kind == "empty" else int(rng.choice(counts, p=weights))
    for k in range(staff):
        placed = _add_staff(draw, kind, k, room, times, volumes, obstacles, bodies.pop(), outfits.pop(), motions)
        if placed is None:
            continue
        person, volume, extra = placed
        people.append(person)
        volumes.append(volume)
        covers.append(None)
        props += extra
    linen = draw_linen(seed, number) if difficult else None
    if difficult:
        cameras = near_cameras(seed, number, room, volumes)
    if linen is not None:
        covers = [None if cover is None else linen.cloth(cover) for cover in covers]
        props = [linen.cloth(prop) for prop in props]
    outfits_of = [linen.outfit if linen and p.role != "patient" else draw_outfit for p in people]
    figures = [
        build_figure(load_body(p.body), outfit(p.outfit, p.clothes))
        for p, outfit in zip(people, outfits_of, strict=True)
    ]
    return Scene(split, number, kind, room, lighting, cameras, Mesh.merge(props), people, figures, covers, times)


def _keep_clear(camera: RoomCamera) -> Footprint:
    ahead = camera.rotation[:2, 2] / np.linalg.norm(camera.rotation[:2, 2])
    yaw = float(np.arctan2(ahead[1], ahead[0]))
    return Footprint(camera.position[:2] + 0.6 * ahead, np.array([0.8, 0.5]), yaw, 3.0, "view")


def _add_staff(
    draw: Draw, kind: str, index: int, room: Room, times: Array, volumes: list[Volume], obstacles: list[Footprint],
    body: int, outfit: int, motions: list[int],
) -> tuple[Person, Volume, list[Mesh]] | None:  # fmt: skip
    rng = draw.rng
    where = str(rng.choice(["table", "free", "seated"], p=_WHERE[kind]))
    # Hands work over the table, or over the patient on it.
    height = room.table_height + (0.22 if kind in ("surgery", "imaging") else 0.05)
    spot, motion = None, -1
    for attempt in (where, where, where, "free"):
        where, motion = attempt, motions.pop()
        spot = place_person(draw, room, times, volumes, obstacles, body, motion, where, height)
        if spot is not None:
            break
    if spot is None:
        return None
    action, moved, volume, place, yaw = spot
    extra = []
    if where == "seated":
        seat = stool(rng)
        extra.append(seat.mesh.placed((place[0] - 0.02 * np.cos(yaw), place[1] - 0.02 * np.sin(yaw), 0)))
    if kind == "surgery" and where == "table":
        role, clothes = ("surgeon" if index == 0 else "assistant"), "scrubbed"
    elif kind == "imaging":
        role, clothes = ("radiographer" if index == 0 else "nurse"), "imaging"
    else:
        role, clothes = ("anaesthetist" if where == "seated" or rng.random() < 0.3 else "nurse"), "staff"
    return Person(body, outfit, motion, role, clothes, action, moved), volume, extra


_WHERE = {
    "surgery": (0.6, 0.35, 0.05),
    "preparation": (0.5, 0.46, 0.04),
    "imaging": (0.5, 0.45, 0.05),
    "turnover": (0.3, 0.66, 0.04),
}


def _lay_patient(kind: str, room: Room, body: int, outfit: int, motion: int, frames: int) -> tuple[Person, Mesh, Mesh]:
    """The patient on the table: who, the cloth on them, the things beside them."""
    rng = member("motion", motion)
    build = load_body(body)
    still = patients.lying(build, frames, rng)
    chances = {"surgery": (0.0, 0.15, 0.4, 0.45), "imaging": (0.15, 0.35, 0.35, 0.15)}.get(kind, (0.5, 0.35, 0.15, 0.0))
    cover = str(rng.choice(patients.COVERS, p=chances))
    figure = build_figure(build, draw_outfit(outfit, "patient"))
    drapes = patients.drape(figure.posed(still, 0).points.astype(float), still, room, cover, rng)
    beside = Mesh.merge([drapes.beside, patients.arm_boards(still)])
    at = (*room.table.centre, room.table_height)
    turn = rotation_z(room.table.yaw)
    placed = still.placed(float(at[0]), float(at[1]), room.table.yaw, float(at[2]))
    person = Person(
        body, outfit, motion, "patient", "patient", f"lying_covered_{cover}", Motion(placed.positions, placed.rotations)
    )
    return person, drapes.over.placed(at, turn), beside.placed(at, turn)
