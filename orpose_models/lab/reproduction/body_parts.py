"""Where accuracy is lost: the error of each part of the body."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from orpose_models.datasets.truth import VISIBLE, Truth, as_coco17
from orpose_models.evaluation.uncertainty import PAIR_IOU, RIGHT_WITHIN, torso_length
from orpose_models.lab.reproduction.row_record import Part
from orpose_models.vocabulary.assignment import one_to_one
from orpose_models.vocabulary.poses import Poses
from orpose_models.vocabulary.similarity import box_iou
from orpose_models.vocabulary.skeletons import COCO17

CONVENTION = (
    f"joints annotated as visible, of persons paired one-to-one by box IoU >= {PAIR_IOU:g} with a prediction of the "
    "working threshold; pixels of the full-size image"
)

PARTS: Mapping[str, tuple[int, ...]] = {
    "face": tuple(i for i, joint in enumerate(COCO17.joints) if joint == "nose" or joint.endswith(("_eye", "_ear"))),
    **{
        f"{part}s": tuple(i for i, joint in enumerate(COCO17.joints) if joint.endswith(f"_{part}"))
        for part in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
    },
}


def part_errors(truth: Truth, predictions: Mapping[int, Poses], threshold: float) -> dict[str, Part]:
    """Errors by part of the body (see `CONVENTION`).

    Args:
        truth: the dataset.
        predictions: poses by image id.
        threshold: box scores from which on a prediction counts.
    """
    pixels: list[NDArray[np.float64]] = []
    shares: list[NDArray[np.float64]] = []
    joints: list[NDArray[np.int64]] = []
    for image in truth.images:
        persons = image.persons.select(~image.persons.ignore)
        keypoints, visibility = as_coco17(truth, persons)
        torso = torso_length(keypoints, visibility)
        poses = predictions.get(image.image_id, Poses.empty())
        poses = poses.select(poses.box_scores >= threshold)
        for i, j in one_to_one(box_iou(persons.boxes, poses.boxes), PAIR_IOU):
            use = np.flatnonzero((visibility[i] == VISIBLE) & (poses.keypoint_scores[j] > 0))
            distance = np.linalg.norm(poses.keypoints[j, use] - keypoints[i, use], axis=-1)
            pixels.append(distance)
            shares.append(distance / torso[i] if torso[i] > 0 else np.full(len(use), np.nan))
            joints.append(use)
    error, share = (np.concatenate([np.empty(0), *column]) for column in (pixels, shares))
    joint = np.concatenate([np.empty(0, np.int64), *joints])
    return {name: _part(error, share, np.isin(joint, members)) for name, members in PARTS.items()}


def _part(error: NDArray[np.float64], share: NDArray[np.float64], mine: NDArray[np.bool_]) -> Part:
    known = mine & np.isfinite(share)
    return Part(
        joints=int(mine.sum()),
        median_px=float(np.median(error[mine])) if mine.any() else None,
        right=float((share[known] <= RIGHT_WITHIN).mean()) if known.any() else None,
    )
