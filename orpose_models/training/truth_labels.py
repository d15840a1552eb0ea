"""Ground truth as labels to train on, for students that do learn from annotations."""

from pathlib import Path
from typing import Any

import numpy as np

from orpose_models.datasets.truth import NOT_LABELLED, ImageTruth, Truth
from orpose_models.training.labels import ImageLabels, LabelSet
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.poses import Poses
from orpose_models.vocabulary.skeletons import COCO17, H36M17

ACCEPT = 0.5  # between the score of an annotated person, 1, and that of a region to be ignored, 0


def truth_labels(truth: Truth, teacher: str, settings: dict[str, Any]) -> LabelSet:
    """The annotated persons as soft and hard labels alike.

    Labelled joints, occluded ones too, have score 1, others 0. Persons without keypoints keep their box; regions
    marked as crowd become rejected persons, of which nothing is learned. 3D is relative to the pelvis.

    Args:
        truth: annotations with COCO's 17 joints.
        teacher: whose labels these are, in words; `settings` says how they were made. Both go into the file.

    Raises:
        OrposeError: the annotations have other joints.
    """
    if truth.skeleton.joints != COCO17.joints or truth.skeleton3d.joints != H36M17.joints:
        raise OrposeError(
            f"{truth.name}: labels are of COCO's 17 joints and of Human3.6M's in 3D, this dataset's are not"
        )
    images = [_image_labels(image) for image in truth.images]
    return LabelSet(images, [Path(truth.image_root)], {"accept": ACCEPT, "teacher": teacher, "settings": settings})


def _image_labels(image: ImageTruth) -> ImageLabels:
    persons = image.persons
    poses = Poses.from_arrays(
        persons.boxes,
        np.where(persons.ignore, 0.0, 1.0),
        persons.keypoints,
        (persons.visibility != NOT_LABELLED).astype(float),
        joints3d=persons.joints3d - persons.joints3d[:, :1],
    )
    return ImageLabels(
        image.image_id,
        image.file_name,
        image.size,
        poses,
        poses,
        0,
        image.camera,
        image.camera_name,
        image.group,
        image.stamp_ns,
    )
