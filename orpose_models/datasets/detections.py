"""Predictions of other programs: COCO's list of results, and the detections published with MVOR."""

from collections import Counter, defaultdict
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from orpose_models.datasets.mvor import detections_info, read_keypoint_detections
from orpose_models.datasets.truth import Truth
from orpose_models.files.disk import read_json
from orpose_models.files.predictions import Predictions
from orpose_models.files.validation import Pixels, layout_error
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.poses import Poses


class _Result(BaseModel):
    model_config = ConfigDict(allow_inf_nan=False)
    image_id: int
    category_id: int | str | None = None
    score: Annotated[float, Field(ge=0, le=1)]
    bbox: Annotated[list[Pixels], Field(min_length=4, max_length=4)] | None = None
    keypoints: Annotated[list[Pixels], Field(min_length=51, max_length=51)] | None = None


def read_predictions(path: str | Path, truth: Truth) -> Predictions:
    """Read a predictions file of orpose, a list of COCO results, or detections published with MVOR.

    COCO results are one record per person with `image_id`, `score` and `bbox` (x, y, width, height),
    `keypoints` (17 x (x, y, score)) or both. Where they have a `category_id`, those of other categories than the
    dataset's persons are left out; `info["notes"]` counts them.

    Raises:
        OrposeError: missing, none of these layouts, values that break it, an image that `truth` has not, or nothing of
            the category of persons.
    """
    raw = read_json(path)
    if isinstance(raw, dict):
        return Predictions.load(path)
    if not isinstance(raw, list):
        raise OrposeError(f"{path}: neither a predictions file of orpose nor a list of COCO results")
    if raw and isinstance(raw[0], dict) and "coco_keypoints" in raw[0]:
        return read_keypoint_detections(path, truth)
    try:
        results = TypeAdapter(list[_Result]).validate_python(raw)
    except ValidationError as error:
        raise layout_error(path, error) from None
    person = str(truth.person_category)
    others = Counter(str(r.category_id) for r in results if r.category_id is not None)
    del others[person]
    if results and others.total() == len(results):
        raise OrposeError(
            f"{path}: nothing is of category {person}, the persons of {truth.name}; categories here: "
            f"{', '.join(sorted(others))}"
        )
    by_image: dict[int, list[_Result]] = defaultdict(list)
    for number, result in enumerate(results):
        if result.category_id is not None and str(result.category_id) != person:
            continue
        if result.image_id not in truth.by_image_id:
            raise OrposeError(f"{path}: {number}: is of image {result.image_id}, which {truth.name} has not")
        if result.bbox is not None and min(result.bbox[2:]) < 0:
            raise OrposeError(f"{path}: {number}: the box has a negative width or height; it is x, y, width, height")
        if result.bbox is None and result.keypoints is None:
            raise OrposeError(f"{path}: {number}: has neither bbox nor keypoints")
        by_image[result.image_id].append(result)
    left_out = f"{others.total()} results of other categories ({', '.join(sorted(others))}) are left out"
    info = detections_info(path, [left_out] if others else [])
    return truth.predictions({image_id: _poses(persons) for image_id, persons in by_image.items()}, info)


def _poses(results: list[_Result]) -> Poses:
    joints = np.array([r.keypoints or [0.0] * 51 for r in results]).reshape(-1, 17, 3)
    boxes = np.zeros((len(results), 4))
    for i, result in enumerate(results):
        seen = joints[i, joints[i, :, 2] > 0, :2]
        x, y, width, height = result.bbox or (0.0, 0.0, 0.0, 0.0)
        boxes[i] = x, y, x + width, y + height
        if len(seen) and width * height == 0:
            boxes[i] = *seen.min(axis=0), *seen.max(axis=0)
    scores = np.clip(joints[..., 2], 0, 1)
    return Poses.from_arrays(boxes, [r.score for r in results], joints[..., :2], scores)
