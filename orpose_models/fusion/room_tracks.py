"""The persons of a room from moment to moment: lasting ids, where each is expected, and how long its bones are."""

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from orpose_models.fusion import bones
from orpose_models.fusion.sights import Floats
from orpose_models.fusion.solving import Prior, Solution

# How fast joints get away from where they are expected, metres per second: face, shoulders, elbows, wrists, hips,
# knees, ankles.
_AWAY = np.array([0.8] * 5 + [0.7] * 2 + [1.2] * 2 + [1.8] * 2 + [0.7] * 2 + [1.0] * 2 + [1.4] * 2)
# A velocity is forgotten in this time, seconds, and takes this share of a surprise.
_FORGET, _LEARN = 0.5, 0.35
# Somebody unseen for a while may be anywhere within this, metres.
_ANYWHERE = 1.5
# The place of a person by one moment alone, metres, besides what one camera does not know of its distance.
_PLACE_STD = 0.15
_GATE = 9.0
_SAME_TRACK = 4.0
_LENGTH_STD, _LEAST_STD = 0.06, 0.012


@dataclass(eq=False)
class RoomTrack:
    """Somebody in the room.

    Attributes:
        id: the lasting number.
        points: (17, 3) COCO joints at `time`. velocity: (17, 3) of them. std: (17,) metres.
        time: seconds, when the person was seen last.
        lengths, lengths_std: (bones,) metres.
        last: for each camera the id that its own tracking gave.
    """

    id: int
    points: Floats
    velocity: Floats
    std: Floats
    time: float
    lengths: Floats = field(default_factory=bones.MEAN.copy)
    lengths_std: Floats = field(default_factory=bones.STD.copy)
    last: dict[int, int] = field(default_factory=dict)
    _expected: tuple[float, Floats, Floats] | None = None  # at the time that was asked for last

    def expected(self, time: float) -> tuple[Floats, Floats]:
        """Joints (17, 3) and their standard deviation (17,) at a time."""
        if self._expected is None or self._expected[0] != time:
            gap = max(time - self.time, 0.0)
            moved = self.velocity * (_FORGET * (1 - math.exp(-gap / _FORGET)))
            std = np.minimum(np.hypot(self.std, _AWAY * gap), _ANYWHERE)
            self._expected = time, self.points + moved, std
        return self._expected[1:]

    def learn(self, points: Floats, covariances: Floats, time: float, views: int) -> None:
        """Take what a moment says."""
        gap = time - self.time
        if gap > 0:
            surprise = points - self.expected(time)[0]
            velocity = self.velocity * math.exp(-gap / _FORGET) + _LEARN / max(gap, 0.02) * surprise
            speed = np.linalg.norm(velocity, axis=1, keepdims=True)
            self.velocity = velocity * np.minimum(1.0, 5.0 / np.maximum(speed, 1e-9))
        self.points, self.time, self._expected = points, max(time, self.time), None
        variance = np.einsum("jxx->j", covariances) / 3
        self.std = np.sqrt(variance)
        if views >= 2:
            measured = bones.lengths(points)
            noise = variance[bones.ENDS].sum(axis=1) + _LENGTH_STD**2
            gain = self.lengths_std**2 / (self.lengths_std**2 + 4 * noise)
            lengths = self.lengths + gain * np.clip(measured - self.lengths, -0.1, 0.1)
            self.lengths = (lengths + lengths[bones.MIRROR]) / 2
            self.lengths_std = np.maximum(self.lengths_std * np.sqrt(1 - gain), _LEAST_STD)


class RoomTracks:
    """All tracks.

    Args:
        memory: seconds after which somebody unseen is forgotten; the number is never given again.
    """

    def __init__(self, memory: float) -> None:
        self._memory = memory
        self._next = 1
        self.all: list[RoomTrack] = []

    def renewed(self) -> "RoomTracks":
        """The same persons for another set of cameras."""
        for track in self.all:
            track.last = {}
        return self

    def begin(self, time: float) -> None:
        """Forget who is gone at a time. A long step back is a beginning anew."""
        newest = max((track.time for track in self.all), default=time)
        if time < newest - self._memory:
            self.all = []
        self.all = [track for track in self.all if time - track.time <= self._memory]

    def before(self, camera: NDArray[np.int64], track: NDArray[np.int64]) -> NDArray[np.int64]:
        """(d,) which lasting id each detection had by its camera's own tracking; -1 for none."""
        known = {(c, own): one.id for one in self.all for c, own in one.last.items() if own >= 0}
        return np.array([known.get((int(c), int(t)), -1) for c, t in zip(camera, track, strict=True)], np.int64)

    def match(self, places: Floats, spreads: Floats, before: list[list[int]], time: float) -> list[RoomTrack | None]:
        """The track of each of g persons, None for strangers.

        Args:
            places: (g, 3) pelvis. spreads: (g, 3, 3) its covariance. before: the ids by the cameras' own tracking.
            time: seconds.
        """
        found: list[RoomTrack | None] = [None] * len(places)
        if not self.all or not len(places):
            return found
        points, std = (np.stack(part) for part in zip(*(track.expected(time) for track in self.all), strict=True))
        at, own = (points[:, 11] + points[:, 12]) / 2, (std[:, 11] + std[:, 12]) / 2
        gap = places[:, None] - at
        spread = spreads[:, None] + (own[:, None, None] ** 2 * np.eye(3))[None]
        cost = (gap * np.linalg.solve(spread, gap[..., None])[..., 0]).sum(axis=2) + 0.3 * own
        same = np.array([[ids.count(track.id) / max(len(ids), 1) for track in self.all] for ids in before])
        cost = np.minimum(cost - _SAME_TRACK * same, _GATE)
        for row, column in zip(*linear_sum_assignment(cost), strict=True):
            if cost[row, column] < _GATE:
                found[row] = self.all[column]
        return found

    def prior(self, tracks: list[RoomTrack | None], time: float) -> Prior:
        """What is expected of persons."""
        prior = Prior.none(len(tracks))
        for i, track in enumerate(tracks):
            if track is not None:
                prior.points[i], prior.std[i] = track.expected(time)
                prior.lengths[i], prior.lengths_std[i] = track.lengths, track.lengths_std
        return prior

    def add(self, points: Floats, covariances: Floats, time: float) -> RoomTrack:
        """Somebody new."""
        std = np.sqrt(np.trace(covariances, axis1=1, axis2=2) / 3)
        track = RoomTrack(self._next, points, np.zeros_like(points), std, time)
        self._next += 1
        self.all.append(track)
        return track

    def take(
        self, tracks: list[RoomTrack | None], solution: Solution, own: list[dict[int, int]], time: float
    ) -> list[RoomTrack]:
        """Learn what a moment says of each person; `own` are the ids by each camera's own tracking."""
        taken = []
        for i, track in enumerate(tracks):
            points, covariances = solution.points[i], solution.covariances[i]
            one = track if track is not None else self.add(points, covariances, time)
            one.learn(points, covariances, time, len(own[i]))
            one.last = {**one.last, **own[i]}
            for other in self.all:
                if other is not one:
                    other.last = {c: t for c, t in other.last.items() if own[i].get(c) != t}
            taken.append(one)
        return taken


def place_spread(axes: Floats, deviations: Floats) -> Floats:
    """(3, 3) how unsure a rough place is, by the axes (v, 3) of the views and deviations (v,) of their distances."""
    spread = _PLACE_STD**2 * np.eye(3)
    if len(axes) == 1:
        spread = spread + deviations[0] ** 2 * np.outer(axes[0], axes[0])
    return spread
