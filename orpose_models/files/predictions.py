"""The predictions file: persons of many images in COCO's layout, with 3D. Written by every model, read by evaluation.

The layout is described in docs/predictions.md; `SCHEMA` counts its incompatible changes.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from math import isfinite
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from orpose_models.files.coco_head import annotations_by_image, person_category
from orpose_models.files.disk import read_json, write_json
from orpose_models.files.validation import Int64, Metres, Pixels, Side, layout_error
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.poses import Poses
from orpose_models.vocabulary.resolution import Resolution

SCHEMA = 1
KIND = "orpose-predictions"


@dataclass(frozen=True)
class ImagePrediction:
    """The persons found in one image.

    Attributes:
        image_id: number of the image, unique in the file.
        file_name: name of the image, relative to its folder; for a video, NAME#FRAME.
        resolution: size of the original and of what the model saw.
        poses: the persons.
        stamp_ns: acquisition time in nanoseconds where known (video position, bag stamp).
    """

    image_id: int
    file_name: str
    resolution: Resolution
    poses: Poses
    stamp_ns: int | None = None

    def as_filed(self) -> "ImagePrediction":
        """What comes back from a predictions file, which rounds: figures must not depend on whether it was read."""
        annotations = [_Annotation.model_validate(a) for a in _to_annotations(self, first_id=1)]
        return replace(self, poses=_to_poses(annotations))


@dataclass
class Predictions:
    """All predictions of one run. `info` says which model made them and with what settings."""

    images: list[ImagePrediction]
    info: dict[str, Any] = field(default_factory=dict)

    def by_image_id(self) -> dict[int, ImagePrediction]:
        """The predictions by image number."""
        return {image.image_id: image for image in self.images}

    def save(self, path: str | Path) -> None:
        """Write the file, atomically."""
        annotations: list[dict[str, Any]] = []
        for image in self.images:
            annotations.extend(_to_annotations(image, first_id=len(annotations) + 1))
        images = [_to_image(image) for image in self.images]
        info = {**self.info, "kind": KIND, "schema": SCHEMA}
        content = {"info": info, "categories": [person_category()], "images": images, "annotations": annotations}
        write_json(path, content)

    @classmethod
    def load(cls, path: str | Path) -> "Predictions":
        """Read a predictions file.

        Raises:
            OrposeError: missing, not JSON, another layout, or values that break the layout; says where.
        """
        raw = read_json(path)
        info = raw.get("info") if isinstance(raw, dict) else None
        if not isinstance(info, dict) or info.get("kind") != KIND:
            raise OrposeError(f"{path}: not a predictions file of orpose (no info.kind = {KIND!r})")
        if info.get("schema") != SCHEMA:
            raise OrposeError(f"{path}: schema {info.get('schema')!r} is not the one this version reads ({SCHEMA})")
        try:
            document = _File.model_validate(raw)
        except ValidationError as error:
            raise layout_error(path, error) from None
        persons = annotations_by_image(document.images, document.annotations, path)
        images = [_to_prediction(image, persons[image.id]) for image in document.images]
        return cls(images, document.info)


_Score = Annotated[float, Field(ge=0, le=1)]
_Joints = Annotated[list[_Score], Field(min_length=17, max_length=17)]
_Point = Annotated[list[Metres], Field(min_length=3, max_length=3)]


class _Annotation(BaseModel):
    model_config = ConfigDict(allow_inf_nan=False)
    id: Int64
    image_id: Int64
    category_id: Literal[1]
    bbox: Annotated[list[Pixels], Field(min_length=4, max_length=4)]
    score: _Score
    keypoints: Annotated[list[Pixels], Field(min_length=51, max_length=51)]
    scores_hard: _Joints
    scores_soft: _Joints
    joints3d: Annotated[list[_Point | None], Field(min_length=17, max_length=17)]
    root: _Point | None
    root_std: Metres | None
    track_id: Int64

    @field_validator("keypoints")
    @classmethod
    def _scored(cls, keypoints: list[float]) -> list[float]:
        if not all(0 <= score <= 1 for score in keypoints[2::3]):
            raise ValueError("every third number is a score and must be within 0..1")
        return keypoints


class _Image(BaseModel):
    model_config = ConfigDict(allow_inf_nan=False)
    id: Int64
    file_name: str
    width: Side
    height: Side
    seen_width: Side
    seen_height: Side
    downsample: float
    stamp_ns: Int64 | None


class _File(BaseModel):
    info: dict[str, Any]
    images: list[_Image]
    annotations: list[_Annotation]


def _rounded(values: Iterable[float], digits: int) -> list[float]:
    return [round(float(value), digits) for value in values]


def _to_image(image: ImagePrediction) -> dict[str, Any]:
    return {
        "id": image.image_id,
        "file_name": image.file_name,
        "width": image.resolution.full[0],
        "height": image.resolution.full[1],
        "seen_width": image.resolution.seen[0],
        "seen_height": image.resolution.seen[1],
        "downsample": image.resolution.factor,
        "stamp_ns": image.stamp_ns,
    }


def _to_prediction(image: _Image, annotations: list[_Annotation]) -> ImagePrediction:
    resolution = Resolution((image.width, image.height), (image.seen_width, image.seen_height), image.downsample)
    return ImagePrediction(image.id, image.file_name, resolution, _to_poses(annotations), image.stamp_ns)


def _to_annotations(image: ImagePrediction, first_id: int) -> list[dict[str, Any]]:
    poses = image.poses
    annotations = []
    for i in range(len(poses)):
        x_min, y_min, x_max, y_max = (float(v) for v in poses.boxes[i])
        keypoints = np.concatenate([poses.keypoints[i], poses.keypoint_scores[i][:, None]], axis=1)
        root_std = float(poses.root_std[i])
        annotations.append(
            {
                "id": first_id + i,
                "image_id": image.image_id,
                "category_id": 1,
                "bbox": _rounded((x_min, y_min, x_max - x_min, y_max - y_min), 3),
                "score": round(float(poses.box_scores[i]), 5),
                "keypoints": _rounded(keypoints.ravel(), 4),
                "scores_hard": _rounded(poses.scores_hard[i], 4),
                "scores_soft": _rounded(poses.scores_soft[i], 4),
                "joints3d": [_rounded(p, 4) if np.isfinite(p).all() else None for p in poses.joints3d[i]],
                "root": _rounded(poses.root[i], 4) if np.isfinite(poses.root[i]).all() else None,
                "root_std": round(root_std, 4) if isfinite(root_std) else None,
                "track_id": int(poses.ids[i]),
            }
        )
    return annotations


def _to_poses(annotations: list[_Annotation]) -> Poses:
    if not annotations:
        return Poses.empty()
    unknown = [np.nan] * 3
    boxes = np.array([a.bbox for a in annotations], np.float32)
    boxes[:, 2:] += boxes[:, :2]
    keypoints = np.array([a.keypoints for a in annotations], np.float32).reshape(-1, 17, 3)
    return Poses.from_arrays(
        boxes,
        [a.score for a in annotations],
        keypoints[..., :2],
        keypoints[..., 2],
        scores_hard=[a.scores_hard for a in annotations],
        scores_soft=[a.scores_soft for a in annotations],
        joints3d=[[p or unknown for p in a.joints3d] for a in annotations],
        root=[a.root or unknown for a in annotations],
        root_std=[np.nan if a.root_std is None else a.root_std for a in annotations],
        ids=[a.track_id for a in annotations],
    )
