"""The images of chosen moments on disk: each with its neighbours in time, and stretches to see movement in."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Literal

import numpy as np

from orpose_models.adaptation.choosing import Chosen, Part
from orpose_models.adaptation.looking import Look, seen_as
from orpose_models.adaptation.own_recordings import Recording, together
from orpose_models.files.disk import read_json, write_json
from orpose_models.training.image_source import keep_image
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.reporting import Reporter

_APART_S = 0.25  # seconds from a moment to its neighbours
_STRETCHES, _STRETCH, _STRETCH_HZ = 3, 24, 8.0  # number, images each, images a second
_GAP_S = 1.0  # seconds from which on images are not of one moment: recordings may pause


@dataclass(frozen=True)
class KeptFrame:
    """An image on disk.

    Attributes:
        file: relative to the folder of frames; its first part is the recording's name, its second the part.
        part: what it is for; 'stretch' for those that movement is seen in.
        recording: index of the recording. moment: number of the moment or stretch that it belongs to.
        place: its place in that, in order of time; a moment's own image is `middle`.
        middle: whether it is the chosen one.
        index, stamp_ns: in its recording.
    """

    file: str
    part: Literal["learn", "choose", "prove", "stretch"]
    recording: int
    moment: int
    place: int
    middle: bool
    index: int
    stamp_ns: int | None = None


def keep_frames(
    recordings: Sequence[Recording],
    looks: Sequence[Look],
    chosen: Sequence[Chosen],
    folder: Path,
    max_pixels: int | None,
    reporter: Reporter,
) -> list[KeptFrame]:
    """Write the images of moments and stretches below `folder`, and FOLDER.json, which says what they are.

    Raises:
        OrposeError: none of them can be read any more.
    """
    wanted = _wanted(recordings, looks, chosen)
    total, done = len(wanted), 0
    reporter.progress("frames", 0, total)
    kept: list[KeptFrame] = []
    for number, recording in enumerate(recordings):
        by_index: dict[int, list[KeptFrame]] = {}
        for frame in wanted:
            if frame.recording == number:
                by_index.setdefault(frame.index, []).append(frame)
        last = max(by_index, default=-1)
        for shot in recording.shots():
            if shot.index > last:
                break
            mine = by_index.get(shot.index, [])
            missing = [frame for frame in mine if not (folder / frame.file).is_file()]
            try:
                image = seen_as(shot.read(), max_pixels) if missing else None
            except OrposeError as error:
                recording.problems.append(str(error))
                continue
            for frame in mine:
                if image is not None and frame in missing:
                    keep_image(folder / frame.file, image)
                kept.append(KeptFrame(**{**asdict(frame), "stamp_ns": shot.stamp_ns}))
            done += len(mine)
            reporter.progress("frames", done, total)
    if not kept:
        raise OrposeError("none of the chosen images can be read")
    kept = _without_gaps(kept)
    kept.sort(key=lambda frame: (frame.part, frame.moment, frame.place))
    write_json(_list_of(folder), [asdict(frame) for frame in kept])
    return kept


def _without_gaps(frames: Sequence[KeptFrame]) -> list[KeptFrame]:
    """Without neighbours that are of another time than their moment, and stretches in which the recording pauses."""
    groups: dict[tuple[str, int, int], list[KeptFrame]] = {}
    for frame in frames:
        groups.setdefault((frame.part, frame.moment, frame.recording), []).append(frame)
    kept: list[KeptFrame] = []
    for (part, _, _), group in groups.items():
        middles = [frame.stamp_ns for frame in group if frame.middle]
        stamps = sorted(stamp for frame in group if (stamp := frame.stamp_ns) is not None)
        if part == "stretch":
            gaps = [later - earlier for earlier, later in pairwise(stamps)]
            kept += group if max(gaps, default=0) <= _GAP_S * 1e9 else []
        elif not middles or middles[0] is None:
            kept += group
        else:
            near = [abs((frame.stamp_ns or 0) - middles[0]) <= _GAP_S * 1e9 for frame in group]
            kept += [frame for frame, yes in zip(group, near, strict=True) if yes]
    return kept


def kept_frames(folder: Path) -> list[KeptFrame] | None:
    """What `keep_frames` wrote; None if it has not come to its end."""
    listed = _list_of(folder)
    return [KeptFrame(**entry) for entry in read_json(listed)] if listed.is_file() else None


def _list_of(folder: Path) -> Path:
    return folder.with_suffix(".json")


def _wanted(recordings: Sequence[Recording], looks: Sequence[Look], chosen: Sequence[Chosen]) -> list[KeptFrame]:
    frames: list[KeptFrame] = []
    same = together(recordings)
    for number, one in enumerate(chosen):
        own = looks[one.look]
        for view in same if own.recording in same else [own.recording]:
            middle = own.index if view == own.recording else _index_at(looks, view, own.stamp_ns)
            recording = recordings[view]
            step = _step(recording, looks, view, 1 / _APART_S)
            around = [middle + i * step for i in (-1, 0, 1)] if step else [middle]
            inside = [index for index in around if 0 <= index < recording.count or index == middle]
            for place, index in enumerate(inside):
                name = f"{recording.name}/{one.part}/{number:05d}-{place}{'m' if index == middle else ''}.jpg"
                frames.append(KeptFrame(name, one.part, view, number, place, index == middle, index))
    frames += _stretches(recordings, looks, [one for one in chosen if one.part == "prove"])
    return frames


def _stretches(recordings: Sequence[Recording], looks: Sequence[Look], proving: Sequence[Chosen]) -> list[KeptFrame]:
    """Consecutive images from where most people are, in the part that proves."""
    best = sorted(proving, key=lambda one: -len(looks[one.look].scores))
    taken: list[tuple[int, int, int]] = []  # recording, first, step
    for one in best:
        own = looks[one.look]
        step = _step(recordings[own.recording], looks, own.recording, _STRETCH_HZ)
        first = min(own.index, recordings[own.recording].count - (_STRETCH - 1) * step - 1)
        apart = all(number != own.recording or abs(first - begin) >= _STRETCH * step for number, begin, _ in taken)
        if step and first >= 0 and apart and _proves(recordings[own.recording], first):
            taken.append((own.recording, first, step))
        if len(taken) == _STRETCHES:
            break
    return [
        KeptFrame(
            f"{recordings[number].name}/stretch/{stretch:05d}-{place:03d}.jpg",
            "stretch",
            number,
            stretch,
            place,
            True,
            first + place * step,
        )
        for stretch, (number, first, step) in enumerate(taken)
        for place in range(_STRETCH)
    ]


def _proves(recording: Recording, index: int) -> bool:
    return index / max(1, recording.count) >= 0.8


def _step(recording: Recording, looks: Sequence[Look], number: int, hertz: float) -> int:
    """Images from one to the next at a rate; 0 where the images have no times."""
    stamps = [(one.index, one.stamp_ns) for one in looks if one.recording == number and one.stamp_ns is not None]
    if not recording.timed or len(stamps) < 2:
        return 0
    (first, begin), (last, end) = stamps[0], stamps[-1]
    seconds = (end - begin) / 1e9 / max(1, last - first)
    return max(1, round(1 / hertz / seconds)) if seconds > 0 else 0


def _index_at(looks: Sequence[Look], recording: int, stamp_ns: int | None) -> int:
    """Which image of a recording was taken at a time."""
    mine = [(one.stamp_ns, one.index) for one in looks if one.recording == recording and one.stamp_ns is not None]
    stamps, indices = zip(*mine, strict=True)
    return round(float(np.interp(stamp_ns or 0, stamps, indices)))


def moments(frames: Sequence[KeptFrame], part: Part) -> list[list[KeptFrame]]:
    """The frames of each moment of a part, of one camera each, in order of time."""
    found: dict[tuple[int, int], list[KeptFrame]] = {}
    for frame in frames:
        if frame.part == part:
            found.setdefault((frame.moment, frame.recording), []).append(frame)
    return [sorted(group, key=lambda frame: frame.place) for _, group in sorted(found.items())]
