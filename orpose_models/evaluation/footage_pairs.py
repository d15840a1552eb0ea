"""Who is in view by what other cameras saw, and which predictions stand for them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from orpose_models.datasets.multiview import PlacedCamera
from orpose_models.datasets.truth import VISIBLE
from orpose_models.evaluation.triangulation import MIN_JOINTS, match_persons
from orpose_models.evaluation.uncertainty import RIGHT_WITHIN, torso_length
from orpose_models.vocabulary.assignment import one_to_one
from orpose_models.vocabulary.poses import Poses
from orpose_models.vocabulary.similarity import box_iou, pose_oks
from orpose_models.vocabulary.skeletons import COCO17_TO_H36M17

PAIR_IOU = 0.5


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
        return boxes_round(self.pixels[None], self.inside)[0]


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
    """Pair predictions with the truth, moment by moment; see `footage.CONVENTIONS`.

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
            overlap[i] = box_iou(person.box[None], boxes_round(poses.keypoints.astype(np.float64), person.inside))[0]
        pairs = one_to_one(overlap, PAIR_IOU)
        torsos = [torso_of(person) for person in moment.truth]
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


def boxes_round(pixels: NDArray[np.float64], inside: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(n, 4) boxes round the chosen joints of (n, 17, 2)."""
    chosen = pixels[:, inside]
    return np.concatenate([chosen.min(axis=1), chosen.max(axis=1)], axis=1)


def torso_of(person: TruthPerson) -> float:
    """The longer diagonal from a shoulder to the opposite hip, pixels; 0 where neither is inside the image."""
    visibility = np.where(person.inside, VISIBLE, 0)[None]
    return float(torso_length(np.nan_to_num(person.pixels)[None], visibility)[0])
