"""Datasets in COCO's layout: one's own annotations, and MVOR+; with optional fields for 3D, cameras and time.

docs/evaluation.md describes the optional fields.
"""

from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from orpose_models.datasets.mvor import ANNOTATIONS as MVOR_ANNOTATIONS
from orpose_models.datasets.mvor import image_root, locate, read_mvor
from orpose_models.datasets.truth import ImageTruth, Persons, Truth
from orpose_models.files.disk import read_json
from orpose_models.files.validation import Int64, Pixels, layout_error
from orpose_models.vocabulary.assignment import one_to_one
from orpose_models.vocabulary.cameras import Camera
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.similarity import box_iou
from orpose_models.vocabulary.skeletons import COCO17, H36M17, MVOR10, Skeleton

MVOR_PLUS_ANNOTATIONS = "camma_mvor_2019_color.json"

_Point = Annotated[list[float], Field(min_length=3, max_length=3)]


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
    width: Annotated[int, Field(gt=0)]
    height: Annotated[int, Field(gt=0)]
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
    by their number.

    Args:
        path: the annotation file.
        images: folder that file names are relative to; by default looked for around the file.
        name: what to call the dataset; by default the file's name.

    Raises:
        OrposeError: missing, not JSON, another layout, duplicate ids, unknown images, a wrong number of joints.
    """
    path = Path(path)
    try:
        file = _File.model_validate(read_json(path))
    except ValidationError as error:
        raise layout_error(path, error) from None
    category = _person_category(file.categories, path)
    skeleton = _skeleton(category, file.annotations, path)
    by_image: dict[int, list[_Annotation]] = {image.id: [] for image in file.images}
    if len(by_image) != len(file.images):
        raise OrposeError(f"{path}: image ids are not unique; give every image its own id")
    seen: set[int] = set()
    for annotation in file.annotations:
        if annotation.id in seen:
            raise OrposeError(f"{path}: annotation id {annotation.id} is used twice; give every annotation its own id")
        seen.add(annotation.id)
        if annotation.image_id not in by_image:
            raise OrposeError(
                f"{path}: annotation {annotation.id} is of image {annotation.image_id}, which the file has not"
            )
        if str(annotation.category_id) == str(category.id):
            by_image[annotation.image_id].append(annotation)
    truths = tuple(
        ImageTruth(
            image.id,
            image.file_name,
            (image.width, image.height),
            _persons(by_image[image.id], skeleton, path),
            camera_of(image, path),
            image.camera_name or (f"cam{image.cam_id}" if image.cam_id is not None else ""),
            image.group or (f"day{image.day_id}" if image.day_id is not None else ""),
            image.stamp_ns,
        )
        for image in sorted(file.images, key=lambda image: image.id)
    )
    root = Path(images) if images is not None else image_root(path, truths[0].file_name) if truths else path.parent
    notes = ("keypoints are compared as annotated, without a half-pixel shift",)
    return Truth(name or path.stem, skeleton, H36M17, truths, root, notes)


def read_mvor_plus(path: str | Path, images: str | Path | None = None) -> Truth:
    """Read MVOR+, MVOR with every person annotated in 2D with COCO's 17 joints.

    Where MVOR's own annotations lie beside it, their 3D and cameras are joined: images by file name, persons
    one-to-one by box IoU >= 0.5, best first.

    Args:
        path: the annotation file or a folder with it.
        images: folder that file names are relative to; by default looked for around the file.

    Raises:
        OrposeError: as `read_coco`.
    """
    path = locate(path, MVOR_PLUS_ANNOTATIONS)
    truth = read_coco(path, images, "MVOR+")
    beside = path.with_name(MVOR_ANNOTATIONS)
    if not beside.is_file():
        note = f"no 3D: {MVOR_ANNOTATIONS} does not lie beside the annotations"
        return Truth(truth.name, truth.skeleton, MVOR10, _with_3d(truth, None), truth.image_root, (*truth.notes, note))
    mvor = read_mvor(beside)
    note = "3D and cameras are MVOR's, persons joined one-to-one by box IoU >= 0.5"
    return Truth(truth.name, truth.skeleton, MVOR10, _with_3d(truth, mvor), truth.image_root, (*truth.notes, note))


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


def _with_3d(truth: Truth, mvor: Truth | None) -> tuple[ImageTruth, ...]:
    others = {image.file_name: image for image in mvor.images} if mvor else {}
    images = []
    for image in truth.images:
        persons, other = image.persons, others.get(image.file_name)
        joints3d = np.full((len(persons), len(MVOR10), 3), np.nan)
        flags3d = np.zeros((len(persons), len(MVOR10)), np.int64)
        if other is not None:
            source = other.persons.select(other.persons.has3d)
            for i, j in one_to_one(box_iou(persons.boxes, source.boxes), 0.5):
                joints3d[i], flags3d[i] = source.joints3d[j], source.visibility3d[j]
        joined = Persons(
            persons.boxes,
            persons.areas,
            persons.ignore,
            persons.keypoints,
            persons.visibility,
            joints3d,
            flags3d,
            persons.person_ids,
            persons.annotation_ids,
        )
        camera = image.camera or (other.camera if other else None)
        name = image.camera_name or (other.camera_name if other else "")
        group = image.group or (other.group if other else "")
        images.append(
            ImageTruth(image.image_id, image.file_name, image.size, joined, camera, name, group, image.stamp_ns)
        )
    return tuple(images)


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


def _persons(annotations: list[_Annotation], skeleton: Skeleton, path: Path) -> Persons:
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
    boxes = np.array([a.bbox for a in annotations]).reshape(n, 4)
    areas = [a.area if a.area is not None else a.bbox[2] * a.bbox[3] for a in annotations]
    boxes[:, 2:] += boxes[:, :2]
    return Persons.from_arrays(
        skeleton,
        H36M17,
        boxes,
        areas,
        [bool(a.iscrowd) for a in annotations],
        keypoints[..., :2],
        keypoints[..., 2],
        joints3d,
        flags3d,
        [a.person_id for a in annotations],
        [a.id for a in annotations],
    )


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
