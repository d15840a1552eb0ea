"""Long scenes in which people walk about, stop, and pass before and behind each other: for measuring who is who.

Some stay at the table; the others go from place to place round what stands in the room. All of it is decided by
split, seed and number.
"""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from orpose_models.lab.simulation.clothing import draw_outfit
from orpose_models.lab.simulation.figures import build_figure
from orpose_models.lab.simulation.geometry import Mesh
from orpose_models.lab.simulation.lights import draw_lighting
from orpose_models.lab.simulation.mannequins import Body, load_body
from orpose_models.lab.simulation.motions import FREE, choose_action, stance, walk
from orpose_models.lab.simulation.posing import Motion, Posture, solve
from orpose_models.lab.simulation.rigs import HEIGHT, WIDTH, RoomCamera, build_rig
from orpose_models.lab.simulation.rooms import Room, build_room, table_sheet
from orpose_models.lab.simulation.scenes import Scene
from orpose_models.lab.simulation.splits import Draw, Split, generator, member
from orpose_models.lab.simulation.staging import Person, Volume, place_person

Array = NDArray[np.float64]

FEWEST, MOST = 3, 6  # people
_STANDING = {action: weight for action, weight in FREE.items() if action not in ("walk", "bend")}
_STAY = (1.0, 6.0)  # seconds at a place
_TURN = 0.7  # seconds to turn round
_BLEND = 0.35  # seconds from standing to walking
_APART = 0.62  # metres between the axes of two people, at least
_CLEAR = 0.3  # metres between a person's axis and what stands in the room
_STEP = 0.1  # seconds: how finely a way is planned
_SPOTS = 40  # places to go to in a room
_TRIES = 12  # ways that are tried for somebody
_SEEN = 0.85  # of the places are in the first camera's view


@dataclass(frozen=True, eq=False)
class Way:
    """Where somebody is over time.

    Attributes:
        places: (f, 2) metres, in the room.
        yaw: (f,) rad.
        walking: (f,) 0 for standing to 1 for walking.
    """

    places: Array
    yaw: Array
    walking: Array


def build_encounter(split: Split, seed: int, number: int, seconds: float, rate: float, cameras: int = 1) -> Scene:
    """A scene of `FEWEST` to `MOST` people over a time, at `rate` moments a second.

    Args:
        split: whose rooms, bodies, outfits, motions and lights are used.
        seed, number: decide everything about it.
        cameras: how many of the room's cameras look on.
    """
    rng = generator("encounter", split, seed, number)
    draw = Draw(split, rng)
    room = build_room(draw.number())
    lighting = draw_lighting(draw.number(), room)
    times = np.arange(round(seconds * rate), dtype=np.float64) / rate
    rig = build_rig(room)[:cameras]
    paths = _Paths(rng, room, rig[0])
    count = int(rng.integers(FEWEST, MOST + 1))
    at_table = int(rng.integers(0, min(2, count - 2) + 1))
    people: list[Person] = []
    volumes: list[Volume] = []
    bodies, outfits, motions = draw.numbers(MOST), draw.numbers(MOST), draw.numbers(4 * MOST)
    for k in range(at_table):
        body, outfit = bodies.pop(), outfits.pop()
        spot = place_person(draw, room, times, volumes, room.footprints, body, motions.pop(), "table", 1.0)
        if spot is not None:
            role = ("surgeon", "assistant")[k]
            people.append(Person(body, outfit, 0, role, "scrubbed", spot[0], spot[1]))
            volumes.append(spot[2])
    taken = [person.motion.positions[:, 0, :2] for person in people]
    while len(people) < count and motions:
        body, outfit, motion = bodies.pop(), outfits.pop(), motions.pop()
        build = load_body(body)
        way = _plan(rng, paths, taken, times, walking_speed(motion, build))
        if way is None:
            break
        moved = move(motion, build, way, times)
        people.append(Person(body, outfit, motion, "nurse", "staff", "walk about", moved))
        taken.append(way.places)
    figures = [build_figure(load_body(p.body), draw_outfit(p.outfit, p.clothes)) for p in people]
    covers: list[Mesh | None] = [None] * len(people)
    return Scene(
        split, number, "encounter", room, lighting, rig, table_sheet(rng, room), people, figures,
        covers, times,
    )  # fmt: skip


def walking_speed(motion: int, body: Body) -> float:
    """Metres per second that a motion walks at."""
    posture = walk(body, member("motion", motion), np.array([0.0, 1.0]))
    return float(posture.sway[1, 0] - posture.sway[0, 0])


def move(motion: int, body: Body, way: Way, times: Array) -> Motion:
    """A body that goes along a way, standing or walking as the way says, in the room."""
    steps = walk(body, member("motion", motion), times)
    travel = steps.sway[:, 0].copy()
    steps.sway[:, 0] -= travel
    steps.feet[..., 0] -= travel[:, None]
    steps.hands[..., 0] -= travel[:, None]
    stood = stance(choose_action(motion, _STANDING), body, generator("stance", motion), times, 1.0)

    def between(name: str) -> Array:
        a, b = getattr(stood, name), getattr(steps, name)
        weight = way.walking.reshape(-1, *([1] * (a.ndim - 1)))
        return np.asarray(a * (1 - weight) + b * weight)

    blended = {field.name: between(field.name) for field in fields(Posture) if field.name != "seat"}
    local = solve(body, Posture(**blended, seat=np.full(len(times), np.nan)))
    placed = [
        Motion(local.positions[i : i + 1], local.rotations[i : i + 1]).placed(x, y, yaw)
        for i, ((x, y), yaw) in enumerate(zip(way.places.tolist(), way.yaw.tolist(), strict=True))
    ]
    return Motion(np.concatenate([m.positions for m in placed]), np.concatenate([m.rotations for m in placed]))


class _Paths:
    """Places to stand in a room, most of them in a camera's view, and which of them a straight way joins."""

    def __init__(self, rng: np.random.Generator, room: Room, camera: RoomCamera) -> None:
        obstacles = [spot for spot in room.footprints if spot.height > 0.05]

        def clear(points: Array) -> NDArray[np.bool_]:
            inside = (np.abs(points) < room.size / 2 - 0.4).all(axis=-1)
            return np.asarray(inside & np.all([spot.distance(points) > _CLEAR for spot in obstacles], axis=0))

        drawn = rng.uniform(-room.size / 2, room.size / 2, (40 * _SPOTS, 2))
        pixels = camera.project(np.concatenate([drawn, np.full((len(drawn), 1), 1.0)], axis=1))
        with np.errstate(invalid="ignore"):
            seen = ((pixels > 40) & (pixels < [WIDTH - 40, HEIGHT - 40])).all(axis=1)
        good = drawn[clear(drawn) & (seen | (rng.random(len(drawn)) > _SEEN))]
        self.spots = good[:_SPOTS]
        share = np.linspace(0, 1, 40)[:, None, None, None]
        ways = self.spots[:, None] + share * (self.spots[None] - self.spots[:, None])
        apart = np.linalg.norm(self.spots[:, None] - self.spots[None], axis=-1)
        self.joined = clear(ways).all(axis=0) & (apart > 1.0)


def _plan(rng: np.random.Generator, paths: _Paths, taken: list[Array], times: Array, speed: float) -> Way | None:
    """A way that keeps clear of things and of those who are there already; None if there is no room left."""
    fine = np.arange(0, times[-1] + 2 * _STEP, _STEP)
    others = [np.stack([np.interp(fine, times, place[:, axis]) for axis in (0, 1)], axis=1) for place in taken]
    for _ in range(_TRIES if len(paths.spots) else 0):
        way = _wander(rng, paths, others, len(fine), speed)
        if way is not None:
            track, yaw, walking = (np.array(values)[: len(fine)] for values in way)
            return Way(
                np.stack([np.interp(times, fine, track[:, axis]) for axis in (0, 1)], axis=1),
                np.interp(times, fine, yaw),
                np.interp(times, fine, walking),
            )
    return None


def _wander(
    rng: np.random.Generator, paths: _Paths, others: list[Array], count: int, speed: float
) -> tuple[list[Array], list[float], list[float]] | None:
    """Places, yaws and shares of walking at `count` steps or some more; None if it ends before somebody."""
    here = int(rng.integers(len(paths.spots)))
    places, yaw, walking = [paths.spots[here]], [float(rng.uniform(-np.pi, np.pi))], [0.0]
    if not _apart(paths.spots[here][None], others, 0):
        return None
    stay, turn = round(rng.uniform(*_STAY) / _STEP), round(_TURN / _STEP)
    while len(places) < count:
        leg = None
        if stay <= 0:
            leg = _leg(rng, paths, others, here, len(places), speed, turn)
        if leg is None:
            if not _apart(places[-1][None], others, len(places)):
                return None
            places.append(places[-1])
            yaw.append(yaw[-1])
            walking.append(0.0)
            stay -= 1
            continue
        end, moving = leg
        way = paths.spots[end] - paths.spots[here]
        heading = float(np.arctan2(way[1], way[0]))
        towards = yaw[-1] + np.linspace(0, 1, turn + 1)[1:] * _angle(heading - yaw[-1])
        ramp = np.minimum(np.arange(1, len(moving) + 1), np.arange(len(moving), 0, -1)) * _STEP / _BLEND
        places += [*np.repeat(places[-1][None], turn, axis=0), *moving]
        yaw += [*towards.tolist(), *([float(towards[-1])] * len(moving))]
        walking += [*([0.0] * turn), *np.minimum(ramp, 1.0).tolist()]
        here, stay = end, round(rng.uniform(*_STAY) / _STEP)
    return places, yaw, walking


def _leg(
    rng: np.random.Generator, paths: _Paths, others: list[Array], here: int, now: int, speed: float, turn: int
) -> tuple[int, Array] | None:
    """Where to go next and the places on the way, step by step; None if everything is in somebody's way."""
    start = paths.spots[here]
    for end in rng.permutation(np.flatnonzero(paths.joined[here])):
        way = paths.spots[end] - start
        steps = max(2, round(float(np.linalg.norm(way)) / speed / _STEP))
        moving = start + way * np.linspace(0, 1, steps + 1)[1:, None]
        if _apart(np.concatenate([np.repeat(start[None], turn, axis=0), moving]), others, now):
            return int(end), moving
    return None


def _apart(places: Array, others: list[Array], now: int) -> bool:
    """Whether places (n, 2) at consecutive steps from `now` on keep away from everybody else."""
    for other in others:
        there = other[now : now + len(places)]
        if len(there) and (np.linalg.norm(places[: len(there)] - there, axis=1) < _APART).any():
            return False
    return True


def _angle(angle: float) -> float:
    return float((angle + np.pi) % (2 * np.pi) - np.pi)
