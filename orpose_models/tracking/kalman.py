"""Constant-velocity Kalman filters, that answer at once: what comes out is of the moment that went in."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

# A measurement that is further off than this (Mahalanobis distance) pulls no more than one at this distance would.
SOFT_GATE = 3.0
# One that is further off than this is an outlier and pulls not at all.
HARD_GATE = 8.0
# Seconds of outliers alone after which it is the filter that is wrong: it starts anew where they are.
PATIENCE = 0.25
# Longest step in seconds: beyond it nothing is known of the motion any more.
LONGEST_STEP = 10.0


@dataclass(frozen=True, eq=False)
class Motion:
    """Where something is and how it moves.

    Attributes:
        position: (3,) metres.
        velocity: (3,) metres per second.
        covariance: (6, 6) of position and velocity together, x y z vx vy vz.
    """

    position: Floats
    velocity: Floats
    covariance: Floats


class PointFilter:
    """The motion of one point in space: white-noise acceleration, full covariances, outliers gated.

    Args:
        acceleration: standard deviation of the acceleration on each axis, m/s^2.
        speed: standard deviation of the speed on each axis of something that is seen for the first time, m/s.
    """

    def __init__(self, acceleration: float = 1.5, speed: float = 0.7) -> None:
        if not acceleration > 0 or not speed > 0:
            raise ValueError(f"acceleration and speed must be positive, got {acceleration} and {speed}")
        self._acceleration = acceleration
        self._speed = speed
        self._state = np.zeros(6)
        self._covariance = np.zeros((6, 6))
        self._time: float | None = None
        self._agreed = -np.inf

    @property
    def known(self) -> bool:
        """Whether anything was measured yet."""
        return self._time is not None

    def predict(self, time: float) -> Motion | None:
        """The motion at a time (s), by what was measured until now; None before the first measurement."""
        if self._time is None:
            return None
        return _motion(*self._ahead(time))

    def update(self, time: float, position: ArrayLike, covariance: ArrayLike) -> Motion:
        """Take a measurement and say where the point is now.

        Args:
            time: of the measurement, seconds; one before the latest counts as of the latest.
            position: (3,) metres, finite.
            covariance: (3, 3) of the measurement's error, positive definite.

        Raises:
            ValueError: position or covariance is not finite.
        """
        measured, noise = np.asarray(position, np.float64), np.asarray(covariance, np.float64)
        if not np.isfinite(measured).all() or not np.isfinite(noise).all():
            raise ValueError("a measurement must be finite")
        if self._time is None:
            return self._begin(time, measured, noise)
        now = max(time, self._time)
        state, spread = self._ahead(now)
        off = measured - state[:3]
        distance = _mahalanobis(off, spread[:3, :3] + noise)
        if distance > HARD_GATE:
            if now - self._agreed > PATIENCE:
                return self._begin(now, measured, noise)
            self._state, self._covariance, self._time = state, spread, now
            return _motion(state, spread)
        self._agreed = now
        if distance > SOFT_GATE:
            # As much more noise as leaves the measurement at the gate.
            noise = noise + (spread[:3, :3] + noise) * ((distance / SOFT_GATE) ** 2 - 1)
        gain = np.linalg.solve(spread[:3, :3] + noise, spread[:3]).T
        kept = np.eye(6)
        kept[:, :3] -= gain
        # Joseph's form stays symmetric and positive.
        self._state = state + gain @ off
        self._covariance = kept @ spread @ kept.T + gain @ noise @ gain.T
        self._time = now
        return _motion(self._state, self._covariance)

    def _begin(self, time: float, position: Floats, noise: Floats) -> Motion:
        self._state = np.concatenate([position, np.zeros(3)])
        self._covariance = np.zeros((6, 6))
        self._covariance[:3, :3] = noise
        self._covariance[3:, 3:] = np.eye(3) * self._speed**2
        self._time = self._agreed = time
        return _motion(self._state, self._covariance)

    def _ahead(self, time: float) -> tuple[Floats, Floats]:
        """State and covariance at a time."""
        assert self._time is not None
        step = min(max(time - self._time, 0.0), LONGEST_STEP)
        move = np.eye(6)
        move[:3, 3:] = np.eye(3) * step
        push = np.concatenate([np.eye(3) * step**2 / 2, np.eye(3) * step]) * self._acceleration
        return move @ self._state, move @ self._covariance @ move.T + push @ push.T


def _mahalanobis(off: Floats, covariance: Floats) -> float:
    return math.sqrt(max(float(off @ np.linalg.solve(covariance, off)), 0.0))


def _motion(state: Floats, covariance: Floats) -> Motion:
    return Motion(state[:3].copy(), state[3:].copy(), covariance.copy())


def sight_covariance(position: ArrayLike, across: float, along: float) -> Floats:
    """Covariance (3, 3) of a place that a camera at the origin sees well across its line of sight and less well along.

    Args:
        position: (3,) metres, in the camera's frame.
        across, along: standard deviations in metres.
    """
    ray = np.asarray(position, np.float64)
    ray = ray / max(float(np.linalg.norm(ray)), 1e-9)
    return across**2 * np.eye(3) + (along**2 - across**2) * np.outer(ray, ray)
