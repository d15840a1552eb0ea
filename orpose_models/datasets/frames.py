"""Frames of an image, a folder of images or a video, one after another, as BGR."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage
from PIL import ImageOps, UnidentifiedImageError

from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.resolution import Size

IMAGE_SUFFIXES = {".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp", ".ppm", ".pgm"}
VIDEO_SUFFIXES = {".mp4", ".avi", ".mov", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg", ".wmv"}


@dataclass(frozen=True, eq=False)
class Frame:
    """One image of a source.

    Attributes:
        index: its place in the source, from 0; unreadable images keep theirs.
        name: file name relative to the folder; NAME#INDEX for a frame of a video.
        image: (h, w, 3) uint8 BGR.
        stamp_ns: position in the video in nanoseconds; None for images.
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
        read: gives the image, (h, w, 3) uint8 BGR; a video's only until its next shot is asked for. Raises
            OrposeError if it is damaged.
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
        fps: frames per second of a video; None for images.
        count: how many frames to expect (for a video what its header says).
        files: what the frames are read from: the video, or one file per image.
        problems: one sentence per image that could not be read on the latest pass.
    """

    path: Path
    is_video: bool
    fps: float | None
    count: int
    files: tuple[Path, ...]
    _shots: Callable[["FrameSource", int], Iterator[Shot]]
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
        """Every `stride`-th frame, in order, not read yet. `problems` gets what is not of one frame."""
        self.problems.clear()
        return self._shots(self, stride)


def size_of(image: NDArray[np.uint8]) -> Size:
    """Width, height of an (h, w, ...) image."""
    return image.shape[1], image.shape[0]


def read_image(path: str | Path) -> NDArray[np.uint8]:
    """Read an image file as (h, w, 3) uint8 BGR.

    Grey becomes three equal channels, 16 bit is scaled to 8 (65535 to 255), transparency is dropped,
    the camera's orientation tag is honoured.

    Raises:
        OrposeError: no such file, not an image, or cut short.
    """
    path = Path(path)
    try:
        with PillowImage.open(path) as opened:
            image = ImageOps.exif_transpose(opened)
            if image.mode.startswith("I") or image.mode == "F":
                # Pillow would clip, not scale, what is deeper than 8 bit.
                deep = np.asarray(image, np.float64)
                grey = np.clip(np.round(deep / 257), 0, 255).astype(np.uint8)
                return np.repeat(grey[..., None], 3, axis=2)
            return np.ascontiguousarray(np.asarray(image.convert("RGB"), np.uint8)[..., ::-1])
    except FileNotFoundError:
        raise OrposeError(f"{path}: no such file") from None
    except UnidentifiedImageError:
        raise OrposeError(f"{path}: not an image file that can be read") from None
    except PillowImage.DecompressionBombError as error:
        raise OrposeError(f"{path}: the image is too large ({error})") from None
    except (OSError, SyntaxError, ValueError) as error:
        raise OrposeError(f"{path}: the image is damaged ({error})") from None


def open_frames(path: str | Path) -> FrameSource:
    """Open an image, a folder of images (searched recursively, sorted by name) or a video.

    Raises:
        OrposeError: nothing there, a folder without images, an empty or unreadable video, an
            unknown kind of file.
    """
    path = Path(path)
    if path.is_dir():
        names = sorted(p for p in path.rglob("*") if p.suffix.lower() in IMAGE_SUFFIXES and p.is_file())
        if not names:
            raise OrposeError(f"{path}: no images in this folder (looked for {', '.join(sorted(IMAGE_SUFFIXES))})")

        def read_folder(source: FrameSource, stride: int) -> Iterator[Shot]:
            for index in range(0, len(names), stride):
                name = names[index]
                yield Shot(index, name.relative_to(path).as_posix(), partial(read_image, name))

        return FrameSource(path, False, None, len(names), tuple(names), read_folder)
    if not path.exists():
        raise OrposeError(f"{path}: no such file or folder")
    if path.suffix.lower() in IMAGE_SUFFIXES:
        image = read_image(path)
        return FrameSource(
            path, False, None, 1, (path,), lambda source, stride: iter([Shot(0, path.name, lambda: image)])
        )
    if path.suffix.lower() in VIDEO_SUFFIXES:
        return _open_video(path)
    raise OrposeError(
        f"{path}: unknown kind of file {path.suffix!r}; images ({', '.join(sorted(IMAGE_SUFFIXES))}), "
        f"videos ({', '.join(sorted(VIDEO_SUFFIXES))}) and folders of images are read"
    )


def _open_video(path: Path) -> FrameSource:
    if path.stat().st_size == 0:
        raise OrposeError(f"{path}: the video file is empty (0 bytes)")
    capture = cv2.VideoCapture(str(path))
    try:
        opened, _ = capture.read()
        if not opened:
            raise OrposeError(f"{path}: no frame can be read from this video; it is damaged or of an unknown codec")
        fps = capture.get(cv2.CAP_PROP_FPS)
        count = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
    finally:
        capture.release()
    fps = fps if np.isfinite(fps) and fps > 0 else 25.0

    def read_video(source: FrameSource, stride: int) -> Iterator[Shot]:
        video = cv2.VideoCapture(str(path))
        index = 0
        try:
            while video.grab():
                if index % stride == 0:
                    read = partial(_decode, video, path, index)
                    yield Shot(index, f"{path.name}#{index}", read, round(index / fps * 1e9))
                index += 1
        finally:
            video.release()
        if index < count:
            source.problems.append(f"{path}: the header announces {count} frames, {index} could be read")

    return FrameSource(path, True, fps, max(count, 1), (path,), read_video)


def _decode(video: cv2.VideoCapture, path: Path, index: int) -> NDArray[np.uint8]:
    good, image = video.retrieve()
    if not good or image is None:
        raise OrposeError(f"{path}: frame {index} cannot be decoded")
    return np.asarray(image, np.uint8)
