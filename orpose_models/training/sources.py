"""Where unlabelled images come from: folders, videos, bags and splits of the simulated OR."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError

from orpose_models.datasets.bags.storage import METADATA, storage_files, storage_kind
from orpose_models.datasets.camera_file import View
from orpose_models.datasets.coco import ImageRecord, camera_of
from orpose_models.datasets.folder import list_images
from orpose_models.datasets.frames import Shot, open_frames
from orpose_models.datasets.held_back import refuse_held_back
from orpose_models.datasets.image_file import further_pages, read_image, read_picture, size_of
from orpose_models.datasets.kinds import VIDEO_SUFFIXES
from orpose_models.files.disk import read_json
from orpose_models.files.names import is_text, printable
from orpose_models.training.bag_sources import open_bag_sources
from orpose_models.training.contents import digest_of_list, digest_of_recording
from orpose_models.training.image_source import Choice, Item, Source, keep_image, known_camera
from orpose_models.vocabulary.cameras import Camera
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.resolution import Size


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
        return (path / METADATA).is_file() or bool(storage_files(path))
    return storage_kind(path) is not None or path.suffix == ".bag"


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
    _require_fitting(choice.view, names)

    def items(wanted: Callable[[int], bool]) -> Iterator[Item]:
        for index, name in enumerate(names):
            if wanted(index):
                relative = name.relative_to(path).as_posix()
                notes: list[str] = []
                yield Item(
                    index,
                    relative,
                    partial(_first_page, name, notes),
                    partial(_camera, choice.view, name, notes),
                    notes=notes,
                )

    content = digest_of_list((name.relative_to(path).as_posix(), name) for name in files)
    left_out = (*listing.left_out, *nameless)
    return Source(path, "folder", path, len(names), items, stride, content, choice.view, left_out=left_out)


def _require_fitting(view: View, names: Sequence[Path]) -> None:
    """Refuse intrinsics that fit no image at all: they are of another camera. A single odd image is another matter."""
    refusal = None
    for name in names if view.intrinsics_camera is not None else ():
        try:
            misfit = view.misfit(size_of(read_image(name)))
        except OrposeError:
            continue
        if misfit is None:
            return
        refusal = refusal or misfit
    if refusal is not None:
        raise OrposeError(refusal)


def _camera(view: View, name: Path, notes: list[str], size: Size) -> Camera | None:
    misfit = view.misfit(size)
    if misfit is None:
        return known_camera(view, size)
    notes.append(f"{printable(name)}: is labelled without intrinsics: {misfit}")
    return known_camera(View(None, view.gravity), size)


def _first_page(path: Path, notes: list[str]) -> NDArray[np.uint8]:
    picture = read_picture(path)
    notes += further_pages(path, picture)
    return picture.image


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
