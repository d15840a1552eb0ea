"""2D and 3D accuracy on real footage of several calibrated cameras, against what the other cameras triangulate."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from orpose_models.datasets.truth import VISIBLE, ImageTruth, Persons, Truth
from orpose_models.evaluation.alignment import Alignment, joint_errors
from orpose_models.evaluation.average_precision import average_precision
from orpose_models.evaluation.footage_pairs import PAIR_IOU, Moment, TruthPerson, pair_footage, torso_of
from orpose_models.evaluation.triangulation import MIN_JOINTS
from orpose_models.evaluation.uncertainty import RIGHT_WITHIN
from orpose_models.vocabulary.resolution import Size
from orpose_models.vocabulary.skeletons import COCO17, H36M17

_ALIGNMENTS: Mapping[str, Alignment] = {"mpjpe": "root", "n_mpjpe": "scale", "pa_mpjpe": "procrustes"}

CONVENTIONS: Mapping[str, str] = {
    "truth": (
        "not annotated: the truth model's 2D keypoints (score >= 0.3) in all cameras but the one measured, "
        "triangulated. Persons are those on whom at least two cameras agree; a joint counts if its reprojection error "
        "is at most 1.2 % of the image diagonal. 2D truth is the triangulation projected into the measured camera, "
        "also where somebody stands in front. The truth's own error is in every figure, and a model that learned from "
        "the truth model shares its habits"
    ),
    "pairs": (
        f"persons with at least {MIN_JOINTS} joints of the truth inside the image, one-to-one by IoU >= {PAIR_IOU:g} "
        "of the boxes round those joints in truth and prediction; predictions of at least the score threshold"
    ),
    "unexplained": (
        "predictions that no person of the truth explains: false, or somebody on whom the other cameras do not agree"
    ),
    "PCK@0.2": (
        f"share of joints within {RIGHT_WITHIN:g} of the torso, the longer diagonal from a shoulder to the opposite "
        "hip in the truth; persons without such a diagonal are left out; 'of all' counts joints of persons not found "
        "as wrong"
    ),
    "keypoint AP, AR": "COCO protocol, predictions of score >= 0.05; area: that of the box round the truth's joints",
    "pixels": (
        "distance in pixels of the full image, joints of paired persons; an offset (x, y) of the median points to the "
        "calibration or to different ideas of where a joint is"
    ),
    "3D": (
        "Human3.6M-17 joints mapped from the triangulated COCO-17 joints, millimetres, relative to the pelvis "
        "(mid-hips), of paired persons with 3D: a model that finds fewer has others in its mean. N-: after the best "
        "scale, PA-: after the best similarity; root: distance of the pelvis' positions in space, where the model "
        "gives one"
    ),
}


def footage_figures(size: Size, moments: Sequence[Moment], threshold: float) -> dict[str, Any]:
    """All figures of one model at one factor as JSON values; None where one is not defined.

    Args:
        size: width, height of the images.
        moments: what is compared; they may be of several cameras.
        threshold: box score from which on a person counts as found, for everything but AP and AR.
    """
    pairs = pair_footage(moments, threshold)
    found, mask = len(pairs.oks), pairs.mask3d
    joint_error = {
        name: joint_errors(np.nan_to_num(pairs.predicted3d), np.nan_to_num(pairs.truth3d), mask, alignment)
        for name, alignment in _ALIGNMENTS.items()
    }
    known = np.isfinite(pairs.pixel_errors)
    judged = known & pairs.torso[:, None]
    roots = np.linalg.norm(pairs.roots_predicted - pairs.roots_truth, axis=1)
    precision = _precision(size, moments)
    return {
        "images": len(moments),
        "persons": pairs.persons,
        "found": found,
        "recall": _ratio(found, pairs.persons),
        "unexplained_per_image": _ratio(pairs.unexplained, len(moments)),
        "oks_mean": _mean(pairs.oks),
        "recall_oks50": _ratio(int((pairs.oks >= 0.5).sum()), pairs.persons),
        "keypoint_ap": precision.get("AP"),
        "keypoint_ap50": precision.get("AP50"),
        "keypoint_ar": precision.get("AR"),
        "joints": int(known.sum()),
        "pixel_error_median": _median(pairs.pixel_errors),
        "pixel_offset_median": [_median(pairs.offsets[..., axis]) for axis in (0, 1)],
        "pixel_error_p90": float(np.nanpercentile(pairs.pixel_errors, 90)) if known.any() else None,
        "pck": _ratio(int(pairs.right.sum()), int(judged.sum())),
        "pck_of_all": _ratio(int(pairs.right.sum()), pairs.judged_joints),
        "pixel_error_median_by_joint": {
            joint: _median(pairs.pixel_errors[:, i]) for i, joint in enumerate(COCO17.joints)
        },
        "persons_3d": int(mask.any(axis=1).sum()),
        **{f"{name}_mm": _mean(errors, 1000) for name, errors in joint_error.items()},
        "mpjpe_mm_by_joint": {
            joint: _mean(joint_error["mpjpe"][:, i], 1000) for i, joint in enumerate(H36M17.joints) if i
        },
        "roots": int(np.isfinite(roots).sum()),
        "root_error_median_mm": _median(roots, 1000),
    }


def truth_figures(moments: Sequence[Sequence[TruthPerson]]) -> dict[str, Any]:
    """What the truth consists of, and how well the cameras that it is made of agree."""
    persons = [person for moment in moments for person in moment]
    errors = np.array([person.errors for person in persons]).reshape(-1, len(COCO17))
    return {
        "images": len(moments),
        "persons": len(persons),
        "joints": int(np.isfinite(errors).sum()),
        "joints_inside_the_image": int(sum(person.inside.sum() for person in persons)),
        "persons_with_3d": int(sum(np.isfinite(person.joints[0]).all() for person in persons)),
        "persons_with_torso": sum(torso_of(person) > 0 for person in persons),
        "persons_by_cameras": {
            str(n): sum(p.cameras == n for p in persons) for n in sorted({p.cameras for p in persons})
        },
        "reprojection_error_median_px": _median(errors),
        "reprojection_error_p90_px": float(np.nanpercentile(errors, 90)) if np.isfinite(errors).any() else None,
    }


def _precision(size: Size, moments: Sequence[Moment]) -> dict[str, float | None]:
    images, poses = [], {}
    for i, moment in enumerate(moments):
        persons = Persons.from_arrays(
            COCO17,
            H36M17,
            [p.box for p in moment.truth],
            keypoints=[np.where(p.inside[:, None], p.pixels, 0) for p in moment.truth],
            visibility=[np.where(p.inside, VISIBLE, 0) for p in moment.truth],
        )
        images.append(ImageTruth(i + 1, str(i), size, persons))
        poses[i + 1] = moment.poses
    if not any(len(image.persons) for image in images):
        return {}
    return average_precision(Truth("footage", COCO17, H36M17, tuple(images), Path()), poses, "keypoint").summary


def _mean(values: NDArray[np.float64], unit: float = 1.0) -> float | None:
    return float(np.nanmean(values)) * unit if np.isfinite(values).any() else None


def _median(values: NDArray[np.float64], unit: float = 1.0) -> float | None:
    return float(np.nanmedian(values)) * unit if np.isfinite(values).any() else None


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None
