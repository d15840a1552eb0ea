"""Where the cameras of a room stand: a rig file of ours (YAML), a Qualisys calibration, or a tree of transforms."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from typing_extensions import Self

from orpose_models.datasets.camera_file import read_camera
from orpose_models.datasets.multiview import PlacedCamera, read_qualisys
from orpose_models.files.disk import read_yaml
from orpose_models.files.names import printable
from orpose_models.files.validation import layout_error
from orpose_models.vocabulary.cameras import Camera
from orpose_models.vocabulary.errors import OrposeError

DEFAULT_FRAME = "room"


@dataclass(frozen=True, eq=False)
class Placement:
    """Where a camera is in the room, whose z axis points up.

    Attributes:
        rotation: (3, 3) turns the room's axes into the camera's optical axes.
        position: (3,) of the camera, metres.
        camera: its intrinsics, if the rig file has them.
    """

    rotation: NDArray[np.float64]
    position: NDArray[np.float64]
    camera: Camera | None = None

    @classmethod
    def of_transform(cls, translation: ArrayLike, quaternion: ArrayLike, camera: Camera | None = None) -> Self:
        """From the optical frame's transform in the room, as TF has it: metres, and x, y, z, w of any length.

        Raises:
            ValueError: the quaternion is zero.
        """
        return cls(rotation_of(quaternion).T, np.asarray(translation, np.float64), camera)

    def placed(self, name: str, camera: Camera | None = None) -> PlacedCamera:
        """The camera in its place; `camera` outweighs the rig's intrinsics, and gravity is that of the room.

        Raises:
            OrposeError: there are no intrinsics.
        """
        known = camera or self.camera
        if known is None:
            raise OrposeError(f"camera {name!r}: no intrinsics; publish camera_info, or give camera_file in the rig")
        return PlacedCamera(name, known.with_gravity(self.rotation @ [0, 0, -1.0]), self.rotation, self.position)


@dataclass(frozen=True, eq=False)
class Rig:
    """The cameras of a room by name, and the name of the room's frame."""

    frame: str
    placements: Mapping[str, Placement]

    def of(self, name: str) -> Placement:
        """
        Raises:
            OrposeError: there is no such camera.
        """
        if name not in self.placements:
            raise OrposeError(f"camera {name!r} is not in the rig; it has: {', '.join(self.placements)}")
        return self.placements[name]


_Three = Annotated[list[float], Field(min_length=3, max_length=3)]


class _CameraEntry(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)
    position: _Three
    quaternion: Annotated[list[float], Field(min_length=4, max_length=4)]
    camera_file: str | None = None


class _RigFile(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)
    frame: Annotated[str, Field(min_length=1)] = DEFAULT_FRAME
    cameras: Annotated[dict[str, _CameraEntry], Field(min_length=1)]


def rotation_of(quaternion: ArrayLike) -> NDArray[np.float64]:
    """(3, 3) of a quaternion x, y, z, w of any positive length.

    Raises:
        ValueError: it is zero.
    """
    q = np.asarray(quaternion, np.float64)
    length = float(np.linalg.norm(q))
    if not length > 0:
        raise ValueError("a quaternion of zeros is no rotation")
    x, y, z, w = q / length
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )


def read_rig(path: str | Path) -> Rig:
    """Read where the cameras of a room stand.

    Args:
        path: a Qualisys calibration (`.qca.txt`), or YAML: `frame`, and `cameras` by name, each with `position`
            (metres) and `quaternion` (x, y, z, w) of its optical frame in the room, as for TF's
            static_transform_publisher, and optionally `camera_file`, a file of camera_calibration's beside it.

    Raises:
        OrposeError: missing, another layout, or no rotation; says where.
    """
    path = Path(path)
    if path.name.endswith(".qca.txt"):
        cameras = read_qualisys(path)
        return Rig(DEFAULT_FRAME, {c.name: Placement(c.rotation, c.position, c.camera) for c in cameras})
    try:
        file = _RigFile.model_validate(read_yaml(path))
    except ValidationError as error:
        raise layout_error(path, error) from None
    placements = {}
    for name, entry in file.cameras.items():
        camera = read_camera(path.parent / entry.camera_file) if entry.camera_file else None
        try:
            placements[name] = Placement.of_transform(entry.position, entry.quaternion, camera)
        except ValueError as error:
            raise OrposeError(f"{printable(path)}: cameras.{name}: {error}") from None
    return Rig(file.frame, placements)


class FrameTree:
    """Transforms between named frames, as TF has them: the latest of each child counts."""

    def __init__(self) -> None:
        self._parents: dict[str, tuple[str, NDArray[np.float64], NDArray[np.float64]]] = {}

    def add(self, parent: str, child: str, translation: ArrayLike, quaternion: ArrayLike) -> None:
        """
        Raises:
            ValueError: the quaternion is zero.
        """
        moved = np.asarray(translation, np.float64)
        self._parents[child.lstrip("/")] = parent.lstrip("/"), rotation_of(quaternion), moved

    def placement(self, room: str, optical: str) -> Placement | None:
        """Where an optical frame is in the room; None while no chain of transforms joins the two."""
        upward, downward = self._to_root(optical.lstrip("/")), self._to_root(room.lstrip("/"))
        common = next((frame for frame in upward if frame in downward), None)
        if common is None:
            return None
        turn_camera, move_camera = upward[common]
        turn_room, move_room = downward[common]
        # Of the optical frame in the room: what leads up from the camera, then down to the room.
        turn = turn_room.T @ turn_camera
        return Placement(turn.T, turn_room.T @ (move_camera - move_room))

    def _to_root(self, frame: str) -> dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]]:
        """For each frame above: rotation and translation that bring points of `frame` into it."""
        turn, move = np.eye(3), np.zeros(3)
        found = {frame: (turn, move)}
        while frame in self._parents:
            frame, rotation, translation = self._parents[frame]
            if frame in found:
                break  # transforms in a circle
            turn, move = rotation @ turn, rotation @ move + translation
            found[frame] = turn, move
        return found
