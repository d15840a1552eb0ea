"""Where somebody is who stands or walks: two Kalman filters that share what is known, and answer at once."""

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
# Who rests sways: metres by which the place wanders in a second (as the root of time), and m/s.
SWAY, SWAY_SPEED = 0.03, 0.05
# Seconds that people rest, and that they move, before the other begins: means.
RESTING, MOVING = 3.0, 3.0
# Share of those who move among those who are seen for the first time.
_MOVE_AT_FIRST = 0.5


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


@dataclass(eq=False)
class _Mode:
    """One idea of what a point does: its state (6,), covariance (6, 6), and how probable the idea is."""

    state: Floats
    covariance: Floats
    share: float


class PointFilter:
    """The motion of one point in space, that rests or moves evenly: an interacting-multiple-model filter.

    While it rests, its place is steadied over seconds; when it begins to move, it is followed at once. Moving is a
    white-noise acceleration. Covariances are full, and outliers gated.

    Args:
        acceleration: standard deviation of the acceleration on each axis, m/s^2.
        speed: standard deviation of the speed on each axis of something that begins to move, m/s.
    """

    def __init__(self, acceleration: float = 1.0, speed: float = 0.7) -> None:
        if not acceleration > 0 or not speed > 0:
            raise ValueError(f"acceleration and speed must be positive, got {acceleration} and {speed}")
        self._acceleration = acceleration
        self._speed = speed
        self._modes: list[_Mode] = []  # resting, moving
        self._time: float | None = None
        self._agreed = -np.inf
        self._foreseen: tuple[float, list[_Mode]] | None = None  # a time, and the modes then

    @property
    def known(self) -> bool:
        """Whether anything was measured yet."""
        return self._time is not None

    @property
    def moving(self) -> float:
        """How probable it is that the point moves, 0..1; 0 before the first measurement."""
        return self._modes[1].share if self._modes else 0.0

    def predict(self, time: float) -> Motion | None:
        """The motion at a time (s), by what was measured until now; None before the first measurement."""
        if self._time is None:
            return None
        self._foreseen = (time, self._ahead(time))
        return _together(self._foreseen[1])

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
        modes = self._foreseen[1] if self._foreseen and self._foreseen[0] == now else self._ahead(now)
        self._foreseen = None
        off = [_mahalanobis(measured - mode.state[:3], mode.covariance[:3, :3] + noise) for mode in modes]
        if min(off) > HARD_GATE:
            if now - self._agreed > PATIENCE:
                return self._begin(now, measured, noise)
        else:
            self._agreed = now
            weights = [
                np.log(max(mode.share, 1e-300)) + _correct(mode, measured, noise, distance)
                for mode, distance in zip(modes, off, strict=True)
            ]
            shares = np.exp(np.array(weights) - max(weights))
            for mode, share in zip(modes, shares / shares.sum(), strict=True):
                mode.share = float(share)
        self._modes, self._time = modes, now
        return _together(modes)

    def _begin(self, time: float, position: Floats, noise: Floats) -> Motion:
        self._modes = []
        for share, speed in ((1 - _MOVE_AT_FIRST, SWAY_SPEED), (_MOVE_AT_FIRST, self._speed)):
            covariance = np.zeros((6, 6))
            covariance[:3, :3] = noise
            covariance[3:, 3:] = np.eye(3) * speed**2
            self._modes.append(_Mode(np.concatenate([position, np.zeros(3)]), covariance, share))
        self._time = self._agreed = time
        return _together(self._modes)

    def _ahead(self, time: float) -> list[_Mode]:
        """Both modes at a time: each is what either of the two was, by how probable it is that it became this one."""
        assert self._time is not None
        step = min(max(time - self._time, 0.0), LONGEST_STEP)
        rest, move = self._modes
        started = _Mode(rest.state * _PLACE, rest.covariance * _PLACES, rest.share)
        started.covariance[3:, 3:] = _EYE * self._speed**2
        halted = _Mode(move.state * _PLACE, move.covariance * _PLACES, move.share)
        halted.covariance[3:, 3:] = _EYE * SWAY_SPEED**2
        begun, ended = -np.expm1(-step / RESTING), -np.expm1(-step / MOVING)
        resting = _mixed(rest, 1 - begun, halted, ended)
        moving = _mixed(started, begun, move, 1 - ended)
        resting.state[3:] = 0.0
        resting.covariance[3:] = resting.covariance[:, 3:] = 0.0
        resting.covariance[3:, 3:] = _EYE * SWAY_SPEED**2
        resting.covariance[:3, :3] += _EYE * SWAY**2 * step
        onward = np.eye(6)
        onward[:3, 3:] = _EYE * step
        push = np.concatenate([_EYE * step**2 / 2, _EYE * step]) * self._acceleration
        moving.state = onward @ moving.state
        moving.covariance = onward @ moving.covariance @ onward.T + push @ push.T
        return [resting, moving]


# What of a state is the place.
_PLACE = np.array([1.0, 1.0, 1.0, 0.0, 0.0, 0.0])
_PLACES = np.outer(_PLACE, _PLACE)
_EYE = np.eye(3)


def _mixed(one: _Mode, chance: float, other: _Mode, chance_of_other: float) -> _Mode:
    """One mode of two, each with the probability that it became this one."""
    share, share_of_other = one.share * chance, other.share * chance_of_other
    total = share + share_of_other
    weight = share / total if total > 0 else 0.5
    rest = 1 - weight
    apart = one.state - other.state
    covariance = weight * one.covariance + rest * other.covariance + weight * rest * (apart[:, None] * apart)
    return _Mode(weight * one.state + rest * other.state, covariance, total)


def _correct(mode: _Mode, measured: Floats, noise: Floats, distance: float) -> float:
    """Let a mode have a measurement that is so many standard deviations off; the logarithm of its likelihood."""
    spread = mode.covariance
    if distance > SOFT_GATE:
        # As much more noise as leaves the measurement at the gate.
        noise = noise + (spread[:3, :3] + noise) * ((distance / SOFT_GATE) ** 2 - 1)
    gain = np.linalg.solve(spread[:3, :3] + noise, spread[:3]).T
    kept = np.eye(6)
    kept[:, :3] -= gain
    mode.state = mode.state + gain @ (measured - mode.state[:3])
    # Joseph's form stays symmetric and positive.
    mode.covariance = kept @ spread @ kept.T + gain @ noise @ gain.T
    total = np.linalg.slogdet(spread[:3, :3] + noise)[1]
    return float(-0.5 * (min(distance, SOFT_GATE) ** 2 + total))


def _together(modes: list[_Mode]) -> Motion:
    mixed = _mixed(modes[0], 1.0, modes[1], 1.0)
    return Motion(mixed.state[:3], mixed.state[3:], mixed.covariance)


def _mahalanobis(off: Floats, covariance: Floats) -> float:
    return math.sqrt(max(float(off @ np.linalg.solve(covariance, off)), 0.0))


def sight_covariance(position: ArrayLike, across: float, along: float) -> Floats:
    """Covariance (3, 3) of a place that a camera at the origin sees well across its line of sight and less well along.

    Args:
        position: (3,) metres, in the camera's frame.
        across, along: standard deviations in metres.
    """
    ray = np.asarray(position, np.float64)
    ray = ray / max(float(np.linalg.norm(ray)), 1e-9)
    return across**2 * np.eye(3) + (along**2 - across**2) * np.outer(ray, ray)
