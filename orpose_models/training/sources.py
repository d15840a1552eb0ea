"""Where unlabelled images come from: folders, videos and splits of the simulated OR."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError

from orpose_models.cameras import Camera
from orpose_models.datasets.camera_file import View
from orpose_models.datasets.coco import ImageRecord, camera_of
from orpose_models.datasets.frames import IMAGE_SUFFIXES, VIDEO_SUFFIXES, open_frames, read_image
from orpose_models.errors import OrposeError
from orpose_models.files import atomic_path, read_json

_JPEG_QUALITY = 95


@dataclass(frozen=True, eq=False)
class Item:
    """An image to be labelled.

    Attributes:
        index: its place in its source.
        file_name: relative to the source's `images`.
        read: gives the image, (h, w, 3) uint8 BGR; raises OrposeError if it is damaged.
        camera: of an image of a size, where anything is known of it.
        camera_name, group, stamp_ns: as in `labels.ImageLabels`.
    """

    index: int
    file_name: str
    read: Callable[[], NDArray[np.uint8]]
    camera: Callable[[tuple[int, int]], Camera | None]
    camera_name: str = ""
    group: str = ""
    stamp_ns: int | None = None


@dataclass(frozen=True, eq=False)
class Source:
    """One folder, video or simulated split.

    Attributes:
        path: where it is.
        kind: what it is.
        images: the folder that holds its images; for a video the one that its frames are written to.
        count: how many images to expect (for a video what its header says).
        items: those of its images whose index is `wanted`.
    """

    path: Path
    kind: Literal["folder", "video", "simulation"]
    images: Path
    count: int
    items: Callable[[Callable[[int], bool]], Iterator[Item]]

    def settings(self) -> dict[str, Any]:
        """What the labels depend on."""
        return {"path": str(self.path.resolve()), "kind": self.kind}


def open_source(path: Path, frames: Path, view: View, stride: int = 1) -> Source:
    """Open a source.

    Args:
        path: a folder of images (searched recursively), a video, or the folder of a simulated split.
        frames: folder for the frames of a video.
        view: what is known of the camera; a simulated split knows its own.
        stride: take every n-th image.

    Raises:
        OrposeError: nothing there, nothing in it, or damaged.
    """
    if path.is_dir() and (path / "simulation.json").is_file():
        return _simulation(path, stride)
    if path.suffix.lower() in VIDEO_SUFFIXES and not path.is_dir():
        return _video(path, frames / path.stem, view, stride)
    names = image_files(path)[::stride]

    def items(wanted: Callable[[int], bool]) -> Iterator[Item]:
        for index, name in enumerate(names):
            if wanted(index):
                relative = name.relative_to(path).as_posix()
                yield Item(index, relative, lambda name=name: read_image(name), lambda size: _camera(view, size))  # type: ignore[misc]

    return Source(path, "folder", path, len(names), items)


def _simulation(path: Path, stride: int) -> Source:
    """A simulated split. Of its annotations only the images and cameras are read."""
    file = next((path / name for name in ("images.json", "annotations.json") if (path / name).is_file()), None)
    if file is None:
        raise OrposeError(f"{path}: the split is not complete; run orpose simulate again")
    raw = read_json(file)
    try:
        records = TypeAdapter(list[ImageRecord]).validate_python(raw["images"])[::stride]
    except (ValidationError, KeyError, TypeError) as error:
        raise OrposeError(f"{file}: not a list of images ({str(error).splitlines()[0]})") from None

    def items(wanted: Callable[[int], bool]) -> Iterator[Item]:
        for index, record in enumerate(records):
            if wanted(index):
                yield Item(
                    index,
                    record.file_name,
                    lambda record=record: read_image(path / record.file_name),  # type: ignore[misc]
                    lambda size, record=record: camera_of(record, file),  # type: ignore[misc]
                    record.camera_name or "",
                    record.group or "",
                    record.stamp_ns,
                )

    return Source(path, "simulation", path, len(records), items)


def _video(path: Path, images: Path, view: View, stride: int) -> Source:
    """A video; frames that are wanted are also written as images, which training can open in any order."""
    opened = open_frames(path)
    fps = opened.fps or 25.0

    def items(wanted: Callable[[int], bool]) -> Iterator[Item]:
        video = cv2.VideoCapture(str(path))
        try:
            frame = -1
            while video.grab():
                frame += 1
                index = frame // stride
                if frame % stride or not wanted(index):
                    continue
                good, image = video.retrieve()
                name = f"{frame:06d}.jpg"

                def read(good: bool = good, image: Any = image, name: str = name) -> NDArray[np.uint8]:
                    if not good or image is None:
                        raise OrposeError(f"{path}: frame {name} cannot be decoded")
                    with atomic_path(images / name) as temporary:
                        cv2.imwrite(str(temporary), image, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
                    return np.asarray(image, np.uint8)

                stamp = round(frame / fps * 1e9)
                yield Item(index, name, read, lambda size: _camera(view, size), path.stem, path.stem, stamp)
        finally:
            video.release()

    return Source(path, "video", images, -(-len(opened) // stride), items)


def _camera(view: View, size: tuple[int, int]) -> Camera | None:
    return view.camera(size) if view.intrinsics_camera is not None or view.gravity is not None else None


def image_files(folder: Path) -> list[Path]:
    """All images of a folder, searched recursively, sorted.

    Raises:
        OrposeError: there are none.
    """
    if not folder.is_dir():
        raise OrposeError(f"{folder}: no such folder or video")
    names = sorted(p for p in folder.rglob("*") if p.suffix.lower() in IMAGE_SUFFIXES and p.is_file())
    if not names:
        raise OrposeError(f"{folder}: no images in this folder (looked for {', '.join(sorted(IMAGE_SUFFIXES))})")
    return names
