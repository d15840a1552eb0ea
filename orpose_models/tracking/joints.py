"""Joints of one person over time: each is smoothed by how sure it is, and none waits for an image to come."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

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
    """

    def __init__(self, noise: float = 0.004, acceleration: float = 8.0) -> None:
        if not noise > 0 or not acceleration > 0:
            raise ValueError(f"noise and acceleration must be positive, got {noise} and {acceleration}")
        self._noise = noise
        self._acceleration = acceleration
        self._place: Floats = np.zeros((0, 0))
        self._speed: Floats = np.zeros((0, 0))
        self._spread: Floats = np.zeros((0, 2, 2))
        self._seen: Floats = np.zeros(0)
        self._time = -np.inf

    def update(self, time: float, points: ArrayLike, scores: ArrayLike, size: float) -> Floats:
        """Take the joints of an image and say where they are now.

        Args:
            time: seconds; one before the latest counts as of the latest.
            points: (k, d); NaN for what is unknown.
            scores: (k,) in 0..1; 0 for what is not seen.
            size: how large the person is, in the unit of `points`.

        Returns:
            (k, d) the smoothed joints; those that are unknown or not seen as they came.
        """
        raw, sure = np.asarray(points, np.float64), np.asarray(scores, np.float64)
        known = np.isfinite(raw).all(axis=1) & (sure > 0)
        if self._place.shape != raw.shape:
            self._place, self._speed = np.full(raw.shape, np.nan), np.zeros(raw.shape)
            self._spread, self._seen = np.zeros((len(raw), 2, 2)), np.full(len(raw), -np.inf)
        now = max(time, self._time)
        step = now - self._time if np.isfinite(self._time) else 0.0
        self._time = now
        variance = (self._noise * size / np.maximum(sure, _LEAST_SCORE)) ** 2
        self._go_on(step, size)
        fresh = known & ~(now - self._seen <= MEMORY)
        self._place[fresh], self._speed[fresh] = raw[fresh], 0.0
        self._spread[fresh] = 0.0
        self._spread[fresh, 0, 0] = variance[fresh]
        self._spread[fresh, 1, 1] = (2 * size) ** 2
        self._correct(known & ~fresh, raw, variance)
        self._seen[known] = now
        return np.where(known[:, None], self._place, raw)

    @property
    def drift(self) -> Floats:
        """(d,) how fast the joints move together: the median speed of those that were seen lately; 0 if none was."""
        lately = (self._time - self._seen <= MEMORY) if len(self._seen) else np.zeros(0, bool)
        if not lately.any():
            return np.zeros(self._place.shape[1])
        return np.asarray(np.median(self._speed[lately], axis=0), np.float64)

    def scale(self, factor: ArrayLike) -> None:
        """The same joints in an image whose coordinates are so many times larger; a number or one per coordinate."""
        times = np.asarray(factor, np.float64)
        self._place, self._speed = self._place * times, self._speed * times
        self._spread = self._spread * float(times.mean()) ** 2

    def _go_on(self, step: float, size: float) -> None:
        move = np.array([[1.0, step], [0.0, 1.0]])
        push = np.array([step**2 / 2, step]) * self._acceleration * size
        self._place = self._place + self._speed * step
        self._spread = move @ self._spread @ move.T + np.outer(push, push)

    def _correct(self, which: NDArray[np.bool_], raw: Floats, variance: Floats) -> None:
        spread, noise = self._spread[which], variance[which]
        off = raw[which] - self._place[which]
        total = spread[:, 0, 0] + noise
        distance = np.sqrt((off**2).mean(axis=1) / total)
        # Forget as much as brings the joint back to the gate.
        excess = np.maximum((distance / GATE) ** 2 - 1, 0) * total
        spread[:, 0, 0] += excess
        gain = spread[:, :, 0] / (spread[:, 0, 0] + noise)[:, None]
        self._place[which] += gain[:, :1] * off
        self._speed[which] += gain[:, 1:] * off
        self._spread[which] = spread - gain[:, :, None] * spread[:, None, 0, :]
