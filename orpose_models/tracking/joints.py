"""Joints of persons over time: each is smoothed by how sure it is, and none waits for an image to come."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from orpose_models.vocabulary.arrays import median

Floats = NDArray[np.float64]

# Innovations beyond this many standard deviations are movements, or wrong; see `JointFilter`.
GATE = 3.0
# Scores below this are as unsure as this.
_LEAST_SCORE = 0.05
# A joint unseen for longer (s) is begun anew where it is seen again.
MEMORY = 0.5


class JointFilter:
    """k joints of d coordinates with constant velocity; a joint's coordinates share one covariance.

    The error of a measurement is `noise` / score. A joint that leaves its gate is believed the sooner the higher its
    score: what was known of it is forgotten in proportion, so that a fast wrist does not lag behind.

    Args:
        noise: standard deviation of a coordinate of a joint of score 1, in units of the person's size.
        acceleration: standard deviation of a coordinate's acceleration, sizes per s^2.
        shape: k, d.

    Attributes:
        drift: (d,) how fast the joints move together: the median speed of those that were seen lately; 0 if none was.
    """

    def __init__(self, noise: float = 0.004, acceleration: float = 8.0, shape: tuple[int, int] = (17, 2)) -> None:
        if not noise > 0 or not acceleration > 0:
            raise ValueError(f"noise and acceleration must be positive, got {noise} and {acceleration}")
        self.drift: Floats = np.zeros(shape[1])
        # Of the spread: variance of the place, covariance of both, variance of the speed.
        fields: list[Any] = [("place", float, shape), ("speed", float, shape), ("spread", float, (3, shape[0]))]
        fields += [("seen", float, shape[:1]), ("time", float), ("noise", float), ("acceleration", float)]
        known = np.zeros(1, fields)
        known["place"], known["seen"], known["time"] = np.nan, -np.inf, -np.inf
        known["noise"], known["acceleration"] = noise, acceleration
        self._layout, self._numbers = known.dtype, known.view(np.float64)

    def update(self, time: float, points: ArrayLike, scores: ArrayLike, size: float) -> Floats:
        """Take the joints of an image and say where they are now: see `follow_joints`."""
        return follow_joints([self], time, np.asarray(points)[None], np.asarray(scores)[None], [size])[0]

    def scale(self, factor: ArrayLike) -> None:
        """The same joints in an image whose coordinates are so many times larger; a number or one per coordinate."""
        times = np.asarray(factor, np.float64)
        for name, by in (("place", times), ("speed", times), ("spread", times.mean() ** 2)):
            self._numbers.view(self._layout)[name] *= by
        self.drift = self.drift * times


def follow_joints(
    persons: Sequence[JointFilter], time: float, points: ArrayLike, scores: ArrayLike, sizes: ArrayLike
) -> Floats:
    """Let n persons have the joints of an image and say where they are now.

    Args:
        persons: all different, of as many joints.
        time: seconds; one before a person's latest counts as of its latest.
        points: (n, k, d); NaN for what is unknown.
        scores: (n, k) in 0..1; 0 for what is not seen.
        sizes: (n,) how large the persons are, in the unit of `points`.

    Returns:
        (n, k, d) the smoothed joints; those that are unknown or not seen as they came.
    """
    raw, sure = np.asarray(points, np.float64), np.asarray(scores, np.float64)
    if not len(raw):
        return raw
    # Of plain numbers NumPy makes one array far faster than of records.
    all_ = np.concatenate([person._numbers for person in persons]).view(persons[0]._layout)
    place, speed, seen, last = (all_[name] for name in ("place", "speed", "seen", "time"))
    size = np.asarray(sizes, np.float64)
    now = np.maximum(time, last)
    step = np.where(np.isfinite(last), now - last, 0.0)[:, None]
    known = np.isfinite(raw).all(axis=2) & (sure > 0)
    variance = ((all_["noise"] * size)[:, None] / np.maximum(sure, _LEAST_SCORE)) ** 2
    fresh = known & ~(now[:, None] - seen <= MEMORY)
    push = (all_["acceleration"] * size)[:, None] ** 2
    own, shared, of_speed = all_["spread"].swapaxes(0, 1)
    # Onward, and begun anew where it must.
    own = np.where(fresh, variance, own + 2 * step * shared + step**2 * of_speed + push * step**4 / 4)
    shared = np.where(fresh, 0.0, shared + step * of_speed + push * step**3 / 2)
    of_speed = np.where(fresh, (2 * size[:, None]) ** 2, of_speed + push * step**2)
    place = np.where(fresh[..., None], raw, place + speed * step[..., None])
    speed = np.where(fresh[..., None], 0.0, speed)
    old = known & ~fresh
    off = np.where(old[..., None], raw - place, 0.0)
    total = own + variance
    # Forget as much as brings the joint back to the gate.
    own = own + np.maximum((off**2).mean(axis=2) / GATE**2 - total, 0.0)
    gain, gain_of_speed = (np.where(old, part / (own + variance), 0.0) for part in (own, shared))
    place, speed = place + gain[..., None] * off, speed + gain_of_speed[..., None] * off
    seen = np.where(known, now[:, None], seen)
    all_["spread"] = np.stack([own - gain * own, shared - gain * shared, of_speed - gain_of_speed * shared], axis=1)
    all_["place"], all_["speed"], all_["seen"], all_["time"] = place, speed, seen, now
    drift = np.nan_to_num(median(speed, now[:, None] - seen <= MEMORY))
    for i, numbers in enumerate(all_.view(np.float64).reshape(len(persons), -1)):
        persons[i]._numbers, persons[i].drift = numbers, drift[i]
    return np.where(known[..., None], place, raw)
