"""Camera files, the YAML that ROS camera calibration writes, and the camera of images of any size."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from typing_extensions import Self

from orpose_models.datasets.multiview import read_qualisys
from orpose_models.files.validation import layout_error
from orpose_models.vocabulary.cameras import Camera, gravity_from_tilt
from orpose_models.vocabulary.errors import OrposeError, file_problem
from orpose_models.vocabulary.resolution import Size


class _Matrix(BaseModel):
    rows: int
    cols: int
    data: list[float]


class _CameraFile(BaseModel):
    model_config = ConfigDict(allow_inf_nan=False)
    image_width: Annotated[int, Field(gt=0)]
    image_height: Annotated[int, Field(gt=0)]
    camera_matrix: _Matrix
    distortion_model: Literal["plumb_bob", "rational_polynomial"] = "plumb_bob"
    distortion_coefficients: _Matrix | None = None
    gravity: Annotated[list[float], Field(min_length=3, max_length=3)] | None = None


def read_camera(path: str | Path) -> Camera:
    """Read intrinsics in the layout of camera_calibration's `ost.yaml`.

    A key `gravity: [x, y, z]` of ours may be added: the direction things fall in, in optical axes.

    Raises:
        OrposeError: missing, not YAML, keys missing or values that make no camera; says which.
    """
    path = Path(path)
    try:
        raw = yaml.safe_load(path.read_text())
        file = _CameraFile.model_validate(raw)
        k = file.camera_matrix.data
        if len(k) != 9:
            raise ValueError(f"camera_matrix has {len(k)} numbers, expected 9")
        distortion = file.distortion_coefficients.data if file.distortion_coefficients else []
        camera = Camera(file.image_width, file.image_height, k[0], k[4], k[2], k[5], tuple(distortion))
        return camera.with_gravity(file.gravity)
    except OSError as error:
        raise OrposeError(file_problem(error)) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise OrposeError(f"{path}: not a YAML file ({' '.join(str(error).split())})") from None
    except ValidationError as error:
        raise layout_error(path, error) from None
    except ValueError as error:
        raise OrposeError(f"{path}: {error}") from None


def read_camera_of(path: str | Path, name: str) -> Camera:
    """Read intrinsics: as `read_camera`, or those of the camera `name` in a Qualisys calibration (`.qca.txt`).

    Raises:
        OrposeError: as `read_camera`, or there is no camera of that name.
    """
    path = Path(path)
    if not path.name.endswith(".qca.txt"):
        return read_camera(path)
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
    def read(cls, camera_file: str | Path | None, pitch_deg: float | None = None, name: str = "") -> Self:
        """From a camera file and the angle the camera looks down; the angle outweighs the file's gravity.

        `name` says which camera of a file of several.
        """
        camera = read_camera_of(camera_file, name) if camera_file is not None else None
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
