"""The 3D error on real footage of several calibrated cameras, against triangulation by the other cameras."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from orpose_models.datasets.multiview import PlacedCamera
from orpose_models.evaluation.alignment import Alignment, joint_errors
from orpose_models.evaluation.triangulation import match_persons
from orpose_models.poses import Poses
from orpose_models.similarity import pose_oks
from orpose_models.skeletons import COCO17_TO_H36M17

MIN_OKS = 0.5

CONVENTIONS = (
    "truth: COCO-17 joints triangulated from the 2D keypoints of all cameras but the one measured, mapped to "
    "Human3.6M-17; persons are paired by OKS >= 0.5 with the reprojected truth; both sides relative to their "
    "pelvis (mid-hips); a joint counts if the other cameras agree on it; the truth's own error is that of the "
    "2D keypoints it is made of"
)


@dataclass(frozen=True, eq=False)
class FootagePairs:
    """m predicted persons and their triangulated truth, Human3.6M-17, metres, relative to the pelvis.

    Attributes:
        predicted, truth: (m, 17, 3) in the optical axes of the camera measured.
        mask: (m, 17) which joints count; the pelvis never does.
        cameras: (m,) index of the camera measured.
        roots_predicted, roots_truth: (m, 3) pelvis positions in the optical frame; the predicted one may be NaN.
        missed: triangulated persons in view of the measured camera that have no prediction.
    """

    predicted: NDArray[np.float64]
    truth: NDArray[np.float64]
    mask: NDArray[np.bool_]
    cameras: NDArray[np.int64]
    roots_predicted: NDArray[np.float64]
    roots_truth: NDArray[np.float64]
    missed: int

    def errors(self, alignment: Alignment = "root") -> NDArray[np.float64]:
        """(m, 17) metres; NaN where a joint does not count."""
        return joint_errors(self.predicted, self.truth, self.mask, alignment)


def pair_footage(cameras: Sequence[PlacedCamera], moments: Sequence[Sequence[Poses]]) -> FootagePairs:
    """Pair the predictions of each camera with what all the others triangulate.

    Args:
        cameras: c cameras, at the size of the images.
        moments: for each moment the poses in each camera's image.
    """
    rows: dict[str, list] = {"predicted": [], "truth": [], "mask": [], "cameras": [], "root": [], "root_truth": []}
    missed = 0
    for poses in moments:
        for index, view in enumerate(cameras):
            others = [i for i in range(len(cameras)) if i != index]
            for person in match_persons([cameras[i] for i in others], [poses[i] for i in others]):
                points = view.to_optical(person.points)
                pixels = view.camera.project(points)
                size = np.array([view.camera.width, view.camera.height])
                inside = np.all((pixels >= 0) & (pixels < size), axis=1)
                joints = COCO17_TO_H36M17.points(points)
                valid = np.isfinite(joints).all(axis=1)
                if inside.sum() < 6 or not valid[0]:
                    continue
                extent = pixels[inside].max(axis=0) - pixels[inside].min(axis=0)
                reference = np.where(inside[:, None], pixels, 0)[None]
                oks = pose_oks(reference, np.array([extent.prod()]), inside[None], poses[index].keypoints)[0]
                found = np.flatnonzero((oks >= MIN_OKS) & poses[index].has3d)
                if len(found) == 0:
                    missed += 1
                    continue
                best = found[np.argmax(oks[found])]
                predicted = poses[index].joints3d[best].astype(np.float64)
                mask = valid & np.isfinite(predicted).all(axis=1)
                mask[0] = False
                rows["predicted"].append(predicted)
                rows["truth"].append(joints - joints[0])
                rows["mask"].append(mask)
                rows["cameras"].append(index)
                rows["root"].append(poses[index].root[best])
                rows["root_truth"].append(joints[0])
    count = len(rows["mask"])
    return FootagePairs(
        np.array(rows["predicted"], np.float64).reshape(count, 17, 3),
        np.array(rows["truth"], np.float64).reshape(count, 17, 3),
        np.array(rows["mask"], bool).reshape(count, 17),
        np.array(rows["cameras"], np.int64),
        np.array(rows["root"], np.float64).reshape(count, 3),
        np.array(rows["root_truth"], np.float64).reshape(count, 3),
        missed,
    )
