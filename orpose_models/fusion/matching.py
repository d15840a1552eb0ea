"""Who is who across the views of one moment."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from orpose_models.fusion.sights import Floats, Sights

Groups = list[list[int]]  # indices of detections, at most one of a camera

# Pairs that cost more are of two persons. On the simulated validation split 2 in 100 pairs of one person cost more, and
# 5 in 100 pairs of two persons less.
LIMIT = 9.0
# What one joint, one distance and the lifted poses may add at most, so that one bad joint decides nothing.
_MOST = 9.0
# Metres between two cameras' lifted poses of one person, root mean square over the joints.
_LIFTED_STD = 0.2
_MIN_JOINTS = 3
# Rays that meet at a smaller angle (its sine) say nothing about each other's distance.
_PARALLEL = 0.03
# What is taken off the cost of two detections that were the same person the moment before.
_CONTINUITY = 1.5
_COMPANY = 0.3
_NEVER = 1e9


def pair_costs(sights: Sights, centres: Floats, axes: Floats) -> Floats:
    """(d, d) how badly each two detections fit one person; inf for those of one camera.

    The squared distance of the joints' rays over its variance, the distance of either person along its ray against
    what the one camera says, and the difference of the lifted poses.

    Args:
        sights: the detections.
        centres: (c, 3) of the cameras in the room. axes: (c, 3) their optical axes.
    """
    d = len(sights)
    first, second = np.triu_indices(d, 1)
    apart = sights.camera[first] != sights.camera[second]
    first, second = first[apart], second[apart]
    costs = np.full((d, d), np.inf)
    if not len(first):
        return costs
    a, b = sights.rays[first], sights.rays[second]
    base = centres[sights.camera[second]] - centres[sights.camera[first]]
    cosine = np.einsum("pjx,pjx->pj", a, b)
    sine2 = np.maximum(1 - cosine**2, 1e-12)
    along_a, along_b = (a @ base[..., None])[..., 0], (b @ base[..., None])[..., 0]
    far_a, far_b = (along_a - cosine * along_b) / sine2, (cosine * along_a - along_b) / sine2
    # The square of far_a * a - far_b * b - base.
    miss2 = far_a**2 + far_b**2 + (base**2).sum(axis=1, keepdims=True)
    miss2 = np.maximum(miss2 - 2 * (far_a * far_b * cosine + far_a * along_a - far_b * along_b), 0.0)
    variance = sights.sigma[first] ** 2 + sights.sigma[second] ** 2
    both = sights.seen[first] & sights.seen[second] & (sine2 > _PARALLEL**2)
    variance = np.where(both, variance, 1.0)  # of what is not seen it is infinite
    weights = np.where(both, 1 / variance, 0.0)
    total = np.maximum(weights.sum(axis=1), 1e-12)
    behind = (far_a < 0.1) | (far_b < 0.1)
    chi = np.where(behind, _MOST, np.minimum(miss2 / variance, _MOST, where=both, out=np.zeros_like(miss2)))
    cost = (weights * chi).sum(axis=1) / total
    # The crossing of rays says the less about the distance the smaller their angle is.
    blur = np.sqrt((weights * variance / np.maximum(sine2, _PARALLEL**2)).sum(axis=1) / total)
    for index, rays, far in ((first, a, far_a), (second, b, far_b)):
        forward = (rays @ axes[sights.camera[index]][..., None])[..., 0]
        depth = (weights * far * forward).sum(axis=1) / total
        spread = np.hypot(sights.distance_std[index], blur)
        cost = cost + 0.5 * np.minimum(((depth - sights.distance[index]) / spread) ** 2, _MOST)
    few = both.sum(axis=1) < _MIN_JOINTS
    if few.any():
        # Too little in common to compare rays: the places by one camera each.
        gap2 = ((sights.pelvis[first] - sights.pelvis[second]) ** 2).sum(axis=1)
        wide = sights.distance_std[first] ** 2 + sights.distance_std[second] ** 2
        cost = np.where(few, 2.0 + np.minimum(gap2 / np.maximum(wide, 1e-6), _MOST), cost)
    apart3 = sights.lifted[first] - sights.lifted[second]
    other = np.einsum("pjx,pjx->p", apart3, apart3) / apart3.shape[1]
    cost = cost + 0.5 * np.minimum(np.nan_to_num(other) / _LIFTED_STD**2, _MOST)
    costs[first, second] = costs[second, first] = cost
    return costs


def group(sights: Sights, costs: Floats, before: NDArray[np.int64] | None = None, limit: float = LIMIT) -> Groups:
    """The detections of each person.

    Camera by camera the detections are assigned to the persons found so far so that the sum of the mean costs is
    least (Hungarian method); then persons that no camera has twice are joined while that is cheap.

    Args:
        sights: the detections.
        costs: (d, d) of `pair_costs`.
        before: (d,) which person each detection was the moment before, -1 where that is not known.
        limit: the highest mean cost of a person.
    """
    if before is not None:
        same = (before[:, None] == before) & (before[:, None] >= 0)
        costs = costs - _CONTINUITY * same
    cameras = [np.flatnonzero(sights.camera == camera) for camera in np.unique(sights.camera)]
    cameras.sort(key=lambda own: -len(own))
    groups: Groups = []
    for own in cameras:
        taken: set[int] = set()
        if groups:
            fit = _means(costs, groups, [[int(k)] for k in own])
            # Of two boxes of one person all cameras choose the same.
            fit -= _COMPANY * np.array([[len(members) - 1] for members in groups])
            # What is over the limit must not be bought by a good pair elsewhere.
            for row, column in zip(*linear_sum_assignment(np.minimum(fit, limit)), strict=True):
                if fit[row, column] < limit:
                    groups[row].append(int(own[column]))
                    taken.add(int(own[column]))
        groups += [[int(k)] for k in own if int(k) not in taken]
    return _joined(groups, costs, limit)


def _joined(groups: Groups, costs: Floats, limit: float) -> Groups:
    """Two of one camera cost infinitely much, so that persons whom a camera has both of stay two."""
    while len(groups) > 1:
        fit = _means(costs, groups, groups)
        fit[np.tril_indices(len(groups))] = np.inf
        i, j = (int(k) for k in np.unravel_index(int(fit.argmin()), fit.shape))
        if fit[i, j] >= limit:
            break
        groups[i] += groups.pop(j)
    return groups


def _means(costs: Floats, rows: Sequence[Sequence[int]], columns: Sequence[Sequence[int]]) -> Floats:
    """(rows, columns) mean cost between the detections of each two persons."""
    left, right = _members(rows, len(costs)), _members(columns, len(costs))
    return left @ np.minimum(costs, _NEVER) @ right.T


def _members(groups: Sequence[Sequence[int]], count: int) -> Floats:
    shares = np.zeros((len(groups), count))
    for row, members in zip(shares, groups, strict=True):
        row[list(members)] = 1 / len(members)
    return shares
