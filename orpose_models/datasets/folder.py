"""The images of a folder, and what else lies there and is not read."""

import os
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from orpose_models.datasets.kinds import (
    FOREIGN_SUFFIXES,
    IMAGE_SUFFIXES,
    RECORDING_SUFFIXES,
    VIDEO_SUFFIXES,
    kind_of_content,
)
from orpose_models.files.names import natural_key, printable
from orpose_models.vocabulary.errors import OrposeError, file_problem

_NOT_CONTENT = {"@eaDir", "__MACOSX", "$RECYCLE.BIN"}  # previews and waste that other programs keep


@dataclass(frozen=True)
class Listing:
    """A folder searched for images.

    Attributes:
        images: their paths, below the folder, in natural order.
        left_out: one sentence for each kind of thing that may be wanted and is not read.
    """

    images: tuple[Path, ...]
    left_out: tuple[str, ...]


def list_images(folder: Path) -> Listing:
    """Search a folder and all below it, following links to folders; each real folder is searched once.

    Hidden files and folders are left alone, so are other programs' folders of previews. Videos, bags, pictures of
    kinds that are not read, pictures under names that do not say so and what cannot be opened are `left_out`; other
    files are no concern of ours.

    Raises:
        OrposeError: no such folder, or no image in it.
    """
    if not folder.is_dir():
        what = "neither a folder, a video nor a bag" if folder.exists() else "no such folder or video"
        raise OrposeError(f"{printable(folder)}: {what}")
    images: list[Path] = []
    others: dict[str, list[Path]] = defaultdict(list)
    for path in _files(folder, others):
        reason = _why_not(path)
        if reason is None:
            images.append(path)
        elif reason:
            others[reason].append(path)
    left_out = tuple(_sentence(folder, reason, paths) for reason, paths in sorted(others.items()))
    if not images:
        looked_for = f"no images in this folder (looked for {', '.join(sorted(IMAGE_SUFFIXES))})"
        raise OrposeError("; ".join([f"{printable(folder)}: {looked_for}", *left_out]))
    return Listing(tuple(sorted(images, key=lambda path: natural_key(path.relative_to(folder)))), left_out)


def _files(folder: Path, others: dict[str, list[Path]]) -> list[Path]:
    """All that is not a folder. Walks by hand: a linked folder may lie within itself."""
    found: list[Path] = []
    seen: set[tuple[int, int]] = set()
    todo = [folder]
    while todo:
        here = todo.pop()
        try:
            status = here.stat()
            if (status.st_dev, status.st_ino) in seen:
                continue
            seen.add((status.st_dev, status.st_ino))
            entries = sorted(os.scandir(here), key=lambda entry: natural_key(entry.name), reverse=True)
        except OSError as error:
            others[f"folders that cannot be opened ({file_problem(OSError(error.errno, error.strerror))})"].append(here)
            continue
        for entry in entries:
            if entry.name.startswith(".") or entry.name in _NOT_CONTENT:
                continue
            (todo if entry.is_dir() else found).append(Path(entry.path))
    return found


def _why_not(path: Path) -> str | None:
    """None for an image, "" for what is no concern, otherwise what it is and why it is not read."""
    suffix = path.suffix.lower()
    if not path.is_file():
        if not path.exists():
            return "links to nothing"
        return "pipes or devices" if suffix in IMAGE_SUFFIXES | VIDEO_SUFFIXES else ""
    if suffix in IMAGE_SUFFIXES:
        return None
    if suffix in VIDEO_SUFFIXES:
        return "videos beside images, to be given by themselves"
    if suffix in RECORDING_SUFFIXES:
        return "bags beside images, to be given by themselves"
    if suffix in FOREIGN_SUFFIXES:
        return f"pictures of the kind {suffix}, which is not read; convert them to JPEG or PNG"
    kind = kind_of_content(path)
    if kind is not None and kind.endswith(("picture", "video")):
        return f"{kind}s under a name that does not say so; rename them"
    return ""


def _sentence(folder: Path, reason: str, paths: list[Path]) -> str:
    paths = sorted(paths, key=natural_key)
    names = ", ".join(printable(path.relative_to(folder)) for path in paths[:3])
    more = f" and {len(paths) - 3} more" if len(paths) > 3 else ""
    return f"{printable(folder)}: {len(paths)} x {reason} ({names}{more})"
