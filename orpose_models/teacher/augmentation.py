"""Merging what networks find in several views of one image: mirrored, scaled, shifted, in tiles."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from orpose_models.vocabulary.similarity import box_iou, pose_oks
from orpose_models.vocabulary.skeletons import COCO17


def fuse_boxes(
    boxes: Sequence[NDArray[np.floating]],
    scores: Sequence[NDArray[np.floating]],
    expected: Sequence[NDArray[np.floating]],
    iou_threshold: float,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Weighted box fusion (Solovyev et al. 2021) over views that need not all see the same.

    Boxes of all views are visited by falling score and join the fused box that they overlap most, if by at
    least the threshold; a fused box is the mean of its members, weighted by their scores. Its score is the sum
    of each view's best member, divided by the number of views that could see the person.

    Args:
        boxes: of each view (n_i, 4).
        scores: of each view (n_i,).
        expected: for each box of each view (n_i,) the number of views in which the whole of it lies.
        iou_threshold: overlap from which on boxes are the same person's.

    Returns:
        Boxes (n, 4) float32 and scores (n,) float32, best first.
    """
    if sum(len(b) for b in boxes) == 0:
        return np.zeros((0, 4), np.float32), np.zeros(0, np.float32)
    all_boxes = np.concatenate(boxes).astype(np.float64)
    all_scores = np.concatenate(scores).astype(np.float64)
    all_expected = np.concatenate(expected)
    view = np.repeat(np.arange(len(boxes)), [len(b) for b in boxes])
    fused: list[NDArray[np.float64]] = []
    members: list[list[int]] = []
    for i in np.argsort(-all_scores, kind="stable"):
        overlap = box_iou(all_boxes[i : i + 1], np.array(fused).reshape(-1, 4))[0]
        best = int(overlap.argmax()) if len(fused) else -1
        if best >= 0 and overlap[best] >= iou_threshold:
            members[best].append(int(i))
            weights = all_scores[members[best]]
            fused[best] = weights @ all_boxes[members[best]] / weights.sum()
        else:
            fused.append(all_boxes[i])
            members.append([int(i)])
    merged = np.zeros(len(fused))
    for k, group in enumerate(members):
        best_of_view: dict[int, float] = {}
        for i in group:
            best_of_view[int(view[i])] = max(best_of_view.get(int(view[i]), 0.0), float(all_scores[i]))
        merged[k] = sum(best_of_view.values()) / max(float(all_expected[group].max()), len(best_of_view))
    order = np.argsort(-merged, kind="stable")
    return np.array(fused)[order].astype(np.float32), merged[order].astype(np.float32)


def unite_boxes(
    a: tuple[NDArray[np.floating], NDArray[np.floating]],
    b: tuple[NDArray[np.floating], NDArray[np.floating]],
    iou_threshold: float,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The persons that either of two detectors finds, which need not see the same.

    Boxes that overlap by at least the threshold are one person's, the most alike ones first: their mean, weighted by
    their scores, with the score 1 - (1 - a) (1 - b).

    Args:
        a, b: boxes (n, 4) and scores (n,) in 0..1.
        iou_threshold: overlap from which on boxes are the same person's.

    Returns:
        Boxes (n, 4) float32 and scores (n,) float32, best first.
    """
    (boxes_a, scores_a), (boxes_b, scores_b) = a, b
    overlap = box_iou(boxes_a, boxes_b)
    boxes = np.concatenate([boxes_a, boxes_b]).astype(np.float64)
    scores = np.concatenate([scores_a, scores_b]).astype(np.float64)
    kept = np.ones(len(boxes), bool)
    while overlap.size and overlap.max() >= iou_threshold:
        i, j = divmod(int(overlap.argmax()), overlap.shape[1])
        k = len(boxes_a) + j
        weights = scores[[i, k]]
        boxes[i] = weights @ boxes[[i, k]] / max(weights.sum(), 1e-12)
        scores[i] = 1 - np.prod(1 - weights)
        kept[k] = False
        overlap[i], overlap[:, j] = 0, 0
    boxes, scores = boxes[kept], scores[kept]
    order = np.argsort(-scores, kind="stable")
    return boxes[order].astype(np.float32), scores[order].astype(np.float32)


def merge_keypoints(
    points: NDArray[np.floating], scores: NDArray[np.floating], areas: NDArray[np.floating]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Merge several estimates of each joint, robustly.

    Estimates support each other by their scores times COCO's similarity of their places. The best supported one is
    taken, moved to the mean of its supporters; its score is the mean of the support over all estimates, so it
    falls where the estimates disagree.

    Args:
        points: (v, n, 17, 2) pixels, of v estimates.
        scores: (v, n, 17) in 0..1.
        areas: (n,) square pixels, the silhouettes of the persons.

    Returns:
        Points (n, 17, 2) and scores (n, 17).
    """
    squared = np.sum((points[:, None] - points[None]) ** 2, axis=-1)
    variances = (2 * np.asarray(COCO17.oks_sigmas)) ** 2
    likeness = np.exp(-squared / (2 * variances * np.maximum(areas, 1.0)[:, None]))
    support = likeness * scores[None]
    best = support.sum(axis=1).argmax(axis=0)
    weights = np.take_along_axis(support, best[None, None], axis=0)[0]
    total = weights.sum(axis=0)
    merged = np.einsum("vnj,vnjd->njd", weights, points) / np.maximum(total, 1e-12)[..., None]
    return merged, total / len(points)


def suppress_poses(
    keypoints: NDArray[np.floating],
    keypoint_scores: NDArray[np.floating],
    person_scores: NDArray[np.floating],
    areas: NDArray[np.floating],
    oks_threshold: float,
) -> NDArray[np.int64]:
    """Drop duplicates: of poses more alike than the threshold only the best scored stays.

    Joints weigh by the score of the better pose, so that guessed joints do not tell two persons apart.

    Args:
        keypoints: (n, 17, 2) pixels.
        keypoint_scores: (n, 17).
        person_scores: (n,) by which the better one is chosen.
        areas: (n,) square pixels.
        oks_threshold: object keypoint similarity in 0..1 above which two poses are one person's.

    Returns:
        Indices of the poses kept, best first.
    """
    kept: list[int] = []
    counted = keypoint_scores >= np.minimum(0.2, np.max(keypoint_scores, axis=1, initial=0.0))[:, None]
    for i in np.argsort(-person_scores, kind="stable"):
        if kept:
            likeness = pose_oks(keypoints[kept], areas[kept], counted[kept] & counted[i], keypoints[i : i + 1])
            if likeness.max() > oks_threshold:
                continue
        kept.append(int(i))
    return np.array(kept, np.int64)
