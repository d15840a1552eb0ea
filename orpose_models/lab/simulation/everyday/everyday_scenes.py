"""Everyday scenes: one to six people in a room, a living room, an office or a street, decided by seed and number."""

import numpy as np
from numpy.typing import NDArray

from orpose_models.lab.simulation.everyday.everyday_light import draw_everyday_lighting
from orpose_models.lab.simulation.everyday.furniture import armchair, bench, chair, sofa
from orpose_models.lab.simulation.everyday.places import build_place, place_kind
from orpose_models.lab.simulation.everyday.viewpoints import everyday_cameras
from orpose_models.lab.simulation.everyday.wardrobe import build_everyday_figure, draw_everyday_outfit
from orpose_models.lab.simulation.geometry import Mesh, rotation_z
from orpose_models.lab.simulation.mannequins import load_body
from orpose_models.lab.simulation.motions import EVERYDAY, EVERYDAY_SEATED, choose_action, perform
from orpose_models.lab.simulation.rooms import Footprint, Place
from orpose_models.lab.simulation.scenes import FRAMES, Scene
from orpose_models.lab.simulation.splits import Draw, generator
from orpose_models.lab.simulation.staging import Person, Volume, find_spot

Array = NDArray[np.float64]

EVERYDAY_PERIOD = 1.2  # seconds between moments: long enough for everybody to do something else
_COUNTS = (1, 2, 3, 4, 5, 6)
_SHARES = (0.2, 0.26, 0.2, 0.14, 0.1, 0.1)
_SEATED = 0.22
_ATTEMPTS = 4
_MOTIONS = 40


def build_everyday_scene(seed: int, number: int, frames: int = FRAMES) -> Scene:
    """Scene `number`. The same arguments give the same scene."""
    rng = generator("scene", "everyday", seed, number)
    draw = Draw("everyday", rng)
    place_number = draw.number()
    place, kind = build_place(place_number), place_kind(place_number)
    street = kind == "street"
    lighting = draw_everyday_lighting(draw.number(), place, street)
    times = np.arange(frames, dtype=np.float64) * EVERYDAY_PERIOD
    bodies, outfits, motions = draw.numbers(8), draw.numbers(8), draw.numbers(_MOTIONS)
    middle = rng.uniform(-0.2, 0.2, 2) * place.size
    obstacles = list(place.footprints)
    people: list[Person] = []
    volumes: list[Volume] = []
    props: list[Mesh] = []
    for _ in range(int(rng.choice(_COUNTS, p=_SHARES))):
        body, outfit = bodies.pop(), outfits.pop()
        skirt = draw_everyday_outfit(outfit).legs == "skirt"  # made for legs that hang down
        seat = _seat(rng, street) if rng.random() < _SEATED and not skirt else None
        for _ in range(_ATTEMPTS):
            motion = motions.pop()
            action = choose_action(motion, EVERYDAY if seat is None else EVERYDAY_SEATED)
            if skirt and action == "squat":
                continue
            local = perform(action, motion, load_body(body), times)
            spot = find_spot(local, load_body(body), lambda: _somewhere(rng, place, middle), place, volumes, obstacles)
            if spot is not None:
                break
        else:
            continue  # no room for one more
        moved, volume, at, yaw = spot
        if seat is not None:
            half, height, mesh = seat
            back = at - 0.07 * np.array([np.cos(yaw), np.sin(yaw)])
            props.append(mesh.placed((*back, 0), rotation_z(yaw)))
            obstacles.append(Footprint(back, half, yaw, height, "seat"))
        people.append(Person(body, outfit, motion, "person", "everyday", action, moved))
        volumes.append(volume)
    figures = [build_everyday_figure(load_body(p.body), draw_everyday_outfit(p.outfit)) for p in people]
    cameras = everyday_cameras(rng, place, volumes, middle)
    return Scene(
        "everyday",
        number,
        kind,
        place,
        lighting,
        cameras,
        Mesh.merge(props),
        people,
        figures,
        [None] * len(people),
        times,
    )


def _somewhere(rng: np.random.Generator, place: Place, middle: Array) -> tuple[Array, float]:
    """A place around the middle of a group, mostly facing it."""
    at = np.clip(middle + rng.normal(0, 1.3, 2), 0.35 - place.size / 2, place.size / 2 - 0.35)
    inward = float(np.arctan2(*(middle - at)[::-1]))
    return at, inward + rng.normal(0, 0.7) if rng.random() < 0.5 else rng.uniform(-np.pi, np.pi)


def _seat(rng: np.random.Generator, street: bool) -> tuple[Array, float, Mesh]:
    """Something to sit on: half sizes, height and mesh."""
    maker = bench if street else (chair, chair, chair, armchair, sofa)[rng.integers(5)]
    item = maker(rng)
    return np.array(item.half), item.height, item.mesh
