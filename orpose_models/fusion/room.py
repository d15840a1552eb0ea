"""A room while it is watched: cameras become known one after the other, poses arrive, persons come out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from orpose_models.datasets.camera_file import View
from orpose_models.datasets.multiview import PlacedCamera
from orpose_models.datasets.rig_file import Placement
from orpose_models.fusion.camera_check import CameraCheck, CameraVerdict
from orpose_models.fusion.fuser import MAX_CAMERAS, MEMORY, MIN_CAMERAS, Fuser
from orpose_models.fusion.moments import Moments
from orpose_models.fusion.room_tracks import RoomTracks
from orpose_models.vocabulary.cameras import Camera
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.poses import Poses
from orpose_models.vocabulary.resolution import Resolution
from orpose_models.vocabulary.room_persons import RoomPersons


@dataclass(frozen=True)
class RoomSettings:
    """How a room is watched.

    Attributes:
        tolerance_ns: by how much the stamps of one moment may differ.
        patience_ns: after how long a silent camera is not waited for.
        memory: seconds after which somebody unseen is forgotten.
        single_views: whether to keep persons whom one camera alone sees.
    """

    tolerance_ns: int = 50_000_000
    patience_ns: int = 500_000_000
    memory: float = MEMORY
    single_views: bool = True


@dataclass(frozen=True, eq=False)
class RoomMoment:
    """The persons of a moment.

    Attributes:
        stamp_ns: the latest stamp of the images, nanoseconds.
        persons: `views` has a column for each of the room's cameras; of `poses`.
        present: which cameras have an image of this moment.
        poses: what each camera saw; empty where it has no image.
    """

    stamp_ns: int
    persons: RoomPersons
    present: tuple[bool, ...]
    poses: tuple[Poses, ...]


class Room:
    """Fuses what arrives; only cameras whose intrinsics and place are known take part.

    Args:
        names: of the cameras, 2 to 8.
        settings: see `RoomSettings`.

    Raises:
        OrposeError: another number of cameras.
    """

    def __init__(self, names: Sequence[str], settings: RoomSettings | None = None) -> None:
        if not MIN_CAMERAS <= len(names) <= MAX_CAMERAS:
            raise OrposeError(f"fusion is of {MIN_CAMERAS} to {MAX_CAMERAS} cameras, got {len(names)}")
        self.names = tuple(names)
        self._settings = settings or RoomSettings()
        self._moments: Moments[tuple[Poses, Resolution]] = Moments(
            len(names), self._settings.tolerance_ns, self._settings.patience_ns
        )
        self._placements: dict[str, Placement] = {}
        self._intrinsics: dict[str, Camera] = {}
        self._sizes: dict[str, tuple[int, int]] = {}
        self._misfits: dict[str, str] = {}
        self._fuser: Fuser | None = None
        self._check: CameraCheck | None = None
        self._tracks: RoomTracks | None = None
        self._cameras: dict[int, PlacedCamera] = {}

    def place(self, name: str, placement: Placement) -> None:
        """Say where a camera is."""
        known = self._placements.get(name)
        if known is not None and known.camera is placement.camera:
            same = np.allclose(known.rotation, placement.rotation, atol=1e-9)
            if same and np.allclose(known.position, placement.position, atol=1e-9):
                return
        self._placements[name] = placement
        self._fuser = None

    def calibrate(self, name: str, camera: Camera) -> None:
        """Say what a camera's intrinsics are."""
        if self._intrinsics.get(name) is not camera:
            self._intrinsics[name] = camera
            self._fuser = None

    @property
    def missing(self) -> Mapping[str, str]:
        """Which cameras take no part, and why."""
        found = dict(self._misfits)
        for name in self.names:
            placed = self._placements.get(name)
            if placed is None:
                found[name] = "its place in the room is not known"
            elif name not in self._intrinsics and placed.camera is None:
                found[name] = "no intrinsics: nothing on its camera_info topic"
            elif name not in self._sizes:
                found[name] = "no poses yet"
        return found

    def add(self, name: str, stamp_ns: int, poses: Poses, resolution: Resolution) -> list[RoomMoment]:
        """Take the poses of an image; the moments that are complete with them."""
        if self._sizes.get(name) != resolution.full:
            self._sizes[name] = resolution.full
            self._fuser = None
        complete = self._moments.add(self.names.index(name), stamp_ns, (poses, resolution))
        return [found for moment in complete if (found := self._fused(moment.stamp_ns, moment.items)) is not None]

    def verdicts(self) -> list[CameraVerdict]:
        """What is known of the place of each camera that takes part."""
        return self._check.verdicts() if self._check is not None else []

    def _fused(self, stamp_ns: int, items: Sequence[tuple[Poses, Resolution] | None]) -> RoomMoment | None:
        if self._fuser is None:
            self._begin()
        if self._fuser is None or self._check is None:
            return None
        own = [items[i] for i in self._cameras]
        poses = [Poses.empty() if item is None else item[0] for item in own]
        factors = [1.0 if item is None else item[1].full[0] / max(item[1].seen[0], 1) for item in own]
        persons = self._fuser.update(poses, stamp_ns * 1e-9, factors)
        self._check.add(poses, persons, factors)
        columns = list(self._cameras)
        views: NDArray[np.int64] = np.full((len(persons), len(self.names)), -1)
        errors = np.full((len(persons), len(self.names)), np.nan)
        views[:, columns], errors[:, columns] = persons.views, persons.errors
        every = [Poses.empty() if item is None else item[0] for item in items]
        return RoomMoment(
            stamp_ns,
            replace(persons, views=views, errors=errors),
            tuple(item is not None for item in items),
            tuple(every),
        )

    def _begin(self) -> None:
        """Take the cameras that are known; whoever is in the room keeps the id."""
        self._misfits = {}
        self._cameras = {}
        for i, name in enumerate(self.names):
            placement, size = self._placements.get(name), self._sizes.get(name)
            camera = self._intrinsics.get(name) or (placement.camera if placement else None)
            if placement is None or camera is None or size is None:
                continue
            placed = placement.placed(name, camera)
            try:
                self._cameras[i] = replace(placed, camera=View(camera, placed.camera.gravity).camera(size))
            except OrposeError as error:
                self._misfits[name] = str(error)
        if len(self._cameras) < MIN_CAMERAS:
            self._fuser = self._check = None
            return
        views = list(self._cameras.values())
        settings = self._settings
        tracks = self._tracks.renewed() if self._tracks is not None else None
        self._fuser = Fuser(views, settings.memory, settings.single_views, tracks)
        self._tracks = self._fuser.tracks
        self._check = CameraCheck(views)
