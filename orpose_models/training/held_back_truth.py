"""The part of the training material that is kept to measure with, the teacher's labels taken for true."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from orpose_models.datasets.truth import NOT_LABELLED, VISIBLE, ImageTruth, Persons, Truth
from orpose_models.training.labels import ImageLabels, LabelSet
from orpose_models.training.training_images import chosen_images
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.skeletons import COCO17, H36M17

NAME = "held_back"


def held_back_truth(files: Sequence[Path], patterns: Sequence[str], accept: float | None) -> Truth:
    """Images of some files of labels whose names are of a pattern; see `train_config.DataSettings.held_back`.

    Joints of the hard set count as visible, the others as not labelled. Rejected persons are neither to be found nor
    held against anybody.

    Args:
        files: files of labels.
        patterns: of names.
        accept: score from which on a person is taken to be there; that of each file if None.

    Raises:
        OrposeError: no image has such a name.
    """
    found: list[tuple[Path, ImageLabels, float]] = []
    for file in dict.fromkeys(files):
        labels = LabelSet.load(file)
        limit = labels.accept if accept is None else accept
        found += [(labels.path_of(image), image, limit) for image in chosen_images(labels, patterns)]
    if not patterns or not found:
        raise OrposeError("evaluation.dataset: held_back: no image has a name that data.held_back asks for")
    root = Path(os.path.commonpath([path.parent for path, _, _ in found]))
    images = tuple(
        _truth(i + 1, path.relative_to(root).as_posix(), image, limit) for i, (path, image, limit) in enumerate(found)
    )
    return Truth(NAME, COCO17, H36M17, images, root, ("The teacher's labels are taken for true.",))


def _truth(number: int, name: str, image: ImageLabels, accept: float) -> ImageTruth:
    soft, hard = image.soft, image.hard
    accepted = soft.box_scores >= accept
    persons = Persons.from_arrays(
        COCO17,
        H36M17,
        soft.boxes,
        ignore=~accepted,
        keypoints=soft.keypoints,
        visibility=np.where((hard.keypoint_scores > 0) & accepted[:, None], VISIBLE, NOT_LABELLED),
    )
    return ImageTruth(number, name, image.size, persons, image.camera, image.camera_name, image.group, image.stamp_ns)
