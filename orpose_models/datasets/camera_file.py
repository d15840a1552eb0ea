"""Camera files, the YAML that ROS camera calibration writes, and the camera of images of any size."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from typing_extensions import Self

from orpose_models.datasets.multiview import read_qualisys
from orpose_models.files.disk import read_yaml
from orpose_models.files.names import printable
from orpose_models.files.validation import layout_error
from orpose_models.vocabulary.cameras import Camera, gravity_from_tilt, usual_distortion
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.resolution import Size


class _Matrix(BaseModel):
    rows: int
    cols: int
    data: Annotated[list[float], Field(max_length=16)]


class _CameraFile(BaseModel):
    model_config = ConfigDict(allow_inf_nan=False)
    image_width: Annotated[int, Field(gt=0)]
    image_height: Annotated[int, Field(gt=0)]
    camera_matrix: _Matrix
    distortion_model: str = "plumb_bob"
    distortion_coefficients: _Matrix | None = None
    rectification_matrix: _Matrix | None = None
    projection_matrix: _Matrix | None = None
    gravity: Annotated[list[float], Field(min_length=3, max_length=3)] | None = None


def read_camera(path: str | Path, rectified: bool = False) -> Camera:
    """Read intrinsics in the layout of camera_calibration's `ost.yaml`.

    A key `gravity: [x, y, z]` of ours may be added: the direction things fall in, in the optical axes of the camera as
    it is, before rectification.

    Args:
        path: the file.
        rectified: whether the images are; their camera is `projection_matrix` and has no distortion. Else it is
            `camera_matrix` with the distortion.

    Raises:
        OrposeError: missing, not YAML, keys missing or values that make no camera; says which.
    """
    path = Path(path)
    try:
        file = _CameraFile.model_validate(read_yaml(path))
        return (_rectified_camera if rectified else _camera)(file)
    except ValidationError as error:
        raise layout_error(path, error) from None
    except ValueError as error:
        raise OrposeError(f"{printable(path)}: {error}") from None


def _camera(file: _CameraFile) -> Camera:
    k = _numbers("camera_matrix", file.camera_matrix, 9)
    coefficients = file.distortion_coefficients.data if file.distortion_coefficients else ()
    distortion = usual_distortion(file.distortion_model, coefficients)
    camera = Camera(file.image_width, file.image_height, k[0], k[4], k[2], k[5], distortion)
    return camera.with_gravity(file.gravity)


def _rectified_camera(file: _CameraFile) -> Camera:
    if file.projection_matrix is None:
        raise ValueError(
            "has no projection_matrix, which is the camera of rectified images (if they are not: --rectified false)"
        )

    p = _numbers("projection_matrix", file.projection_matrix, 12)
    if p[0] == 0:
        raise ValueError("projection_matrix is zero, which is to be the camera of rectified images")
    camera = Camera(file.image_width, file.image_height, p[0], p[5], p[2], p[6])
    if file.gravity is None or file.rectification_matrix is None:
        return camera.with_gravity(file.gravity)
    turn = np.reshape(_numbers("rectification_matrix", file.rectification_matrix, 9), (3, 3))
    return camera.with_gravity(turn @ file.gravity)


def _numbers(name: str, matrix: _Matrix, count: int) -> list[float]:
    if len(matrix.data) != count:
        raise ValueError(f"{name} has {len(matrix.data)} numbers, expected {count}")
    return matrix.data


def read_camera_of(path: str | Path, name: str, rectified: bool = False) -> Camera:
    """Read intrinsics: as `read_camera`, or those of the camera `name` in a Qualisys calibration (`.qca.txt`).

    Raises:
        OrposeError: as `read_camera`, or there is no camera of that name, or none of rectified images.
    """
    path = Path(path)
    if not path.name.endswith(".qca.txt"):
        return read_camera(path, rectified)
    if rectified:
        raise OrposeError(f"{printable(path)}: a Qualisys calibration is of images as they are, not of rectified ones")
    cameras = {placed.name: placed.camera for placed in read_qualisys(path)}
    if name not in cameras:
        raise OrposeError(f"{path}: no camera {name!r}; choose one with --camera-name: {', '.join(cameras)}")
    return cameras[name]


@dataclass(frozen=True)
class View:
    """What is known about the camera of some images: intrinsics, gravity, both or nothing.

    Attributes:
        intrinsics_camera: the calibrated camera, or None.
        gravity: direction things fall in, in optical axes, or None.
    """

    intrinsics_camera: Camera | None = None
    gravity: tuple[float, float, float] | None = None

    @classmethod
    def read(
        cls, camera_file: str | Path | None, pitch_deg: float | None = None, name: str = "", rectified: bool = False
    ) -> Self:
        """From a camera file and the angle the camera looks down; the angle outweighs the file's gravity.

        `name` says which camera of a file of several; `rectified`, whether the images are.
        """
        camera = read_camera_of(camera_file, name, rectified) if camera_file is not None else None
        if pitch_deg is None:
            return cls(camera, camera.gravity if camera else None)
        x, y, z = (float(g) for g in gravity_from_tilt(pitch_deg))
        return cls(camera, (x, y, z))

    def camera(self, size: Size) -> Camera:
        """The camera of an image of `size` (width, height): scaled from the intrinsics, or guessed.

        Raises:
            OrposeError: the intrinsics are for images of another shape.
        """
        known = self.intrinsics_camera
        if known is None:
            return Camera.from_fov(*size).with_gravity(self.gravity)
        if abs(known.width * size[1] - known.height * size[0]) > max(size):
            raise OrposeError(
                f"intrinsics for {known.width} x {known.height} pixels do not fit an image of {size[0]} x {size[1]}; "
                "give the camera file that belongs to these images"
            )
        return known.resized(*size).with_gravity(self.gravity)

    def misfit(self, size: Size) -> str | None:
        """Why the intrinsics are not those of an image of a size; None if they are, or are guessed."""
        try:
            self.camera(size)
        except OrposeError as error:
            return str(error)
        return None

    def intrinsics(self) -> dict[str, Any] | None:
        """The intrinsics as plain numbers, for a run's record; None if they are guessed."""
        c = self.intrinsics_camera
        if c is None:
            return None
        return {
            "size": [c.width, c.height],
            "k": [c.fx, c.fy, c.cx, c.cy],
            "distortion": list(c.distortion),
        }
