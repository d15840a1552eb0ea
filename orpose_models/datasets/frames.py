"""Frames of an image, a folder of images or a video, one after another, as BGR."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from orpose_models.datasets.folder import list_images
from orpose_models.datasets.image_file import Picture, further_pages, read_image, read_picture, size_of
from orpose_models.datasets.kinds import IMAGE_SUFFIXES, VIDEO_SUFFIXES, kind_of_content
from orpose_models.datasets.video import video_facts, video_shots
from orpose_models.files.names import printable
from orpose_models.vocabulary.errors import OrposeError

__all__ = ["Frame", "FrameSource", "Shot", "open_frames", "read_image", "size_of"]


@dataclass(frozen=True, eq=False)
class Frame:
    """One image of a source.

    Attributes:
        index: its place in the source, from 0; unreadable images keep theirs.
        name: file name relative to the folder; NAME#INDEX for a frame of a video. Always text: bytes that are not
            UTF-8 stand as `\\xe4` and the like.
        image: (h, w, 3) uint8 BGR.
        stamp_ns: time since the first frame of the video, as the container has it, in nanoseconds; None for images.
    """

    index: int
    name: str
    image: NDArray[np.uint8]
    stamp_ns: int | None = None


@dataclass(frozen=True, eq=False)
class Shot:
    """One image of a source that is read when it is wanted.

    Attributes:
        index, name, stamp_ns: as of `Frame`.
        read: gives the image, (h, w, 3) uint8 BGR. Raises OrposeError if it is damaged.
    """

    index: int
    name: str
    read: Callable[[], NDArray[np.uint8]]
    stamp_ns: int | None = None


@dataclass
class FrameSource:
    """Frames that can be gone through any number of times.

    Attributes:
        path: the image, folder or video.
        is_video: whether consecutive frames follow each other in time.
        fps: frames per second of a video on average; None for images.
        count: how many frames to expect, for a video an estimate.
        files: what the frames are read from: the video, or one file per image.
        left_out: one sentence for each kind of thing in a folder that is not read.
        problems: on the latest pass: `left_out`, and one sentence for each image that could not be read or whose file
            holds more than is read.
    """

    path: Path
    is_video: bool
    fps: float | None
    count: int
    files: tuple[Path, ...]
    _shots: Callable[["FrameSource", int], Iterator[Shot]]
    left_out: tuple[str, ...] = ()
    problems: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return self.count

    def frames(self, stride: int = 1) -> Iterator[Frame]:
        """Every `stride`-th frame, in order. Unreadable images are noted in `problems` and left out."""
        for shot in self.shots(stride):
            try:
                image = shot.read()
            except OrposeError as error:
                self.problems.append(str(error))
                continue
            yield Frame(shot.index, shot.name, image, shot.stamp_ns)

    def shots(self, stride: int = 1) -> Iterator[Shot]:
        """Every `stride`-th frame, in order, not read yet. `problems` gets all but what a shot's `read` raises."""
        self.problems[:] = self.left_out
        return self._shots(self, stride)


def open_frames(path: str | Path) -> FrameSource:
    """Open an image, a folder of images (see `folder.list_images`) or a video.

    Raises:
        OrposeError: nothing there, a folder without images, an empty or unreadable video, an unknown kind of file.
    """
    path = Path(path)
    name = printable(path)
    if path.is_dir():
        return _open_folder(path)
    if not path.exists():
        raise OrposeError(f"{name}: no such file or folder")
    if not path.is_file():
        raise OrposeError(f"{name}: not a file")
    suffix = path.suffix.lower()
    if suffix in IMAGE_SUFFIXES:
        picture = read_picture(path)

        def shots(source: FrameSource, stride: int) -> Iterator[Shot]:
            yield Shot(0, printable(path.name), partial(_whole, source, path, picture))

        return FrameSource(path, False, None, 1, (path,), shots)
    if suffix in VIDEO_SUFFIXES:
        return _open_video(path)
    kind = kind_of_content(path)
    known = repr(printable(path.suffix)) + (f", by its content a {kind}" if kind else "")
    raise OrposeError(
        f"{name}: unknown kind of file {known}; images ({', '.join(sorted(IMAGE_SUFFIXES))}), "
        f"videos ({', '.join(sorted(VIDEO_SUFFIXES))}) and folders of images are read"
    )


def _open_folder(path: Path) -> FrameSource:
    listing = list_images(path)

    def shots(source: FrameSource, stride: int) -> Iterator[Shot]:
        for index in range(0, len(listing.images), stride):
            file = listing.images[index]
            yield Shot(index, printable(file.relative_to(path).as_posix()), partial(_read, source, file))

    return FrameSource(path, False, None, len(listing.images), listing.images, shots, listing.left_out)


def _read(source: FrameSource, file: Path) -> NDArray[np.uint8]:
    return _whole(source, file, read_picture(file))


def _whole(source: FrameSource, file: Path, picture: Picture) -> NDArray[np.uint8]:
    """The image of a picture, noting what else its file holds."""
    source.problems += further_pages(file, picture)
    return picture.image


def _open_video(path: Path) -> FrameSource:
    facts = video_facts(path)

    def shots(source: FrameSource, stride: int) -> Iterator[Shot]:
        for shot in video_shots(path, source.problems):
            if shot.index % stride == 0:
                yield Shot(shot.index, f"{printable(path.name)}#{shot.index}", shot.read, shot.stamp_ns)

    return FrameSource(path, True, facts.fps, facts.count, (path,), shots)
