"""Where the joints of persons are whose detections in the views are known: all persons of a moment at once.

A linear triangulation starts a few Gauss-Newton steps on the reprojection error, whose outliers lose their weight
(Cauchy), with the lengths of the bones, with the lifted pose of each view, which is all there is of a person that one
camera sees, and with what is known from the moment before.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from orpose_models.fusion import bones
from orpose_models.fusion.matching import Groups
from orpose_models.fusion.sights import Floats, Sights

_STEPS = 3
_SETTLED = 0.005  # metres; no more steps once the joints of nobody move further on average: a fifth of it is left then
# Residuals of this many standard deviations have half their weight.
_CAUCHY = 1.5
# A joint relative to the pelvis by the lifter, metres: face, shoulders, elbows, wrists, hips, knees, ankles.
_LIFTED_STD = np.array([0.11] * 5 + [0.1] * 2 + [0.12] * 2 + [0.16] * 2 + [0.04] * 2 + [0.13] * 2 + [0.16] * 2)
# Where nothing else is known of a joint it is about the pelvis, this far, metres.
_ANYWHERE = 0.7
_JOINTS, _HIPS = 17, (11, 12)
# An expected place that is further off, metres, is not where the steps begin.
_EXPECTED_WITHIN = 1.0
# A joint minus the middle of the hips.
_RELATIVE = np.eye(_JOINTS)
_RELATIVE[:, _HIPS] -= 0.5
_EYE = np.eye(3)


@dataclass(frozen=True, eq=False)
class Prior:
    """What is known of g persons before the moment.

    Attributes:
        points: (g, 17, 3) where their joints are expected; NaN where nothing is.
        std: (g, 17) standard deviation of that, metres.
        lengths: (g, bones) of their bones. lengths_std: (g, bones).
    """

    points: Floats
    std: Floats
    lengths: Floats
    lengths_std: Floats

    @classmethod
    def none(cls, count: int) -> "Prior":
        """Of strangers: adults."""
        points, std = np.full((count, _JOINTS, 3), np.nan), np.full((count, _JOINTS), np.inf)
        return cls(points, std, np.tile(bones.MEAN, (count, 1)), np.tile(bones.STD, (count, 1)))


@dataclass(frozen=True, eq=False)
class Solution:
    """g persons in the room.

    Attributes:
        points: (g, 17, 3) COCO joints, metres.
        covariances: (g, 17, 3, 3) square metres.
        pelvis_covariances: (g, 3, 3) of the middle of the hips.
        errors: (g, v, 17) metres between joint and ray, by the view's place in the group; NaN where not seen.
        trust: (g, v, 17) 0..1, the weight that the robust estimate left each; 0 where not seen.
    """

    points: Floats
    covariances: Floats
    pelvis_covariances: Floats
    errors: Floats
    trust: Floats


@dataclass(frozen=True, eq=False)
class _Views:
    """The detections of g persons, in at most v views each; what is not there has no weight."""

    centre: Floats  # (g, v, 3)
    rotation: Floats  # (g, v, 3, 3)
    plane: Floats  # (g, v, 17, 2)
    rays: Floats  # (g, v, 17, 3)
    scale: Floats  # (g, v, 17) residual in standard deviations of one of 1 in the plane; 0 where not seen
    metres: Floats  # (g, v) distance
    lifted: Floats  # (g, v, 17, 3)
    lifted_weight: Floats  # (g, v, 17)
    axis: Floats  # (g, v, 3)
    depth: Floats  # (g, v)
    depth_weight: Floats  # (g, v)


class Solver:
    """The persons of a moment: first roughly, by which they can be recognised, then exactly.

    Attributes:
        index, there: (g, v) which detections each person has, and which of them are not there but to fill up.
        rough: (g, 17, 3) the joints, before `solve`.

    Args:
        sights: the detections.
        groups: those of each person, at least one.
        centres: (c, 3) of the cameras in the room. rotations: (c, 3, 3) from the room's axes to the optical ones.
    """

    def __init__(self, sights: Sights, groups: Groups, centres: Floats, rotations: Floats) -> None:
        most = max(map(len, groups))
        self.index = np.array([members + [members[0]] * (most - len(members)) for members in groups])
        self.there = np.array([[k < len(members) for k in range(most)] for members in groups])
        self._views = _gather(sights, self.index, self.there, centres, rotations)
        self.rough = _start(self._views)

    def solve(self, prior: Prior | None = None) -> Solution:
        """Place the joints, with what is known of each person; None for nothing."""
        views, points = self._views, self.rough
        prior = prior or Prior.none(len(points))
        far = np.linalg.norm(prior.points - points, axis=2) > _EXPECTED_WITHIN
        one = ((views.depth_weight > 0).sum(axis=1) == 1)[:, None] & ~far & np.isfinite(prior.points).all(axis=2)
        points = np.where(one[..., None], np.nan_to_num(prior.points), points)
        for _ in range(_STEPS):
            normal, right = _equations(views, points, prior)
            step = np.linalg.solve(normal, right[..., None])[..., 0].reshape(points.shape)
            length = np.linalg.norm(step, axis=2, keepdims=True)
            points = points + step * np.minimum(1.0, 0.5 / np.maximum(length, 1e-12))
            if length.mean(axis=1).max() < _SETTLED:
                break
        _, _, errors, trust = _rays(views, points)
        inverse = np.linalg.inv(normal).reshape(len(points), _JOINTS, 3, _JOINTS, 3)
        each = np.arange(_JOINTS)
        # All that one camera says of a distance hangs on the person's size, which the joints share.
        expected = np.where(np.isfinite(prior.points).all(axis=2), 1 / prior.std**2, 0.0)[:, _HIPS].mean(axis=1)
        alone = (views.depth_weight > 0).sum(axis=1) == 1
        unsure = np.where(alone, 1 / (views.depth_weight[:, 0] + expected), 0.0)
        along = unsure[:, None, None] * views.axis[:, 0, :, None] * views.axis[:, 0, None]
        hips = inverse[:, _HIPS][:, :, :, _HIPS].sum(axis=(1, 3)) / 4 + along
        covariances = inverse[:, each, :, each].transpose(1, 0, 2, 3) + along[:, None]
        return Solution(points, covariances, hips, errors, trust)


def _gather(
    sights: Sights, index: NDArray[np.int64], there: NDArray[np.bool_], centres: Floats, rotations: Floats
) -> _Views:
    camera = sights.camera[index]
    lifted = sights.lifted[index]
    known = np.isfinite(lifted).all(axis=3) & there[..., None]
    # Several views' lifted poses err together: as one.
    share = np.maximum(known.sum(axis=1, keepdims=True), 1)
    lifted_weight = np.where(known, np.where(sights.seen[index], 1.0, 0.3) / share / _LIFTED_STD**2, 0.0)
    seen = sights.seen[index] & there[..., None]
    return _Views(
        centres[camera],
        rotations[camera],
        sights.plane[index],
        sights.rays[index],
        np.where(seen, sights.distance[index][..., None] / sights.sigma[index], 0.0),
        sights.distance[index],
        np.where(known[..., None], lifted, 0.0),
        lifted_weight,
        rotations[camera][:, :, 2],
        sights.distance[index],
        np.where(there, 1 / sights.distance_std[index] ** 2, 0.0),
    )


def _start(views: _Views) -> Floats:
    """(g, 17, 3) by linear triangulation, held near the lifted pose where the rays leave a joint free."""
    # The pelvis: where each camera alone puts it, sure across the ray and unsure along it.
    weight = views.depth_weight[..., None, None]
    across = _EYE - views.axis[..., :, None] * views.axis[..., None, :]
    hips = views.rays[:, :, _HIPS].mean(axis=2)
    trunk = views.rays[:, :, (5, 6, 11, 12)].mean(axis=2)
    is_seen = (views.scale[:, :, _HIPS] > 0).all(axis=2, keepdims=True)
    ray = np.where(is_seen, hips, trunk)
    forward = np.maximum((ray * views.axis).sum(axis=2, keepdims=True), 0.1)
    single = views.centre + ray / forward * views.depth[..., None]
    information = weight * (0.05 * _EYE + views.axis[..., :, None] * views.axis[..., None, :] + 8 * across)
    pull = (information @ single[..., None]).sum(axis=1)
    pelvis = np.linalg.solve(information.sum(axis=1), pull)[..., 0]
    total = views.lifted_weight.sum(axis=1)
    lifted = (views.lifted * views.lifted_weight[..., None]).sum(axis=1) / np.maximum(total, 1e-12)[..., None]
    guess = pelvis[:, None] + lifted
    strength = (views.scale / np.maximum(views.metres, 0.3)[..., None]) ** 2
    across = _EYE - views.rays[..., :, None] * views.rays[..., None, :]
    matrix = (across * strength[..., None, None]).sum(axis=1) + _EYE / 0.3**2
    pull = (across @ views.centre[:, :, None, :, None])[..., 0] * strength[..., None]
    vector = pull.sum(axis=1) + guess / 0.3**2
    return np.asarray(np.linalg.solve(matrix, vector[..., None])[..., 0])


def _equations(views: _Views, points: Floats, prior: Prior) -> tuple[Floats, Floats]:
    """Normal matrix (g, 51, 51) and right side (g, 51)."""
    g = len(points)
    blocks, right, _, _ = _rays(views, points)
    # What is alike in x, y and z: lifted poses, what is expected, and that nobody is anywhere.
    pelvis = points[:, _HIPS].mean(axis=1, keepdims=True)
    relative = points - pelvis
    gap = views.lifted - relative[:, None]
    far = np.einsum("gvjx,gvjx->gvj", gap, gap) / _LIFTED_STD**2 / 3
    trusted = views.lifted_weight / (1 + far / _CAUCHY**2)
    weight = trusted.sum(axis=1) + 1 / _ANYWHERE**2
    pull = np.einsum("gvjx,gvj->gjx", views.lifted, trusted)
    alike = _RELATIVE.T @ (weight[..., None] * _RELATIVE)
    right = right + _RELATIVE.T @ (pull - weight[..., None] * relative)
    known = np.isfinite(prior.points).all(axis=2)
    expected = np.where(known, 1 / prior.std**2, 0.0)
    alike[:, np.arange(_JOINTS), np.arange(_JOINTS)] += expected
    right = right + expected[..., None] * (np.nan_to_num(prior.points) - points)
    normal = np.zeros((g, _JOINTS, 3, _JOINTS, 3))
    for k in range(3):
        normal[:, :, k, :, k] = alike
    # How far off the pelvis is, by each camera alone.
    depth = ((pelvis - views.centre) * views.axis).sum(axis=2)
    miss = views.depth - depth
    weight = views.depth_weight / (1 + miss**2 * views.depth_weight / _CAUCHY**2)
    weighted = weight[..., None] * views.axis
    block, force = weighted.transpose(0, 2, 1) @ views.axis / 4, (weighted * miss[..., None]).sum(axis=1) / 2
    for i in _HIPS:
        right[:, i] += force
        for j in _HIPS:
            normal[:, i, :, j] += block
    bone_blocks, bone_right = _bones(points, prior)
    first, second = bones.ENDS.T
    normal[:, first, :, second] -= bone_blocks.transpose(1, 0, 2, 3)
    normal[:, second, :, first] -= bone_blocks.transpose(1, 0, 2, 3)
    blocks += ((_INCIDENCE**2).T @ bone_blocks.reshape(g, -1, 9)).reshape(g, _JOINTS, 3, 3)
    right = right + _INCIDENCE.T @ bone_right
    each = np.arange(_JOINTS)
    normal[:, each, :, each] += blocks.transpose(1, 0, 2, 3)
    return normal.reshape(g, 51, 51), right.reshape(g, 51)


def _rays(views: _Views, points: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    local = (points[:, None] - views.centre[:, :, None]) @ views.rotation.transpose(0, 1, 3, 2)
    depth = np.maximum(local[..., 2], 0.2)
    flat = local[..., :2] / depth[..., None]
    miss = flat - views.plane
    scale2 = views.scale**2
    distance2 = miss[..., 0] ** 2 + miss[..., 1] ** 2
    trust = np.where(scale2 > 0, 1 / (1 + distance2 * scale2 / _CAUCHY**2), 0.0)
    # The derivative of x/z, y/z in the room's axes.
    slope = (views.rotation[:, :, None, :2] - flat[..., None] * views.rotation[:, :, None, 2:]) / depth[..., None, None]
    weighted = slope * (trust * scale2)[..., None, None]
    # Of each joint all views' two rows below each other.
    rows = slope.transpose(0, 2, 1, 3, 4).reshape(len(points), _JOINTS, -1, 3)
    down = weighted.transpose(0, 2, 4, 1, 3).reshape(len(points), _JOINTS, 3, -1)
    blocks = down @ rows
    right = -(down @ miss.transpose(0, 2, 1, 3).reshape(len(points), _JOINTS, -1, 1))[..., 0]
    return blocks, right, np.where(scale2 > 0, np.sqrt(distance2) * depth, np.nan), trust


_INCIDENCE = np.zeros((len(bones.ENDS), _JOINTS))
_INCIDENCE[np.arange(len(bones.ENDS)), bones.ENDS[:, 0]] = 1
_INCIDENCE[np.arange(len(bones.ENDS)), bones.ENDS[:, 1]] = -1


def _bones(points: Floats, prior: Prior) -> tuple[Floats, Floats]:
    """What the lengths add: (g, bones, 3, 3), and the force (g, bones, 3) on the first end."""
    along = points[:, bones.ENDS[:, 0]] - points[:, bones.ENDS[:, 1]]
    length = np.maximum(np.linalg.norm(along, axis=2), 1e-6)
    unit = along / length[..., None]
    miss = prior.lengths - length
    weight = 1 / prior.lengths_std**2
    weight = weight / (1 + miss**2 * weight / (2 * _CAUCHY) ** 2)
    return weight[..., None, None] * unit[..., :, None] * unit[..., None, :], (weight * miss)[..., None] * unit
