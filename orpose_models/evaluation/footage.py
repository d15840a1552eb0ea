"""2D and 3D accuracy on real footage of several calibrated cameras, against what the other cameras triangulate."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from orpose_models.datasets.multiview import PlacedCamera
from orpose_models.datasets.truth import VISIBLE, ImageTruth, Persons, Truth
from orpose_models.evaluation.alignment import Alignment, joint_errors
from orpose_models.evaluation.average_precision import average_precision
from orpose_models.evaluation.triangulation import MIN_JOINTS, match_persons
from orpose_models.evaluation.uncertainty import RIGHT_WITHIN, torso_length
from orpose_models.vocabulary.assignment import one_to_one
from orpose_models.vocabulary.poses import Poses
from orpose_models.vocabulary.resolution import Size
from orpose_models.vocabulary.similarity import box_iou, pose_oks
from orpose_models.vocabulary.skeletons import COCO17, COCO17_TO_H36M17, H36M17

PAIR_IOU = 0.5
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


@dataclass(frozen=True, eq=False)
class TruthPerson:
    """A person triangulated by other cameras, as the measured camera should see it.

    Attributes:
        pixels: (17, 2) COCO-17 in the measured camera's full image; NaN where unknown.
        inside: (17,) bool, which joints are known and inside the image.
        joints: (17, 3) Human3.6M-17 in the measured camera's optical frame, metres; NaN where unknown.
        errors: (17,) root mean square reprojection error in the other cameras, pixels; NaN where unknown.
        cameras: how many cameras it was triangulated from.
    """

    pixels: NDArray[np.float64]
    inside: NDArray[np.bool_]
    joints: NDArray[np.float64]
    errors: NDArray[np.float64]
    cameras: int

    @property
    def box(self) -> NDArray[np.float64]:
        """(4,) round the joints inside the image."""
        return _boxes(self.pixels[None], self.inside)[0]


def truth_in_view(view: PlacedCamera, others: Sequence[PlacedCamera], poses: Sequence[Poses]) -> list[TruthPerson]:
    """Who is in a camera's view, by what other cameras saw at the same moment.

    Args:
        view: the camera measured, at the size of its images.
        others: the other cameras.
        poses: the persons in each of their images.
    """
    persons = []
    for person in match_persons(others, poses):
        points = view.to_optical(person.points)
        pixels = view.camera.project(points)
        with np.errstate(invalid="ignore"):
            inside = np.all((pixels >= 0) & (pixels < [view.camera.width, view.camera.height]), axis=1)
        if inside.sum() >= MIN_JOINTS:
            cameras = sum(index >= 0 for index in person.views)
            joints = COCO17_TO_H36M17.points(points)
            persons.append(TruthPerson(pixels, inside, joints.astype(np.float64), person.errors, cameras))
    return persons


@dataclass(frozen=True, eq=False)
class Moment:
    """What is compared at one moment.

    Attributes:
        truth: who is in view.
        poses: the model's answer, in pixels of the full image.
    """

    truth: Sequence[TruthPerson]
    poses: Poses


@dataclass(frozen=True, eq=False)
class FootagePairs:
    """m predicted persons and their truth, joints as in `TruthPerson`.

    Attributes:
        offsets: (m, 17, 2) prediction minus truth, COCO-17, pixels; NaN where the truth is not inside the image.
        right: (m, 17) within 0.2 of the torso; False where there is no torso or no truth.
        torso: (m,) whether the truth has a torso.
        oks: (m,) object keypoint similarity.
        predicted3d, truth3d: (m, 17, 3) metres, relative to the pelvis; NaN where unknown.
        roots_predicted, roots_truth: (m, 3) pelvis in the optical frame, metres; NaN where unknown.
        persons: number of persons in the truth. judged_joints: their joints inside the image, of those with a torso.
        unexplained: number of predictions without a person.
    """

    offsets: NDArray[np.float64]
    right: NDArray[np.bool_]
    torso: NDArray[np.bool_]
    oks: NDArray[np.float64]
    predicted3d: NDArray[np.float64]
    truth3d: NDArray[np.float64]
    roots_predicted: NDArray[np.float64]
    roots_truth: NDArray[np.float64]
    persons: int
    judged_joints: int
    unexplained: int

    @property
    def pixel_errors(self) -> NDArray[np.float64]:
        """(m, 17) pixels; NaN where the truth is not inside the image."""
        return np.asarray(np.linalg.norm(self.offsets, axis=2), np.float64)

    @property
    def mask3d(self) -> NDArray[np.bool_]:
        """(m, 17) which 3D joints count: known on both sides, and never the pelvis."""
        mask = np.asarray(np.isfinite(self.predicted3d).all(axis=2) & np.isfinite(self.truth3d).all(axis=2))
        mask[:, 0] = False
        return mask


def pair_footage(moments: Sequence[Moment], threshold: float) -> FootagePairs:
    """Pair predictions with the truth, moment by moment; see `CONVENTIONS`.

    Args:
        moments: what is compared.
        threshold: predictions with a lower box score do not count.
    """
    rows: dict[str, list[Any]] = {name: [] for name in ("offsets", "right", "torso", "oks", "p3", "t3", "rp", "rt")}
    persons = unexplained = judged = 0
    for moment in moments:
        poses = moment.poses.select(moment.poses.box_scores >= threshold)
        overlap = np.zeros((len(moment.truth), len(poses)))
        for i, person in enumerate(moment.truth):
            overlap[i] = box_iou(person.box[None], _boxes(poses.keypoints.astype(np.float64), person.inside))[0]
        pairs = one_to_one(overlap, PAIR_IOU)
        torsos = [_torso(person) for person in moment.truth]
        persons += len(moment.truth)
        unexplained += len(poses) - len(pairs)
        judged += sum(int(p.inside.sum()) for p, torso in zip(moment.truth, torsos, strict=True) if torso > 0)
        for i, j in pairs:
            person = moment.truth[i]
            offset = poses.keypoints[j] - person.pixels
            error = np.linalg.norm(offset, axis=1)
            rows["offsets"].append(np.where(person.inside[:, None], offset, np.nan))
            rows["right"].append(person.inside & (error <= RIGHT_WITHIN * torsos[i]) & (torsos[i] > 0))
            rows["torso"].append(torsos[i] > 0)
            reference = np.where(person.inside[:, None], person.pixels, 0)[None]
            area = np.array([np.prod(person.box[2:] - person.box[:2])])
            rows["oks"].append(pose_oks(reference, area, person.inside[None], poses.keypoints[j : j + 1])[0, 0])
            rows["p3"].append(poses.joints3d[j])
            rows["t3"].append(person.joints - person.joints[0])
            rows["rp"].append(poses.root[j])
            rows["rt"].append(person.joints[0])
    m = len(rows["oks"])
    return FootagePairs(
        np.array(rows["offsets"], np.float64).reshape(m, 17, 2),
        np.array(rows["right"], bool).reshape(m, 17),
        np.array(rows["torso"], bool),
        np.array(rows["oks"], np.float64),
        np.array(rows["p3"], np.float64).reshape(m, 17, 3),
        np.array(rows["t3"], np.float64).reshape(m, 17, 3),
        np.array(rows["rp"], np.float64).reshape(m, 3),
        np.array(rows["rt"], np.float64).reshape(m, 3),
        persons,
        judged,
        unexplained,
    )


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
        "persons_with_torso": sum(_torso(person) > 0 for person in persons),
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


def _boxes(pixels: NDArray[np.float64], inside: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(n, 4) boxes round the chosen joints of (n, 17, 2)."""
    chosen = pixels[:, inside]
    return np.concatenate([chosen.min(axis=1), chosen.max(axis=1)], axis=1)


def _torso(person: TruthPerson) -> float:
    visibility = np.where(person.inside, VISIBLE, 0)[None]
    return float(torso_length(np.nan_to_num(person.pixels)[None], visibility)[0])


def _mean(values: NDArray[np.float64], unit: float = 1.0) -> float | None:
    return float(np.nanmean(values)) * unit if np.isfinite(values).any() else None


def _median(values: NDArray[np.float64], unit: float = 1.0) -> float | None:
    return float(np.nanmedian(values)) * unit if np.isfinite(values).any() else None


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None
