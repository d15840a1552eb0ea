"""Datasets in COCO's layout, one's own annotations say, with optional fields for 3D, cameras and time.

docs/evaluation.md describes the optional fields.
"""

from collections import Counter
from pathlib import Path
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from orpose_models.datasets.mvor import image_root, locate
from orpose_models.datasets.truth import NOT_LABELLED, ImageTruth, Persons, Truth
from orpose_models.files.coco_head import annotations_by_image
from orpose_models.files.disk import read_json
from orpose_models.files.validation import Int64, Metres, Pixels, Side, layout_error
from orpose_models.vocabulary.cameras import Camera
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.skeletons import COCO17, H36M17, MVOR10, Skeleton

# What is done about annotations as some tools export them, for the dataset's notes.
OTHER_CATEGORIES = "annotations of other categories are left out"
NO_BOX = "persons without a box have the one around their labelled joints"
NO_AREA = "areas of 0 are replaced by the area of the box"

_Point = Annotated[list[Metres], Field(min_length=3, max_length=3)]


class _Strict(BaseModel):
    model_config = ConfigDict(allow_inf_nan=False)


class _Category(_Strict):
    id: int | str
    name: str = "person"
    keypoints: list[str] = []


class CameraRecord(_Strict):
    """Intrinsics and gravity of an image's camera, as files hold them."""

    fx: float
    fy: float
    cx: float
    cy: float
    distortion: list[float] = []
    gravity: tuple[float, float, float] | None = None


class ImageRecord(_Strict):
    """An image, as files hold it."""

    id: Int64
    file_name: str
    width: Side
    height: Side
    camera: CameraRecord | None = None
    camera_name: str | None = None
    cam_id: int | None = None  # MVOR's
    day_id: int | None = None  # MVOR's
    group: str | None = None
    stamp_ns: Int64 | None = None


class _Annotation(_Strict):
    id: Int64
    image_id: Int64
    category_id: int | str
    bbox: Annotated[list[Pixels], Field(min_length=4, max_length=4)]
    area: Annotated[float, Field(ge=0)] | None = None
    iscrowd: int = 0
    keypoints: list[Pixels] | None = None
    only_bbox: int = 0
    person_id: Int64 = -1
    joints3d: list[_Point | None] | None = None
    visibility3d: list[Annotated[int, Field(ge=0, le=2)]] | None = None


class _File(_Strict):
    categories: Annotated[list[_Category], Field(min_length=1)]
    images: list[ImageRecord]
    annotations: list[_Annotation]


def read_coco(path: str | Path, images: str | Path | None = None, name: str | None = None) -> Truth:
    """Read annotations in COCO's layout.

    The persons are of the category named 'person', or of the only one. Category ids may be numbers or
    strings. The joints are COCO's seventeen or MVOR's ten, by the category's list of names; without one,
    by their number. An area of 0 is replaced by the box's, an empty box by the one around the labelled joints; the
    dataset's notes count these, and what is left out because it is of another category.

    Args:
        path: the annotation file.
        images: folder that file names are relative to; by default looked for around the file.
        name: what to call the dataset; by default the file's name.

    Raises:
        OrposeError: missing, not JSON, another layout, duplicate ids, unknown images, a wrong number of joints, an
            empty box without joints to make one of.
    """
    path = Path(path)
    try:
        file = _File.model_validate(read_json(path))
    except ValidationError as error:
        raise layout_error(path, error) from None
    category = _person_category(file.categories, path)
    skeleton = _skeleton(category, file.annotations, path)
    repairs: Counter[str] = Counter()
    truths = []
    by_image = annotations_by_image(file.images, file.annotations, path)
    for image in sorted(file.images, key=lambda image: image.id):
        mine = [a for a in by_image[image.id] if str(a.category_id) == str(category.id)]
        repairs[OTHER_CATEGORIES] += len(by_image[image.id]) - len(mine)
        truths.append(
            ImageTruth(
                image.id,
                image.file_name,
                (image.width, image.height),
                _persons(mine, skeleton, path, repairs),
                camera_of(image, path),
                image.camera_name or (f"cam{image.cam_id}" if image.cam_id is not None else ""),
                image.group or (f"day{image.day_id}" if image.day_id is not None else ""),
                image.stamp_ns,
            )
        )
    root = Path(images) if images is not None else image_root(path, truths[0].file_name) if truths else path.parent
    notes = ("keypoints are compared as annotated, without a half-pixel shift",)
    said = tuple(f"{number} {what}" for what, number in repairs.items() if number)
    return Truth(name or path.stem, skeleton, H36M17, tuple(truths), root, notes + said, category.id)


def read_simulated(path: str | Path, images: str | Path | None = None) -> Truth:
    """Read a split of the simulated operating room, or its everyday scenes: COCO's layout with 3D and cameras.

    Args:
        path: the split's folder, or its annotation file.
        images: folder that file names are relative to; by default looked for around the file.

    Raises:
        OrposeError: as `read_coco`.
    """
    path = locate(path, "annotations.json")
    split = path.parent.name
    return read_coco(path, images, f"simulated {'everyday scenes' if split == 'everyday' else f'OR, split {split}'}")


def _person_category(categories: list[_Category], path: Path) -> _Category:
    named = [category for category in categories if category.name == "person"]
    if len(named) == 1:
        return named[0]
    if len(categories) == 1:
        return categories[0]
    raise OrposeError(f"{path}: categories: exactly one must be named 'person', got {[c.name for c in categories]}")


def _skeleton(category: _Category, annotations: list[_Annotation], path: Path) -> Skeleton:
    known = (COCO17, MVOR10)
    if category.keypoints:
        for skeleton in known:
            if tuple(category.keypoints) == skeleton.joints:
                return skeleton
        raise OrposeError(f"{path}: categories: the joints are neither COCO's seventeen nor MVOR's ten, in their order")
    lengths = {len(a.keypoints) for a in annotations if a.keypoints}
    for skeleton in known:
        if lengths == {3 * len(skeleton)}:
            return skeleton
    if not lengths:
        return COCO17
    raise OrposeError(f"{path}: annotations have {sorted(lengths)} keypoint numbers, expected 51 (COCO) or 30 (MVOR)")


def _persons(annotations: list[_Annotation], skeleton: Skeleton, path: Path, repairs: Counter[str]) -> Persons:
    n, k = len(annotations), len(skeleton)
    keypoints = np.zeros((n, k, 3))
    joints3d = np.full((n, len(H36M17), 3), np.nan)
    flags3d = np.full((n, len(H36M17)), 2)
    for i, annotation in enumerate(annotations):
        where = f"{path}: annotation {annotation.id}"
        if annotation.bbox[2] < 0 or annotation.bbox[3] < 0:
            raise OrposeError(f"{where}: the box has a negative width or height; COCO's boxes are x, y, width, height")
        if annotation.keypoints and not annotation.only_bbox:
            if len(annotation.keypoints) != 3 * k:
                raise OrposeError(f"{where} has {len(annotation.keypoints)} keypoint numbers, expected {3 * k}")
            keypoints[i] = np.reshape(annotation.keypoints, (k, 3))
            if not np.isin(keypoints[i, :, 2], (0, 1, 2)).all():
                raise OrposeError(f"{where}: keypoint flags must be 0 (not labelled), 1 (occluded) or 2 (visible)")
        if annotation.joints3d is not None:
            flags = annotation.visibility3d
            if len(annotation.joints3d) != len(H36M17) or (flags is not None and len(flags) != len(H36M17)):
                raise OrposeError(f"{where}: joints3d and visibility3d must have {len(H36M17)} entries (Human3.6M)")
            joints3d[i] = [point or [np.nan] * 3 for point in annotation.joints3d]
            flags3d[i] = flags if flags is not None else 2
    placed = [_box_and_area(a, points, path, repairs) for a, points in zip(annotations, keypoints, strict=True)]
    return Persons.from_arrays(
        skeleton,
        H36M17,
        [box for box, _ in placed],
        [area for _, area in placed],
        [bool(a.iscrowd) for a in annotations],
        keypoints[..., :2],
        keypoints[..., 2],
        joints3d,
        flags3d,
        [a.person_id for a in annotations],
        [a.id for a in annotations],
    )


def _box_and_area(
    annotation: _Annotation, keypoints: NDArray[np.float64], path: Path, repairs: Counter[str]
) -> tuple[list[float], float]:
    """The box x_min, y_min, x_max, y_max and the area in square pixels; what had to be replaced is counted."""
    x, y, width, height = annotation.bbox
    if width * height <= 0:
        points = keypoints[keypoints[:, 2] > NOT_LABELLED, :2]
        (x, y), (width, height) = (points.min(axis=0), np.ptp(points, axis=0)) if len(points) else ((x, y), (0, 0))
        if width * height <= 0:
            raise OrposeError(
                f"{path}: annotation {annotation.id}: the box is empty, and there are no joints to make one of; "
                "give bbox as x, y, width, height, or remove the annotation"
            )
        repairs[NO_BOX] += 1
    elif annotation.area == 0:
        repairs[NO_AREA] += 1
    return [x, y, x + width, y + height], annotation.area or width * height


def camera_of(image: ImageRecord, path: Path) -> Camera | None:
    """The camera of an image of the file `path`, where it is known.

    Raises:
        OrposeError: the values make no camera.
    """
    if image.camera is None:
        return None
    try:
        return Camera(
            image.width,
            image.height,
            image.camera.fx,
            image.camera.fy,
            image.camera.cx,
            image.camera.cy,
            tuple(image.camera.distortion),
            image.camera.gravity,
        )
    except ValueError as error:
        raise OrposeError(f"{path}: image {image.id}: camera: {error}") from None
