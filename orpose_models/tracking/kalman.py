"""Where somebody is who stands or walks: two Kalman filters that share what is known, and answer at once."""

from collections.abc import Sequence
from typing import NamedTuple

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
SWAY, SWAY_SPEED = 0.02, 0.05
# Seconds that people rest, and that they move, before the other begins: means.
RESTING, MOVING = 3.0, 3.0
# Share of those who move among those who are seen for the first time.
_MOVE_AT_FIRST = 0.5


class Motion(NamedTuple):
    """Where things are and how they move: of one, or of n with a leading axis.

    Attributes:
        position: (3,) metres.
        velocity: (3,) metres per second.
        covariance: (6, 6) of position and velocity together, x y z vx vy vz.
    """

    position: Floats
    velocity: Floats
    covariance: Floats


class _Modes(NamedTuple):
    """Ideas of what n points do, maybe of several modes (m): states (n, [m], 6), covariances (n, [m], 6, 6), and how
    probable each idea is (n, [m]).
    """

    state: Floats
    covariance: Floats
    share: Floats


# What is known of a point: its two modes, resting and moving; when it was measured last, and when that last fitted.
_POINT = np.dtype(
    [("state", float, (2, 6)), ("covariance", float, (2, 6, 6)), ("share", float, 2)]
    + [(name, float) for name in ("time", "agreed", "acceleration", "speed")]
)


class PointFilter:
    """The motion of one point in space, that rests or moves evenly: an interacting-multiple-model filter.

    While it rests, its place is steadied over seconds; when it begins to move, it is followed at once. Moving is a
    white-noise acceleration. Covariances are full, and outliers gated. For many points: `foresee` and `follow`.

    Args:
        acceleration: standard deviation of the acceleration on each axis, m/s^2.
        speed: standard deviation of the speed on each axis of something that begins to move, m/s.
    """

    def __init__(self, acceleration: float = 1.0, speed: float = 0.7) -> None:
        if not acceleration > 0 or not speed > 0:
            raise ValueError(f"acceleration and speed must be positive, got {acceleration} and {speed}")
        known = np.zeros(1, _POINT)
        known["covariance"], known["share"] = np.eye(6), [1.0, 0.0]
        known["acceleration"], known["speed"] = acceleration, speed
        known["time"], known["agreed"] = np.nan, -np.inf
        self._numbers = known.view(np.float64)

    @property
    def moving(self) -> float:
        """How probable it is that the point moves, 0..1; 0 before the first measurement."""
        return float(_stacked([self])["share"][0, 1])

    def update(self, time: float, position: ArrayLike, covariance: ArrayLike) -> Motion:
        """Take a measurement and say where the point is now: see `follow`."""
        return Motion(
            *(array[0] for array in follow([self], time, np.asarray(position)[None], np.asarray(covariance)[None]))
        )


def foresee(points: Sequence[PointFilter], times: ArrayLike) -> tuple[Floats, Floats]:
    """Positions and velocities of n points, each at a time (n,) in seconds: (n, 3) both; NaN where never measured."""
    known = _stacked(points)
    step = np.clip(np.asarray(times, np.float64) - known["time"], 0.0, LONGEST_STEP)
    moving = known["share"][:, 1] * np.exp(-step / MOVING)
    velocity = known["state"][:, 1, 3:] * moving[:, None]
    position = (known["state"][..., :3] * known["share"][..., None]).sum(axis=1)
    return position + velocity * step[:, None], velocity


def follow(points: Sequence[PointFilter], time: float, positions: ArrayLike, covariances: ArrayLike) -> Motion:
    """Let n points have a measurement each and say where they are now.

    Args:
        points: all different.
        time: of the measurements, seconds; one before a point's latest counts as of its latest.
        positions: (n, 3) metres, finite.
        covariances: (n, 3, 3) of the measurements' errors, positive definite.

    Raises:
        ValueError: a position or covariance is not finite.
    """
    measured = np.asarray(positions, np.float64).reshape(-1, 3)
    noise = np.asarray(covariances, np.float64).reshape(-1, 3, 3)
    if not np.isfinite(measured).all() or not np.isfinite(noise).all():
        raise ValueError("a measurement must be finite")
    known = _stacked(points)
    last = known["time"]
    now = np.fmax(time, last)
    ahead = _ahead(known, np.minimum(np.fmax(now - last, 0.0), LONGEST_STEP))
    off = measured[:, None] - ahead.state[..., :3]
    spread = ahead.covariance[..., :3, :3] + noise[:, None]
    distance = np.sqrt(np.maximum((off * np.linalg.solve(spread, off[..., None])[..., 0]).sum(axis=-1), 0.0))
    astray = distance.min(axis=1, initial=np.inf) > HARD_GATE
    fresh = np.isnan(last) | (astray & (now - known["agreed"] > PATIENCE))
    kept = _chosen(astray, ahead, _corrected(ahead, off, noise, distance))
    chosen = _chosen(fresh, _begun(measured, noise, known["speed"]), kept)
    known["state"], known["covariance"], known["share"] = chosen
    known["agreed"] = np.where(astray & ~fresh, known["agreed"], now)
    known["time"] = now
    for point, numbers in zip(points, known[:, None].view(np.float64), strict=True):
        point._numbers = numbers
    return _together(chosen)


def _stacked(points: Sequence[PointFilter]) -> NDArray[np.void]:
    """(n,) what is known of n points."""
    # Of plain numbers NumPy makes one array far faster than of records.
    return np.concatenate([np.zeros(0), *(point._numbers for point in points)]).view(_POINT)


def _begun(position: Floats, noise: Floats, speed: Floats) -> _Modes:
    n = len(position)
    state, covariance = np.zeros((n, 2, 6)), np.zeros((n, 2, 6, 6))
    state[..., :3], covariance[..., :3, :3] = position[:, None], noise[:, None]
    covariance[:, 0, 3:, 3:], covariance[:, 1, 3:, 3:] = _EYE * SWAY_SPEED**2, _speeds(speed)
    return _Modes(state, covariance, np.tile([1 - _MOVE_AT_FIRST, _MOVE_AT_FIRST], (n, 1)))


def _ahead(known: NDArray[np.void], step: Floats) -> _Modes:
    """Both modes after steps (n,): each is what either was, by how probable it is that it became this one."""
    rest, move = (_Modes(*(known[name][:, i] for name in _Modes._fields)) for i in (0, 1))
    started, halted = (_Modes(mode.state * _PLACE, mode.covariance * _PLACES, mode.share) for mode in (rest, move))
    started.covariance[:, 3:, 3:] = _speeds(known["speed"])
    halted.covariance[:, 3:, 3:] = _EYE * SWAY_SPEED**2
    begun, ended = -np.expm1(-step / RESTING), -np.expm1(-step / MOVING)
    resting = _mixed(rest, 1 - begun, halted, ended)
    moving = _mixed(started, begun, move, 1 - ended)
    resting.state[:, 3:] = 0.0
    resting.covariance[:, 3:] = resting.covariance[:, :, 3:] = 0.0
    resting.covariance[:, 3:, 3:] = _EYE * SWAY_SPEED**2
    resting.covariance[:, :3, :3] += _EYE * (SWAY**2 * step)[:, None, None]
    onward = np.eye(6) + _ONWARD * step[:, None, None]
    push = np.concatenate([_EYE * (step**2 / 2)[:, None, None], _EYE * step[:, None, None]], axis=1)
    push = push * known["acceleration"][:, None, None]
    moved = onward @ moving.covariance @ onward.swapaxes(1, 2) + push @ push.swapaxes(1, 2)
    return _Modes(
        np.stack([resting.state, (onward @ moving.state[..., None])[..., 0]], axis=1),
        np.stack([resting.covariance, moved], axis=1),
        np.stack([resting.share, moving.share], axis=1),
    )


# What of a state is the place, and where the velocity is added to it.
_PLACE = np.array([1.0, 1.0, 1.0, 0.0, 0.0, 0.0])
_PLACES = np.outer(_PLACE, _PLACE)
_ONWARD = np.eye(6, k=3)
_EYE = np.eye(3)


def _speeds(speed: Floats) -> Floats:
    """Covariances (n, 3, 3) of the velocities of what begins to move."""
    return _EYE * (speed[:, None, None] ** 2)


def _mixed(one: _Modes, chance: Floats | float, other: _Modes, chance_of_other: Floats | float) -> _Modes:
    """One mode of two, each with the probability that it became this one."""
    share, share_of_other = one.share * chance, other.share * chance_of_other
    total = share + share_of_other
    weight = np.where(total > 0, share / np.where(total > 0, total, 1.0), 0.5)[:, None]
    rest = 1 - weight
    apart = one.state - other.state
    between = (weight * rest)[..., None] * (apart[:, :, None] * apart[:, None])
    covariance = weight[..., None] * one.covariance + rest[..., None] * other.covariance + between
    return _Modes(weight * one.state + rest * other.state, covariance, total)


def _corrected(modes: _Modes, off: Floats, noise: Floats, distance: Floats) -> _Modes:
    """Modes after measurements that are off (n, 2, 3), by so many standard deviations (n, 2)."""
    spread = modes.covariance
    # As much more noise as leaves a measurement at the gate.
    more = np.maximum((distance / SOFT_GATE) ** 2 - 1, 0.0)[..., None, None]
    noise = noise[:, None] + (spread[..., :3, :3] + noise[:, None]) * more
    total = spread[..., :3, :3] + noise
    gain = np.linalg.solve(total, spread[..., :3, :]).swapaxes(-1, -2)
    kept = np.eye(6) - np.concatenate([gain, np.zeros_like(gain)], axis=-1)
    # Joseph's form stays symmetric and positive.
    covariance = kept @ spread @ kept.swapaxes(-1, -2) + gain @ noise @ gain.swapaxes(-1, -2)
    likelihood = -0.5 * (np.minimum(distance, SOFT_GATE) ** 2 + np.linalg.slogdet(total)[1])
    weights = np.log(np.maximum(modes.share, 1e-300)) + likelihood
    shares = np.exp(weights - weights.max(axis=1, keepdims=True))
    state = modes.state + (gain @ off[..., None])[..., 0]
    return _Modes(state, covariance, shares / shares.sum(axis=1, keepdims=True))


def _chosen(which: NDArray[np.bool_], one: _Modes, other: _Modes) -> _Modes:
    """The one's modes where `which` (n,), the other's elsewhere."""
    return _Modes(
        np.where(which[:, None, None], one.state, other.state),
        np.where(which[:, None, None, None], one.covariance, other.covariance),
        np.where(which[:, None], one.share, other.share),
    )


def _together(modes: _Modes) -> Motion:
    one, other = (_Modes(*(array[:, i] for array in modes)) for i in (0, 1))
    mixed = _mixed(one, 1.0, other, 1.0)
    return Motion(mixed.state[:, :3], mixed.state[:, 3:], mixed.covariance)


def sight_covariance(position: ArrayLike, across: ArrayLike, along: ArrayLike) -> Floats:
    """Covariance (..., 3, 3) of places that a camera at the origin sees well across its line of sight, less along.

    Args:
        position: (..., 3) metres, in the camera's frame.
        across, along: (...) standard deviations in metres.
    """
    ray = np.asarray(position, np.float64)
    ray = ray / np.maximum(np.linalg.norm(ray, axis=-1, keepdims=True), 1e-9)
    across, along = (np.asarray(value, np.float64)[..., None, None] ** 2 for value in (across, along))
    return np.asarray(across * _EYE + (along - across) * (ray[..., :, None] * ray[..., None, :]), np.float64)
