"""Pinhole camera with lens distortion, viewing rays and the direction of gravity."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray
from typing_extensions import Self

# Of OpenCV's models: none, plumb_bob (4 or 5 coefficients) and rational polynomial (8).
DISTORTION_LENGTHS = (0, 4, 5, 8)
_MODELS, _NO_DISTORTION = ("plumb_bob", "rational_polynomial"), ("", "none")


@dataclass(frozen=True, eq=False)
class Camera:
    """Intrinsics of one camera; 3D is in its optical axes (x right, y down, z forward).

    Attributes:
        width, height: image size in pixels that the intrinsics belong to.
        fx, fy: focal lengths in pixels.
        cx, cy: principal point in pixels, in OpenCV's convention (the centre of the first pixel is 0, 0).
        distortion: OpenCV's k1, k2, p1, p2[, k3[, k4, k5, k6]]; empty for none.
        gravity: unit vector (3,) of the direction things fall in, in optical axes; None if unknown.
        guessed: the intrinsics were not measured; no distance may be computed from them.
    """

    width: int
    height: int
    fx: float
    fy: float
    cx: float
    cy: float
    distortion: tuple[float, ...] = ()
    gravity: tuple[float, float, float] | None = None
    guessed: bool = False

    def __post_init__(self) -> None:
        numbers = [self.fx, self.fy, self.cx, self.cy, *self.distortion, *(self.gravity or ())]
        if not np.all(np.isfinite(numbers)):
            raise ValueError("camera intrinsics must be finite numbers")
        if self.width <= 0 or self.height <= 0 or self.fx <= 0 or self.fy <= 0:
            raise ValueError(
                f"camera size and focal length must be positive, got {self.width} x {self.height}, {self.fx}, {self.fy}"
            )
        if len(self.distortion) not in DISTORTION_LENGTHS:
            raise ValueError(f"distortion must have {DISTORTION_LENGTHS} coefficients, got {len(self.distortion)}")
        if self.gravity is not None:
            norm = float(np.linalg.norm(self.gravity))
            if norm < 1e-6:
                raise ValueError("gravity must be a direction, got a zero vector")
            unit = tuple(float(g) / norm for g in self.gravity)
            object.__setattr__(self, "gravity", unit)

    @classmethod
    def from_fov(cls, width: int, height: int, horizontal_fov_deg: float = 61.3) -> Self:
        """A guess for an uncalibrated camera; the default field of view is f = 540 px at 640 px width."""
        focal = width / 2 / np.tan(np.radians(horizontal_fov_deg) / 2)
        return cls(width, height, float(focal), float(focal), width / 2 - 0.5, height / 2 - 0.5, guessed=True)

    @property
    def matrix(self) -> NDArray[np.float64]:
        """(3, 3) intrinsic matrix K."""
        return np.array([[self.fx, 0, self.cx], [0, self.fy, self.cy], [0, 0, 1.0]])

    def with_gravity(self, gravity: ArrayLike | None) -> Self:
        """The same camera with another gravity direction (3,), normalised here."""
        if gravity is None:
            return replace(self, gravity=None)
        x, y, z = (float(g) for g in np.asarray(gravity))
        return replace(self, gravity=(x, y, z))

    def resized(self, width: int, height: int) -> Self:
        """The same camera for the image resized to width x height (pixel areas are mapped, not pixel centres)."""
        sx, sy = width / self.width, height / self.height
        return replace(
            self,
            width=width,
            height=height,
            fx=self.fx * sx,
            fy=self.fy * sy,
            cx=(self.cx + 0.5) * sx - 0.5,
            cy=(self.cy + 0.5) * sy - 0.5,
        )

    def flipped(self) -> Self:
        """The camera that sees the horizontally mirrored image."""
        distortion = list(self.distortion)
        if len(distortion) >= 4:
            distortion[3] = -distortion[3]  # p2 is the coefficient that is odd in x
        gravity = None if self.gravity is None else (-self.gravity[0], self.gravity[1], self.gravity[2])
        return replace(self, cx=self.width - 1 - self.cx, distortion=tuple(distortion), gravity=gravity)

    def project(self, points: ArrayLike) -> NDArray[np.float64]:
        """Project points (..., 3), metres in optical axes, to pixels (..., 2) of `Poses`' convention.

        Points at or behind the camera plane give NaN.
        """
        points = np.asarray(points, np.float64)
        flat = points.reshape(-1, 3)
        front = flat[:, 2] > 1e-9
        pixels = np.full((len(flat), 2), np.nan)
        if front.any():
            zero = np.zeros(3)
            projected, _ = cv2.projectPoints(flat[front][:, None], zero, zero, self.matrix, np.asarray(self.distortion))
            pixels[front] = projected[:, 0] + 0.5
        return pixels.reshape(*points.shape[:-1], 2)

    def normalised(self, pixels: ArrayLike) -> NDArray[np.float64]:
        """Undistorted image coordinates x/z, y/z (..., 2) of pixels (..., 2) in `Poses`' convention."""
        pixels = np.asarray(pixels, np.float64)
        flat = pixels.reshape(-1, 2) - 0.5
        if len(flat) == 0:
            return np.zeros_like(pixels)
        if not self.distortion:
            return ((flat - [self.cx, self.cy]) / [self.fx, self.fy]).reshape(pixels.shape)
        criteria = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 100, 1e-10)
        undistorted = cv2.undistortPointsIter(
            flat[:, None], self.matrix, np.asarray(self.distortion), np.eye(3), np.eye(3), criteria
        )
        return np.asarray(undistorted[:, 0].reshape(pixels.shape), np.float64)

    def rays(self, pixels: ArrayLike) -> NDArray[np.float64]:
        """Unit viewing directions (..., 3) of pixels (..., 2)."""
        plane = self.normalised(pixels)
        rays = np.concatenate([plane, np.ones_like(plane[..., :1])], axis=-1)
        return rays / np.linalg.norm(rays, axis=-1, keepdims=True)


def usual_distortion(model: str, coefficients: Iterable[float]) -> tuple[float, ...]:
    """A `Camera`'s distortion from ROS's name of the model and its coefficients.

    Raises:
        ValueError: the model is not supported.
    """
    distortion = tuple(float(number) for number in coefficients)
    if not any(distortion):
        distortion = ()
    elif not any(distortion[8:]):
        distortion = distortion[:8]  # what may follow are a thin prism and a tilted sensor
    # Without coefficients there is nothing to know, except of a fisheye, which is no pinhole camera even then.
    if model not in _MODELS and (distortion or model.lower() not in _NO_DISTORTION):
        raise ValueError(
            f"distortion_model {model!r} is not supported; rectify the images first, or calibrate with "
            f"{' or '.join(_MODELS)}"
        )
    return distortion


def gravity_from_tilt(pitch_deg: float, roll_deg: float = 0.0) -> NDArray[np.float64]:
    """Gravity (3,) in optical axes of a camera looking `pitch_deg` below the horizon.

    `roll_deg` is the clockwise turn of the camera about its viewing direction as the camera sees
    forward: positive roll makes the scene lean anticlockwise in the image.
    """
    pitch, roll = np.radians(pitch_deg), np.radians(roll_deg)
    level = np.array([0.0, np.cos(pitch), np.sin(pitch)])
    turn = np.array([[np.cos(roll), np.sin(roll), 0], [-np.sin(roll), np.cos(roll), 0], [0, 0, 1.0]])
    return turn @ level
