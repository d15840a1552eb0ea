"""A model's predictions as truth for another: how far two models agree."""

import re
from pathlib import Path

import numpy as np

from orpose_models.datasets.mvor import image_root
from orpose_models.datasets.truth import NOT_LABELLED, VISIBLE, ImageTruth, Persons, Truth
from orpose_models.files.predictions import Predictions
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.poses import Poses
from orpose_models.vocabulary.skeletons import COCO17, H36M17

PERSON_SCORE = 0.3  # from which on a predicted person is to be found
JOINT_SCORE = 0.3  # from which on one of its joints is labelled
_LIMIT = re.compile(r"^(.+)@(\d*\.?\d+)$")


def read_model_labels(path: Path, images: Path | None = None) -> Truth:
    """Read a predictions file of orpose as annotations in 2D.

    Persons with a score from `PERSON_SCORE` on are to be found, with their joints from `JOINT_SCORE` on; whom the model
    was less sure of is ignored as a crowd is: neither to be found nor false.

    Args:
        path: the predictions file, and after an @ another limit of the persons' score, such as `predictions.json@0.2`.
        images: folder that the image names are relative to; by default looked for around the file.

    Raises:
        OrposeError: no predictions file, a limit beyond 1, or frames of a video, which cannot be read one by one.
    """
    given = _LIMIT.match(str(path))
    file, limit = (Path(given[1]), float(given[2])) if given else (path, PERSON_SCORE)
    if not 0 < limit <= 1:
        raise OrposeError(f"{path}: the limit of the persons' score must be above 0 and at most 1")
    predictions = Predictions.load(file)
    model = str(predictions.info.get("model", file.stem))
    factors = sorted({image.resolution.factor for image in predictions.images})
    labelled = tuple(
        ImageTruth(
            image.image_id,
            image.file_name,
            image.resolution.full,
            _persons(image.poses, limit),
            stamp_ns=image.stamp_ns,
        )
        for image in predictions.images
    )
    if any(re.search(r"#\d+$", image.file_name) for image in labelled):
        raise OrposeError(
            f"{file}: holds frames of a video; predict on a folder of its images, which another model can see too"
        )
    note = (
        f"the truth is what {model} found at {', '.join(f'{factor:g}x' for factor in factors)}: persons with scores "
        f"from {limit:g} on and their joints from {JOINT_SCORE:g} on; persons with lower scores are ignored"
    )
    root = images or (image_root(file, labelled[0].file_name) if labelled else file.parent)
    return Truth(f"labels of {Path(model).name}", COCO17, H36M17, labelled, root, (note,))


def _persons(poses: Poses, limit: float) -> Persons:
    ignored = poses.box_scores < limit
    # An ignored person without labelled joints would excuse everything around his box.
    labelled = poses.keypoint_scores >= np.where(ignored, np.finfo(np.float32).tiny, JOINT_SCORE)[:, None]
    return Persons.from_arrays(
        COCO17,
        H36M17,
        poses.boxes,
        ignore=ignored,
        keypoints=poses.keypoints,
        visibility=np.where(labelled, VISIBLE, NOT_LABELLED),
    )
