"""Several calibrated cameras that see the same room, read from a Qualisys calibration file."""

from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
from numpy.typing import ArrayLike, NDArray

from orpose_models.vocabulary.cameras import Camera
from orpose_models.vocabulary.errors import OrposeError


@dataclass(frozen=True, eq=False)
class PlacedCamera:
    """A camera with its place in a common world frame.

    Attributes:
        name: which camera.
        camera: intrinsics and gravity.
        rotation: (3, 3) turns world axes into the camera's optical axes.
        position: (3,) the camera's centre in the world, in metres.
    """

    name: str
    camera: Camera
    rotation: NDArray[np.float64]
    position: NDArray[np.float64]

    def to_optical(self, points: ArrayLike) -> NDArray[np.float64]:
        """World points (..., 3) in metres, in this camera's optical frame."""
        return (np.asarray(points, np.float64) - self.position) @ self.rotation.T

    def resized(self, width: int, height: int) -> "PlacedCamera":
        """The same camera for images resized to width x height."""
        return PlacedCamera(self.name, self.camera.resized(width, height), self.rotation, self.position)


def read_qualisys(path: str | Path) -> list[PlacedCamera]:
    """Read the cameras of a Qualisys calibration file (`.qca.txt`, XML), whose world's z axis points up.

    The file gives lengths on the sensor in 1/64 pixel, positions in millimetres, and the camera's
    axes as x right, y up, z backward.

    Raises:
        OrposeError: missing, not XML, or keys missing.
    """
    path = Path(path)
    try:
        root = ElementTree.parse(path).getroot()
        cameras = [_placed(node) for node in root.findall("cameras/camera")]
    except FileNotFoundError:
        raise OrposeError(f"{path}: no such file") from None
    except ElementTree.ParseError as error:
        raise OrposeError(f"{path}: not a Qualisys calibration ({error})") from None
    except (KeyError, ValueError) as error:
        raise OrposeError(f"{path}: not a complete Qualisys calibration ({error} is missing or wrong)") from None
    if not cameras:
        raise OrposeError(f"{path}: no cameras in this file")
    return cameras


def _placed(node: ElementTree.Element) -> PlacedCamera:
    def part(name: str) -> dict[str, str]:
        found = node.find(name)
        if found is None:
            raise KeyError(name)
        return found.attrib

    view, lens, place = part("fov_video"), part("intrinsic"), part("transform")
    width = int(view["right"]) - int(view["left"]) + 1
    height = int(view["bottom"]) - int(view["top"]) + 1
    axes = np.array([[float(place[f"r{row}{column}"]) for column in (1, 2, 3)] for row in (1, 2, 3)])
    rotation = axes * np.array([[1.0], [-1.0], [-1.0]])  # x right, y up, z backward -> x right, y down, z forward
    camera = Camera(
        width,
        height,
        float(lens["focalLengthU"]) / 64,
        float(lens["focalLengthV"]) / 64,
        float(lens["centerPointU"]) / 64 - float(view["left"]),
        float(lens["centerPointV"]) / 64 - float(view["top"]),
        (
            float(lens["radialDistortion1"]),
            float(lens["radialDistortion2"]),
            float(lens["tangentalDistortion1"]),
            float(lens["tangentalDistortion2"]),
        ),
    ).with_gravity(rotation @ [0, 0, -1])
    position = np.array([float(place[axis]) for axis in "xyz"]) / 1000
    return PlacedCamera(node.attrib["serial"], camera, rotation, position)
