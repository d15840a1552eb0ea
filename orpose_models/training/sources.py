"""Where unlabelled images come from: folders, videos, bags and splits of the simulated OR."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError

from orpose_models.datasets.bags.salvage import SUFFIXES, storage_files
from orpose_models.datasets.camera_file import View
from orpose_models.datasets.coco import ImageRecord, camera_of
from orpose_models.datasets.folder import list_images
from orpose_models.datasets.frames import Shot, open_frames
from orpose_models.datasets.held_back import refuse_held_back
from orpose_models.datasets.image_file import read_image, size_of
from orpose_models.datasets.kinds import VIDEO_SUFFIXES
from orpose_models.files.disk import atomic_path, read_json
from orpose_models.files.names import is_text, printable
from orpose_models.training.contents import digest_of_list, digest_of_recording
from orpose_models.vocabulary.cameras import Camera
from orpose_models.vocabulary.errors import OrposeError

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


@dataclass(frozen=True)
class Choice:
    """Which images of a source are taken, and what is known of its camera.

    Attributes:
        view: the camera; a simulated split knows its own, a bag's camera_info comes first.
        stride: every n-th image is taken.
        at_most: the stride is raised, evenly, so that there are not more images than this; None for no limit.
        topics: image topics of a bag; none for all.
    """

    view: View = field(default_factory=View)
    stride: int = 1
    at_most: int | None = None
    topics: tuple[str, ...] = ()

    def stride_of(self, count: int) -> int:
        """The stride for a source of `count` images."""
        taken = -(-count // self.stride)
        return self.stride * (-(-taken // self.at_most) if self.at_most and taken else 1)


@dataclass(frozen=True, eq=False)
class Source:
    """One folder, video, simulated split or image topic of a bag.

    Attributes:
        path: where it is.
        kind: what it is.
        images: the folder that holds its images; for a video or bag the one that they are written to.
        count: how many images to expect (for a video what its header says).
        items: those of its images whose index is `wanted`.
        stride: every n-th of its images is taken.
        content: digest of all its images, see `contents`; an image's index means something only together with it.
        view: what is known of its camera from outside.
        topic: of a bag.
        notes: what is amiss, one sentence each.
        left_out: what lies in a folder and is not labelled, one sentence each.
    """

    path: Path
    kind: Literal["folder", "video", "simulation", "bag"]
    images: Path
    count: int
    items: Callable[[Callable[[int], bool]], Iterator[Item]]
    stride: int
    content: str
    view: View = field(default_factory=View)
    topic: str | None = None
    notes: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()

    def settings(self) -> dict[str, Any]:
        """What the labels depend on."""
        return {
            "path": printable(self.path.resolve()),
            "kind": self.kind,
            "stride": self.stride,
            "content": self.content,
            "intrinsics": self.view.intrinsics(),
            "gravity": self.view.gravity,
            "topic": self.topic,
        }


def open_sources(paths: Sequence[Path], frames: Path, choices: Sequence[Choice]) -> list[Source]:
    """Open sources, each with a choice of its own.

    Args:
        paths: folders of images (searched recursively), videos, bags (folder, .mcap or .db3) and folders of simulated
            splits.
        frames: folder for the images of videos and bags.
        choices: what to take of each.

    Raises:
        OrposeError: nothing there, nothing in it, damaged, held back for measuring, two are the same, or topics are
            asked of what is no bag.
    """
    sources: list[Source] = []
    for path, choice in zip(paths, choices, strict=True):
        sources.extend(_open(path, frames, choice))
    if len({source.images.resolve() for source in sources}) < len(sources):
        raise OrposeError("two of the datasets are the same or have the same name; label them one by one")
    return sources


def _open(path: Path, frames: Path, choice: Choice) -> list[Source]:
    if is_bag(path):
        from orpose_models.training.bag_sources import open_bag_sources

        return open_bag_sources(path, frames, choice)
    if choice.topics:
        raise OrposeError(f"{path}: not a bag, so it has no topic {choice.topics[0]}; label bags by themselves")
    if path.is_dir() and (path / "simulation.json").is_file():
        return [_simulation(path, choice)]
    if path.suffix.lower() in VIDEO_SUFFIXES and not path.is_dir():
        refuse_held_back(path)
        return [_video(path, frames / path.stem, choice)]
    return [_folder(path, choice)]


def is_bag(path: Path) -> bool:
    """Whether something is, or is meant to be, a bag: one of its files, or a folder with such files in it."""
    if path.is_dir():
        return (path / "metadata.yaml").is_file() or bool(storage_files(path))
    return path.suffix in (*SUFFIXES, ".bag")


def _folder(path: Path, choice: Choice) -> Source:
    listing = list_images(path)
    nameless = tuple(
        f"{printable(file)}: left out, its name is not UTF-8, as labels must have it; rename it"
        for file in listing.images
        if not is_text(file.relative_to(path))
    )
    files = [file for file in listing.images if is_text(file.relative_to(path))]
    if not files:
        raise OrposeError("; ".join(nameless[:3]))
    stride = choice.stride_of(len(files))
    names = files[::stride]

    def items(wanted: Callable[[int], bool]) -> Iterator[Item]:
        for index, name in enumerate(names):
            if wanted(index):
                relative = name.relative_to(path).as_posix()
                yield Item(
                    index,
                    relative,
                    lambda name=name: read_image(name),  # type: ignore[misc]
                    lambda size: known_camera(choice.view, size),
                )

    content = digest_of_list((name.relative_to(path).as_posix(), name) for name in files)
    left_out = (*listing.left_out, *nameless)
    return Source(path, "folder", path, len(names), items, stride, content, choice.view, left_out=left_out)


def _simulation(path: Path, choice: Choice) -> Source:
    """A simulated split. Of its annotations only the images and cameras are read."""
    file = next((path / name for name in ("images.json", "annotations.json") if (path / name).is_file()), None)
    if file is None:
        raise OrposeError(f"{path}: the split is not complete; run orpose simulate again")
    raw = read_json(file)
    try:
        everything = TypeAdapter(list[ImageRecord]).validate_python(raw["images"])
    except (ValidationError, KeyError, TypeError) as error:
        raise OrposeError(f"{file}: not a list of images ({str(error).splitlines()[0]})") from None
    stride = choice.stride_of(len(everything))
    records = everything[::stride]

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

    files = (path / record.file_name for record in everything)
    content = digest_of_list(zip(raw["images"], files, strict=True))
    return Source(path, "simulation", path, len(records), items, stride, content)


def _video(path: Path, images: Path, choice: Choice) -> Source:
    """A video; frames that are wanted are also written as images, which training can open in any order."""
    opened = open_frames(path)
    stride = choice.stride_of(len(opened))

    def items(wanted: Callable[[int], bool]) -> Iterator[Item]:
        for shot in opened.shots(stride):
            index = shot.index // stride
            if not wanted(index):
                continue
            name = f"{shot.index:06d}.jpg"

            def read(shot: Shot = shot, name: str = name) -> NDArray[np.uint8]:
                image = shot.read()
                keep_image(images / name, image)
                return image

            source_name = printable(path.stem)
            yield Item(
                index,
                name,
                read,
                lambda size: known_camera(choice.view, size),
                source_name,
                source_name,
                shot.stamp_ns,
            )

    content = digest_of_recording([path])
    return Source(path, "video", images, -(-len(opened) // stride), items, stride, content, choice.view)


def keep_image(path: Path, image: NDArray[np.uint8]) -> None:
    """Write an image of a video or bag, so that training can open it in any order.

    Raises:
        OrposeError: JPEG does not hold such an image.
        OSError: it cannot be written, such as on a full disk.
    """
    good, jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    if not good:
        width, height = size_of(image)
        raise OrposeError(f"{path}: an image of {width} x {height} pixels cannot be kept as JPEG")
    with atomic_path(path) as temporary:
        temporary.write_bytes(jpeg.tobytes())


def known_camera(view: View, size: tuple[int, int]) -> Camera | None:
    """The camera of an image; None where nothing is known of it."""
    return view.camera(size) if view.intrinsics_camera is not None or view.gravity is not None else None
