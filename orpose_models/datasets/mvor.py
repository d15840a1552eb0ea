"""MVOR: 732 moments of real operations seen by three calibrated cameras, with boxes, 2D and 3D poses.

Srivastav et al., "MVOR: A Multi-view RGB-D Operating Room Dataset for 2D and 3D Human Pose Estimation",
MICCAI-LABELS 2018. The annotations are CC BY-NC-SA 4.0; nothing of them is part of this project.
"""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from orpose_models.datasets.truth import ImageTruth, Persons, Truth
from orpose_models.files.coco_head import annotations_by_image
from orpose_models.files.disk import read_json
from orpose_models.files.predictions import Predictions
from orpose_models.files.validation import layout_error
from orpose_models.vocabulary.cameras import Camera
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.poses import Poses
from orpose_models.vocabulary.skeletons import MVOR10

ANNOTATIONS = "camma_mvor_2018.json"
IMAGE_FOLDER = "camma_mvor_dataset"  # where the published archive puts day1 ... day4

_NOTES = (
    "MVOR keypoints are compared as annotated, without a half-pixel shift.",
    "MVOR images are undistorted: 3D projects onto the 2D annotations without the published lens coefficients "
    "(median 6.7 to 7.4 px), and worse with them; so cameras carry no distortion.",
)

_Matrix = Annotated[list[float], Field(min_length=16, max_length=16)]
_Pair = Annotated[list[float], Field(min_length=2, max_length=2)]


class _Strict(BaseModel):
    model_config = ConfigDict(allow_inf_nan=False)


class _Intrinsics(_Strict):
    focallength: _Pair
    principalpoint: _Pair
    imagesize: Annotated[list[int], Field(min_length=2, max_length=2)]


class _CameraParameters(_Strict):
    intrinsics: list[_Intrinsics]
    extrinsics: list[_Matrix]
    firstCamToRoomRef: _Matrix  # noqa: N815 - the file's name


class _Cameras(_Strict):
    camParams: _CameraParameters  # noqa: N815 - the file's name


class _Category(_Strict):
    keypoints: list[str]


class _Image(_Strict):
    id: int
    file_name: str
    width: Annotated[int, Field(gt=0)]
    height: Annotated[int, Field(gt=0)]
    cam_id: Annotated[int, Field(ge=1)]
    day_id: int


class _Annotation(_Strict):
    id: int
    image_id: int
    category_id: str  # "1", unlike COCO's number
    bbox: Annotated[list[float], Field(min_length=4, max_length=4)]
    keypoints: Annotated[list[float], Field(min_length=30, max_length=30)]
    only_bbox: int
    person_id: int


class _Annotation3D(_Strict):
    image_ids: str
    person_id: int
    keypoints3D: Annotated[list[float], Field(min_length=48, max_length=48)]  # noqa: N815 - the file's name


class _File(_Strict):
    categories: Annotated[list[_Category], Field(min_length=1)]
    cameras_info: _Cameras
    images: list[_Image]
    annotations: list[_Annotation]
    annotations3D: list[_Annotation3D]  # noqa: N815 - the file's name


def locate(path: str | Path, name: str = ANNOTATIONS) -> Path:
    """The annotation file: `path` itself, or `name` in it or in its folder 'annotations'.

    Raises:
        OrposeError: none of them exists.
    """
    path = Path(path)
    for candidate in (path, path / name, path / "annotations" / name):
        if candidate.is_file():
            return candidate
    raise OrposeError(f"{path}: no {name} here; give the folder that holds it, or the file itself")


def image_root(annotations: Path, first_image: str) -> Path:
    """Folder that image names are relative to: beside the annotations or one above, with or without `IMAGE_FOLDER`."""
    beside = annotations.parent
    for root in (beside, beside / IMAGE_FOLDER, beside.parent, beside.parent / IMAGE_FOLDER):
        if (root / first_image).is_file():
            return root
    return beside


def read_mvor(path: str | Path, images_folder: str | Path | None = None) -> Truth:
    """Read MVOR's annotations.

    Images carry their camera with the direction of gravity. 3D joints are in the frame of the camera
    that took the image, in metres: x_c = inv(E_c) x_1 with the file's extrinsics E_c, which map camera c
    to camera 1; the file's 12 joints are MVOR's 10 and two that are not used.

    Args:
        path: the annotation file or a folder with it.
        images_folder: folder that image names are relative to; by default looked for around the file.

    Raises:
        OrposeError: missing, not JSON, another layout; says where.
    """
    path = locate(path)
    file = _parse(path, TypeAdapter(_File))
    if tuple(file.categories[0].keypoints) != MVOR10.joints:
        raise OrposeError(f"{path}: categories.0.keypoints are not MVOR's ten joints {', '.join(MVOR10.joints)}")
    try:
        cameras, to_camera = _cameras(file.cameras_info.camParams, path)
        persons3d = {
            (int(image_id), annotation.person_id): np.reshape(annotation.keypoints3D, (12, 4))[: len(MVOR10)]
            for annotation in file.annotations3D
            for image_id in annotation.image_ids.split("_")
        }
    except ValueError as error:  # numpy's singular matrix is one, too
        raise OrposeError(f"{path}: cameras_info or annotations3D.image_ids: {error}") from None
    by_image = annotations_by_image(file.images, file.annotations, path)
    images = []
    for image in sorted(file.images, key=lambda image: image.id):
        if image.cam_id > len(cameras):
            raise OrposeError(f"{path}: image {image.id} is of camera {image.cam_id}, the file has {len(cameras)}")
        index = image.cam_id - 1
        if (image.width, image.height) != (cameras[index].width, cameras[index].height):
            raise OrposeError(f"{path}: image {image.id} is {image.width} x {image.height}, not as its camera")
        persons = _persons(by_image[image.id], persons3d, to_camera[index])
        size = image.width, image.height
        images.append(
            ImageTruth(
                image.id, image.file_name, size, persons, cameras[index], f"cam{image.cam_id}", f"day{image.day_id}"
            )
        )
    found = image_root(path, images[0].file_name) if images else path.parent
    root = Path(images_folder) if images_folder is not None else found
    return Truth("MVOR", MVOR10, MVOR10, tuple(images), root, _NOTES, "1")


def _parse(path: Path, adapter: TypeAdapter) -> Any:
    try:
        return adapter.validate_python(read_json(path))
    except ValidationError as error:
        raise layout_error(path, error) from None


def _cameras(parameters: _CameraParameters, path: Path) -> tuple[list[Camera], list[NDArray[np.float64]]]:
    """The cameras with gravity, and for each the (4, 4) transform from camera 1 to it (millimetres)."""
    if len(parameters.intrinsics) != len(parameters.extrinsics):
        raise OrposeError(f"{path}: cameras_info has different numbers of intrinsics and extrinsics")
    room = np.reshape(parameters.firstCamToRoomRef, (4, 4))
    cameras, to_camera = [], []
    for intrinsics, flat in zip(parameters.intrinsics, parameters.extrinsics, strict=True):
        extrinsics = np.reshape(flat, (4, 4))
        down = (room @ extrinsics)[:3, :3].T @ [0.0, 0.0, -1.0]  # the room's z axis points up
        width, height = intrinsics.imagesize
        (fx, fy), (cx, cy) = intrinsics.focallength, intrinsics.principalpoint
        camera = Camera(width, height, fx, fy, cx, cy)
        cameras.append(camera.with_gravity(down))
        to_camera.append(np.linalg.inv(extrinsics))
    return cameras, to_camera


def _persons(
    annotations: list[_Annotation],
    persons3d: dict[tuple[int, int], NDArray[np.float64]],
    to_camera: NDArray[np.float64],
) -> Persons:
    n, k = len(annotations), len(MVOR10)
    boxes = np.array([a.bbox for a in annotations]).reshape(n, 4)
    boxes[:, 2:] += boxes[:, :2]
    keypoints = np.array([a.keypoints for a in annotations]).reshape(n, k, 3)
    keypoints[[bool(a.only_bbox) for a in annotations], :, 2] = 0
    joints3d, visibility3d = np.full((n, k, 3), np.nan), np.zeros((n, k), np.int64)
    for i, annotation in enumerate(annotations):
        points = persons3d.get((annotation.image_id, annotation.person_id))
        if points is not None and annotation.person_id >= 0 and not annotation.only_bbox:
            joints3d[i] = (points[:, :3] @ to_camera[:3, :3].T + to_camera[:3, 3]) / 1000
            visibility3d[i] = points[:, 3]
    return Persons.from_arrays(
        MVOR10,
        MVOR10,
        boxes,
        keypoints=keypoints[..., :2],
        visibility=keypoints[..., 2],
        joints3d=joints3d,
        visibility3d=visibility3d,
        person_ids=[a.person_id for a in annotations],
        annotation_ids=[a.id for a in annotations],
    )


class _KeypointDetection(_Strict):
    image_id: int
    score: float
    coco_keypoints: Annotated[list[float], Field(min_length=51, max_length=51)]


def read_keypoint_detections(path: str | Path, truth: Truth) -> Predictions:
    """Read published keypoint detections (`openpose_kps.json`, `rtpose_kps.json`) with their COCO-17 keypoints.

    Keypoint scores are limited to 1 (OpenPose's reach 1.02); a missing joint has score 0. Persons' scores that are sums
    (RTPose's reach 496) are divided by the largest, which keeps their order. The file has no boxes: a person's box is
    the one around the joints that were found. MVOR's ten joints, which not every file has, are not read.

    Raises:
        OrposeError: missing, another layout, or an image that `truth` has not.
    """
    detections = _parse(Path(path), TypeAdapter(list[_KeypointDetection]))
    found = defaultdict(list)
    for detection in detections:
        found[_known(detection.image_id, truth, path)].append(detection)
    largest = max([1.0, *(detection.score for detection in detections)])
    poses = {}
    for image_id, persons in found.items():
        joints = np.array([p.coco_keypoints for p in persons]).reshape(-1, 17, 3)
        seen = joints[..., 2] > 0
        low = np.where(seen[..., None], joints[..., :2], np.inf).min(axis=1)
        high = np.where(seen[..., None], joints[..., :2], -np.inf).max(axis=1)
        boxes = np.where(np.any(seen, axis=1, keepdims=True), np.concatenate([low, high], axis=1), 0)
        scores = np.clip([p.score / largest for p in persons], 0, 1)
        poses[image_id] = Poses.from_arrays(boxes, scores, joints[..., :2], np.clip(joints[..., 2], 0, 1))
    notes = [f"the persons' scores are divided by the largest, {largest:.2f}"] if largest > 1 else []
    return truth.predictions(poses, detections_info(path, notes))


def detections_info(path: str | Path, notes: Sequence[str] = ()) -> dict[str, Any]:
    """What is said about predictions of another program, which name images by their numbers."""
    return {"detections": Path(path).name, "images_by": "number", "notes": list(notes)}


def _known(image_id: int, truth: Truth, path: str | Path) -> int:
    if image_id not in truth.by_image_id:
        raise OrposeError(f"{path}: a detection is of image {image_id}, which {truth.name} has not")
    return image_id
