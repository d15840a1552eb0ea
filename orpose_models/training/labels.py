"""The file of pseudo-labels: COCO's layout with two sets of labels, soft and hard, in 2D and 3D.

The layout is described in docs/training.md; `SCHEMA` counts its incompatible changes.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from orpose_models.datasets.coco import CameraRecord, ImageRecord, camera_of
from orpose_models.files.coco_head import annotations_by_image, person_category
from orpose_models.files.disk import read_json, write_json
from orpose_models.files.validation import InnerPath, Int64, Metres, Pixels
from orpose_models.vocabulary.cameras import Camera
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.poses import Poses
from orpose_models.vocabulary.resolution import Size

KIND = "orpose-labels"
SCHEMA = 1


@dataclass(frozen=True, eq=False)
class ImageLabels:
    """One image and what the teacher found in it.

    Attributes:
        image_id: its number, unique in the file.
        file_name: its name, relative to the folder of its source.
        size: width, height in pixels.
        soft, hard: the persons with both sets of labels, see `teacher.TeacherLabels`.
        source: index of its source in `LabelSet.folders`.
        camera: intrinsics and gravity, where known.
        camera_name, group, stamp_ns: as in `datasets.truth.ImageTruth`.
    """

    image_id: int
    file_name: str
    size: Size
    soft: Poses
    hard: Poses
    source: int = 0
    camera: Camera | None = None
    camera_name: str = ""
    group: str = ""
    stamp_ns: int | None = None


@dataclass
class LabelSet:
    """All labels of one file.

    Attributes:
        images: the images, those without persons too.
        folders: of each source, the folder that holds its images.
        info: teacher, its hash and the settings that the labels were made with.
    """

    images: list[ImageLabels]
    folders: list[Path]
    info: dict[str, Any] = field(default_factory=dict)

    @property
    def accept(self) -> float:
        """The score from which on the file's maker takes a person to be there."""
        return float(self.info.get("accept", 0.0))

    def path_of(self, image: ImageLabels) -> Path:
        """Where an image lies."""
        return self.folders[image.source] / image.file_name

    def save(self, path: str | Path) -> None:
        """Write the file, atomically; folders are noted relative to it."""
        base = Path(path).resolve().parent
        annotations: list[dict[str, Any]] = []
        for image in self.images:
            annotations.extend(to_annotations(image, first_id=len(annotations) + 1))
        folders = [os.path.relpath(folder.resolve(), base) for folder in self.folders]
        info = {**self.info, "kind": KIND, "schema": SCHEMA, "folders": folders}
        images = [to_record(image) for image in self.images]
        content = {"info": info, "categories": [person_category()], "images": images, "annotations": annotations}
        write_json(path, content)

    @classmethod
    def load(cls, path: str | Path) -> "LabelSet":
        """Read a file of pseudo-labels.

        Raises:
            OrposeError: missing, not JSON, another layout, or values that break the layout; says where.
        """
        path = Path(path)
        raw = read_json(path)
        if not isinstance(raw, dict) or not isinstance(raw.get("info"), dict) or raw["info"].get("kind") != KIND:
            raise OrposeError(f"{path}: not a file of pseudo-labels (no info.kind = {KIND!r}); make one: orpose teach")
        if raw["info"].get("schema") != SCHEMA:
            raise OrposeError(f"{path}: schema {raw['info'].get('schema')!r} is not the one that is read ({SCHEMA})")
        try:
            document = _File.model_validate(raw)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            raise OrposeError(f"{path}: {where}: {first['msg']} ({error.error_count()} such problems)") from None
        persons = annotations_by_image(document.images, document.annotations, path)
        folders = [(path.parent / folder).resolve() for folder in document.info.folders]
        for image in document.images:
            if not 0 <= image.source < len(folders):
                raise OrposeError(f"{path}: image {image.id} is of source {image.source}, which the file has not")
        return cls([_to_labels(image, persons[image.id], path) for image in document.images], folders, raw["info"])


def to_record(image: ImageLabels) -> dict[str, Any]:
    """The image's entry in the file."""
    return {
        "id": image.image_id,
        "file_name": image.file_name,
        "width": image.size[0],
        "height": image.size[1],
        "source": image.source,
        "camera": _camera_record(image.camera),
        "camera_name": image.camera_name,
        "group": image.group,
        "stamp_ns": image.stamp_ns,
    }


def to_annotations(image: ImageLabels, first_id: int) -> list[dict[str, Any]]:
    """The persons' entries in the file, numbered from `first_id`."""
    annotations = []
    soft, hard = image.soft, image.hard
    for i in range(len(soft)):
        x_min, y_min, x_max, y_max = (float(v) for v in soft.boxes[i])
        flags = np.where(hard.keypoint_scores[i] > 0, 2, np.where(soft.keypoint_scores[i] > 0, 1, 0))
        points = np.round(soft.keypoints[i].astype(float), 3)
        annotations.append(
            {
                "id": first_id + i,
                "image_id": image.image_id,
                "category_id": 1,
                "iscrowd": 0,
                "bbox": _rounded((x_min, y_min, x_max - x_min, y_max - y_min), 3),
                "area": round((x_max - x_min) * (y_max - y_min), 2),
                "score": round(float(soft.box_scores[i]), 5),
                "keypoints": [v for (x, y), f in zip(points.tolist(), flags.tolist(), strict=True) for v in (x, y, f)],
                "num_keypoints": int((flags > 0).sum()),
                "scores_soft": _rounded(soft.keypoint_scores[i], 4),
                "scores_hard": _rounded(hard.keypoint_scores[i], 4),
                "joints3d_soft": _points(soft.joints3d[i]),
                "joints3d_hard": _points(hard.joints3d[i]),
            }
        )
    return annotations


def from_entry(record: Any, annotations: Any, path: Path) -> ImageLabels:
    """An image and its persons from their entries.

    Raises:
        ValueError: they break the layout.
        OrposeError: the camera's values make no camera.
    """
    return _to_labels(_Image.model_validate(record), [_Annotation.model_validate(a) for a in annotations], path)


_Score = Annotated[float, Field(ge=0, le=1)]
_Scores = Annotated[list[_Score], Field(min_length=17, max_length=17)]
_Point = Annotated[list[Metres], Field(min_length=3, max_length=3)]
_Points = Annotated[list[_Point | None], Field(min_length=17, max_length=17)]
_Side = Annotated[float, Field(ge=0, le=1e6)]


class _Annotation(BaseModel):
    model_config = ConfigDict(allow_inf_nan=False)
    id: Int64
    image_id: Int64
    category_id: Literal[1]
    bbox: tuple[Pixels, Pixels, _Side, _Side]
    score: _Score
    keypoints: Annotated[list[Pixels], Field(min_length=51, max_length=51)]
    scores_soft: _Scores
    scores_hard: _Scores
    joints3d_soft: _Points
    joints3d_hard: _Points


class _Image(ImageRecord):
    file_name: InnerPath
    source: int


class _Info(BaseModel):
    folders: list[str]
    accept: float = Field(0.0, ge=0, le=1)


class _File(BaseModel):
    info: _Info
    images: list[_Image]
    annotations: list[_Annotation]


def _to_labels(image: _Image, annotations: Sequence[_Annotation], path: Path) -> ImageLabels:
    boxes = np.array([a.bbox for a in annotations], np.float32).reshape(-1, 4)
    boxes[:, 2:] += boxes[:, :2]
    keypoints = np.array([a.keypoints for a in annotations], np.float32).reshape(-1, 17, 3)[..., :2]
    scores = {"soft": [a.scores_soft for a in annotations], "hard": [a.scores_hard for a in annotations]}
    joints = {"soft": [a.joints3d_soft for a in annotations], "hard": [a.joints3d_hard for a in annotations]}
    both = {
        name: Poses.from_arrays(
            boxes,
            [a.score for a in annotations],
            keypoints,
            scores[name],
            scores_hard=scores["hard"],
            scores_soft=scores["soft"],
            joints3d=[[p or [np.nan] * 3 for p in person] for person in joints[name]],
        )
        for name in ("soft", "hard")
    }
    return ImageLabels(
        image.id,
        image.file_name,
        (image.width, image.height),
        both["soft"],
        both["hard"],
        image.source,
        camera_of(image, path),
        image.camera_name or "",
        image.group or "",
        image.stamp_ns,
    )


def _camera_record(camera: Camera | None) -> dict[str, Any] | None:
    if camera is None:
        return None
    return CameraRecord(
        fx=camera.fx,
        fy=camera.fy,
        cx=camera.cx,
        cy=camera.cy,
        distortion=list(camera.distortion),
        gravity=camera.gravity,
    ).model_dump()


def _rounded(values: Sequence[float] | NDArray[np.float32], digits: int) -> list[float]:
    return [round(float(value), digits) for value in values]


def _points(joints: NDArray[np.float32]) -> list[list[float] | None]:
    return [_rounded(point, 4) if np.isfinite(point).all() else None for point in joints]
