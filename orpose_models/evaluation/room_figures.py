"""3D accuracy of persons fused from several cameras, in the room's frame: nothing is aligned."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from orpose_models.datasets.multiview import PlacedCamera
from orpose_models.datasets.room_truth import Floats, RoomTruth, to_truth_joints
from orpose_models.datasets.truth import Truth
from orpose_models.fusion.fuser import Fuser
from orpose_models.vocabulary.poses import Poses
from orpose_models.vocabulary.room_persons import RoomPersons

PAIR_WITHIN = 0.5  # metres, mean distance of the joints
PCK_LIMITS = (0.1, 0.15, 0.2)

CONVENTIONS: Mapping[str, str] = {
    "pairs": (
        f"one-to-one, the mean distance of the known joints being at most {PAIR_WITHIN:g} m (Hungarian method); who is "
        "marked as to be ignored in all views counts neither as missed nor as found"
    ),
    "MPJPE": "mean distance of joints of paired persons in the room's frame, millimetres; nothing is aligned",
    "by views": "persons by how many cameras the fusion found them in",
    "seen by two": "joints only that at least two cameras see, as annotated; where that is not annotated, none",
    "PCK3D": "share of joints of paired persons within that distance; 'of all': joints of persons not found are wrong",
    "swaps": "how often a person has another id than at the moment before of the same recording",
}


@dataclass
class _Counts:
    persons: int = 0
    found: int = 0
    extra: int = 0
    swaps: int = 0
    joints: int = 0


def fused(
    moments: Iterable[RoomTruth], poses: Mapping[int, Poses], factors: Mapping[int, float], single_views: bool = True
) -> Iterator[RoomPersons]:
    """Fuse the poses of each moment; each recording begins anew.

    Args:
        moments: some of a dataset's, in order.
        poses: by image id, with root and 3D where single views are to count; images that are not named have nobody.
        factors: by image id, by how much the image was reduced.
        single_views: whether persons of one camera alone are kept.
    """
    fuser, group = None, None
    for moment in moments:
        if moment.group != group or fuser is None:
            fuser, group = Fuser(moment.cameras, single_views=single_views), moment.group
        of_views = [poses.get(image.image_id, Poses.empty()) for image in moment.images]
        reduced = [factors.get(image.image_id, 1.0) for image in moment.images]
        yield fuser.update(of_views, moment.time, reduced)


def evaluate_room(truth: Truth, moments: Sequence[RoomTruth], found: Iterable[RoomPersons]) -> dict[str, Any]:
    """Compare the persons of each moment with the truth.

    Args:
        truth: the dataset.
        moments: some of its moments, in order.
        found: who was found at each of them.

    Returns:
        The figures as JSON values; None where one is not defined.
    """
    counts = _Counts()
    errors: list[Floats] = []
    views: list[int] = []
    seen: list[NDArray[np.bool_]] = []
    group = None
    ids: dict[int, int] = {}
    for moment, persons in zip(moments, found, strict=True):
        if moment.group != group:
            group, ids = moment.group, {}
        pairs, distances = _pairs(truth, moment, persons)
        counts.persons += len(moment.joints)
        counts.found += len(pairs)
        counts.extra += len(persons) - len(pairs) - _ignored(truth, moment, persons, {k for _, k in pairs})
        counts.joints += int(np.isfinite(moment.joints).all(axis=2).sum())
        for i, k in pairs:
            errors.append(distances[i, k])
            views.append(int(persons.seen_by[k]))
            seen.append(moment.views[i] >= 2)
            who = int(moment.persons[i])
            counts.swaps += int(ids.get(who, persons.ids[k]) != persons.ids[k])
            ids[who] = int(persons.ids[k])
    return _figures(len(moments), counts, errors, views, seen)


def _pairs(truth: Truth, moment: RoomTruth, persons: RoomPersons) -> tuple[list[tuple[int, int]], Floats]:
    """Pairs of truth and found, and the distances (n, m, k) of their joints."""
    distances, mean = _distances(truth, moment.joints, persons)
    cost = np.minimum(mean, 2 * PAIR_WITHIN)
    rows, columns = linear_sum_assignment(cost)
    return [(int(i), int(k)) for i, k in zip(rows, columns, strict=True) if mean[i, k] <= PAIR_WITHIN], distances


def _ignored(truth: Truth, moment: RoomTruth, persons: RoomPersons, paired: set[int]) -> int:
    """How many of those found and not paired are somebody who need not be found."""
    if not len(moment.ignored):
        return 0
    _, mean = _distances(truth, moment.ignored, persons)
    near = np.flatnonzero((mean <= PAIR_WITHIN).any(axis=0))
    return len(set(near.tolist()) - paired)


def _distances(truth: Truth, wanted: Floats, persons: RoomPersons) -> tuple[Floats, Floats]:
    """Distances (n, m, k) of the joints of n persons of the truth from those of m found, and their means (n, m)."""
    joints, _ = to_truth_joints(truth, persons.joints, persons.joint_scores)
    distances = np.linalg.norm(wanted[:, None] - joints[None], axis=3)
    known = np.isfinite(distances)
    mean = np.where(known, distances, 0).sum(axis=2) / np.maximum(known.sum(axis=2), 1)
    return distances, np.where(known.any(axis=2), mean, np.inf)


def _figures(
    moments: int, counts: _Counts, errors: list[Floats], views: list[int], seen: list[NDArray[np.bool_]]
) -> dict[str, Any]:
    k = len(errors[0]) if errors else 1
    every = np.array(errors).reshape(-1, k)
    number, by_two = np.array(views, np.int64), np.array(seen, bool).reshape(-1, k)
    known = np.isfinite(every)
    several = (number >= 2)[:, None]
    return {
        "moments": moments,
        "persons": counts.persons,
        "found": counts.found,
        "extra": counts.extra,
        "swaps": counts.swaps,
        "mpjpe_mm": _mean(every[known]),
        "mpjpe_several_views_mm": _mean(every[known & several]),
        "mpjpe_seen_by_two_mm": _mean(every[known & several & by_two]),
        "median_seen_by_two_mm": _median(every[known & several & by_two]),
        "by_views": {
            str(n): {"persons": int((number == n).sum()), "mpjpe_mm": _mean(every[known & (number == n)[:, None]])}
            for n in sorted(set(views))
        },
        "pck3d": {f"{limit:g}": _share(every[known] <= limit) for limit in PCK_LIMITS},
        "pck3d_of_all": {
            f"{limit:g}": float((every[known] <= limit).sum()) / counts.joints if counts.joints else None
            for limit in PCK_LIMITS
        },
    }


def leave_one_out(
    cameras: Sequence[PlacedCamera], poses: Sequence[Sequence[Poses]], left_out: int, min_score: float = 0.5
) -> dict[str, Any]:
    """What the other cameras fuse, seen by a camera that took no part, against what that finds itself.

    Args:
        cameras: all of them.
        poses: at each moment of each camera.
        left_out: index of the camera that takes no part.
        min_score: keypoints of the camera with lower scores do not count.
    """
    others = [k for k in range(len(cameras)) if k != left_out]
    fuser, view = Fuser([cameras[k] for k in others], single_views=False), cameras[left_out]
    pixels, metres, found, unmatched = [], [], 0, 0
    for time, moment in enumerate(poses):
        persons = fuser.update([moment[k] for k in others], float(time))
        own = moment[left_out]
        optical = view.to_optical(persons.keypoints)
        gap = view.camera.project(optical)[:, None] - own.keypoints[None]
        counts = (own.keypoint_scores >= min_score)[None] & (persons.keypoint_scores >= 0.3)[:, None]
        distance = np.where(counts, np.linalg.norm(gap, axis=3), np.nan)
        enough = counts.sum(axis=2) >= 5
        depth = optical[..., 2].mean(axis=1)
        focal = view.camera.fx
        typical = np.full(enough.shape, 1e9)
        for i, k in zip(*np.nonzero(enough), strict=True):
            typical[i, k] = np.nanmedian(distance[i, k]) / focal * depth[i]
        for i, k in zip(*linear_sum_assignment(np.minimum(typical, PAIR_WITHIN)), strict=True):
            if typical[i, k] < PAIR_WITHIN:
                found += 1
                known = np.isfinite(distance[i, k])
                pixels += list(distance[i, k][known])
                metres += list(distance[i, k][known] / focal * optical[i, known, 2])
            else:
                unmatched += 1
    return {
        "camera": view.name,
        "moments": len(poses),
        "persons": found,
        "unmatched": unmatched,
        "joints": len(pixels),
        "median_px": _median(np.array(pixels), 1.0),
        "median_mm": _median(np.array(metres)),
        "mean_mm": _mean(np.array(metres)),
    }


def _mean(values: Floats) -> float | None:
    return float(values.mean() * 1e3) if values.size else None


def _median(values: Floats, scale: float = 1e3) -> float | None:
    return float(np.median(values) * scale) if values.size else None


def _share(values: NDArray[np.bool_]) -> float | None:
    return float(values.mean()) if values.size else None
