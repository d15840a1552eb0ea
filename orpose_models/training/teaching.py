"""Labelling images with a teacher: in shards, kept line by line, so that an interruption loses and repeats nothing.

Every shard writes a journal of its own; what any journal of the same settings holds is done. The journals are
put together when all shards are complete, by whichever finishes last.
"""

import glob
import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from orpose_models.datasets.image_file import size_of
from orpose_models.files.journal import Journal, identity_of, read_journal
from orpose_models.files.locks import locked
from orpose_models.teacher.teacher import TeacherLabels
from orpose_models.training.contents import difference
from orpose_models.training.image_source import Item, Source
from orpose_models.training.labelling_line import run_line
from orpose_models.training.labels import ImageLabels, LabelSet, from_entry, to_annotations, to_record
from orpose_models.vocabulary.cameras import Camera
from orpose_models.vocabulary.errors import OrposeError

# Image ids of consecutive sources are this far apart: a video's header may announce too few frames.
_IDS = 10_000_000
_COMPLETE = {"complete": True}  # the last line of a shard's journal


class Labeller(Protocol):
    """A model that gives soft and hard labels: see `teacher.Teacher`."""

    def label(self, image: NDArray[np.uint8], camera: Camera | None = None) -> TeacherLabels: ...


@dataclass(frozen=True)
class Shard:
    """The part of the work that is done by process `index` of `count`."""

    index: int = 0
    count: int = 1


@dataclass(frozen=True)
class Paths:
    """Where a run of labelling keeps things; `labels` is the file that it makes."""

    labels: Path

    @property
    def journals(self) -> Path:
        """Folder of what is done, until the labels are complete."""
        return self.labels.parent / f".{self.labels.stem}.journals"

    def journal(self, shard: Shard) -> Path:
        """The journal of one shard."""
        return self.journals / f"{shard.index}-of-{shard.count}.jsonl"

    def all_journals(self) -> list[Path]:
        """Those of all shards, also where the work was shared otherwise before."""
        return sorted(self.journals.glob("*.jsonl"))

    def lock(self, shard: Shard | None = None) -> Path:
        """The lock of whoever labels a shard, or puts the labels together."""
        part = f"shard-{shard.index}-of-{shard.count}." if shard else ""
        return self.labels.with_name(f".{self.labels.stem}.{part}lock")

    @property
    def frames(self) -> Path:
        """Folder of the frames of videos."""
        return self.labels.parent / "frames"


@contextmanager
def claimed(paths: Paths, shards: Sequence[Shard]) -> Iterator[None]:
    """Keep other processes from labelling the same shards, until they are labelled and put together.

    Raises:
        OrposeError: another process does so.
    """
    with ExitStack() as locks:
        for shard in shards:
            refusal = (
                f"{paths.labels}: another process is labelling part {shard.index} of {shard.count} of these; "
                "wait for it, or share the work: give each process another --shard"
            )
            locks.enter_context(locked(paths.lock(shard), refusal))
        yield


def set_aside(paths: Paths, settings: dict[str, Any]) -> list[str]:
    """Why journals of a labelling that was interrupted count as nothing, one sentence each."""
    now = json.loads(json.dumps(settings))
    reasons = []
    for path in paths.all_journals():
        before = identity_of(path)
        if before is not None and before != now:
            how = difference(before, now) or "by an earlier version of orpose, which did not note of what images"
            reasons.append(f"labels of an interrupted run do not count, they were made {how}")
    return list(dict.fromkeys(reasons))


def _done(paths: Paths, settings: dict[str, Any]) -> set[int]:
    """Ids of the images that some journal has."""
    return {
        entry["image"]["id"]
        for path in paths.all_journals()
        for entry in read_journal(path, settings)
        if "image" in entry
    }


def journalled(paths: Paths, settings: dict[str, Any]) -> int:
    """How many images the journals of these settings have."""
    return len(_done(paths, settings))


def label_shard(
    sources: Sequence[Source],
    teacher: Labeller,
    paths: Paths,
    settings: dict[str, Any],
    shard: Shard,
    advance: Callable[[int], None] = lambda count: None,
    lookers: int = 1,
) -> None:
    """Label the images of one shard that no journal has.

    Args:
        sources: where the images come from.
        teacher: what labels them.
        paths: where journals are kept.
        settings: what the labels depend on; journals of other settings count as nothing.
        shard: every `count`-th image, from `index` on.
        advance: called with the number of images that are done.
        lookers: how many threads label, an image each; reading ahead and writing have others.
    """
    done = _done(paths, settings)
    journal = Journal(paths.journal(shard), settings)
    try:
        for number, source in enumerate(sources):
            expected = len(range(shard.index, source.count, shard.count))
            already = sum(_id(number, index) in done for index in range(shard.index, source.count, shard.count))
            advance(already)
            counted = already

            def wanted(index: int, number: int = number) -> bool:
                return index % shard.count == shard.index and _id(number, index) not in done

            def write(entry: dict[str, Any]) -> None:
                nonlocal counted
                journal.append(entry)
                advance(1)
                counted += 1

            read = (_read(item, number) for item in source.items(wanted))
            run_line(read, partial(_label, teacher=teacher), write, lookers)
            advance(max(0, expected - counted))
        journal.append(_COMPLETE)
    finally:
        journal.close()


def _id(source: int, index: int) -> int:
    return source * _IDS + index + 1


@dataclass(frozen=True, eq=False)
class _Read:
    """An image to be labelled: its pixels, or why there are none."""

    item: Item
    source: int
    pixels: NDArray[np.uint8] | None
    camera: Camera | None = None
    problem: str = ""


def _read(item: Item, source: int) -> _Read:
    try:
        pixels = item.read()
    except OrposeError as error:
        return _Read(item, source, None, problem=str(error))
    return _Read(item, source, pixels, item.camera(size_of(pixels)))


def _label(read: _Read, teacher: Labeller) -> dict[str, Any]:
    """The entry of the journal."""
    item, image_id = read.item, _id(read.source, read.item.index)
    if read.pixels is None:
        return {"image": {"id": image_id}, "problem": read.problem}
    labels = teacher.label(read.pixels, read.camera)
    done = ImageLabels(
        image_id,
        item.file_name,
        size_of(read.pixels),
        labels.soft,
        labels.hard,
        read.source,
        read.camera,
        item.camera_name,
        item.group,
        item.stamp_ns,
    )
    notes = {"notes": item.notes} if item.notes else {}
    return {"image": to_record(done), "annotations": to_annotations(done, first_id=1), **notes}


def merge_shards(
    sources: Sequence[Source], paths: Paths, settings: dict[str, Any], count: int, info: dict[str, Any]
) -> tuple[LabelSet, list[str]] | None:
    """Put the journals of `count` shards together.

    Args:
        sources: as in `label_shard`.
        paths: of journals and labels.
        settings: as in `label_shard`.
        count: number of shards.
        info: written into the file beside the settings.

    Returns:
        The labels and one sentence for each image that could not be read, or not whole; None if another shard still
        works, or another process has put them together.

    Raises:
        OrposeError: no image could be read.
    """
    with locked(paths.lock()):
        if not all(_COMPLETE in read_journal(paths.journal(Shard(i, count)), settings) for i in range(count)):
            return None
        images, problems = {}, []
        for file in paths.all_journals():
            for entry in read_journal(file, settings):
                if "problem" in entry:
                    problems.append(str(entry["problem"]))
                elif "image" in entry:
                    images[entry["image"]["id"]] = from_entry(entry["image"], entry["annotations"], file)
                    problems += entry.get("notes", [])
        if not images:
            raise OrposeError(f"none of the images could be read; the first: {problems[0] if problems else 'no image'}")
        labels = LabelSet(
            [images[key] for key in sorted(images)], [s.images for s in sources], {**info, "settings": settings}
        )
        labels.save(paths.labels)
        shutil.rmtree(paths.journals)
        for left in paths.labels.parent.glob(glob.escape(f".{paths.labels.stem}.shard-") + "*.lock"):
            left.unlink(missing_ok=True)  # of processes that were killed; nobody labels any more
    return labels, problems
