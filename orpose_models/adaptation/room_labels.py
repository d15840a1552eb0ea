"""Labels of a room's chosen moments: the teacher's, corrected over time, with pictures of the room without people."""

import os
import shutil
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from orpose_models.adaptation.backgrounds import background_of
from orpose_models.adaptation.camera_agreement import Agreements, agree
from orpose_models.adaptation.keeping import KeptFrame, moments
from orpose_models.adaptation.over_time import Confirmations, over_time
from orpose_models.adaptation.own_recordings import Recording, together
from orpose_models.datasets.camera_file import View
from orpose_models.datasets.image_file import read_image
from orpose_models.training.image_source import Choice, keep_image
from orpose_models.training.labels import ImageLabels, LabelSet
from orpose_models.training.teach_run import TeachPlan, teach
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.poses import Poses
from orpose_models.vocabulary.reporting import Reporter

_PLATES = "room-without-people"
_PLATE_IDS = 2_000_000_000


def teach_frames(
    recordings: Sequence[Recording],
    frames: Sequence[KeptFrame],
    folder: Path,
    labels: Path,
    teacher: str,
    accept: float,
    workers: int,
    engine: str | None,
    reporter: Reporter,
) -> None:
    """Let the teacher label the frames that are to be labelled, once; an interrupted labelling goes on."""
    if labels.is_file():
        return
    named = {recordings[frame.recording].name: recordings[frame.recording] for frame in frames}
    sources, choices = [], []
    for name, recording in named.items():
        mine = [frame for frame in frames if frame.recording == recordings.index(recording)]
        place = labels.parent / "labelled" / name
        for frame in mine:
            if frame.part != "stretch":
                link(folder / frame.file, place / Path(frame.file).relative_to(name))
        size = read_image(folder / mine[0].file).shape
        camera = recording.camera((size[1], size[0]))
        known = camera if camera is not None and not camera.guessed else None
        sources.append(place)
        choices.append(Choice(View(known, camera.gravity if camera is not None else None)))
    plan = TeachPlan(tuple(sources), tuple(choices), labels, teacher, accept=accept, workers=workers, engine=engine)
    if teach(plan, reporter) is None:
        raise OrposeError(f"{labels}: another process is labelling these frames; wait for it")


def room_labels(
    recordings: Sequence[Recording],
    frames: Sequence[KeptFrame],
    taught: Path,
    room: Path,
    nobody: Path,
    hard_threshold: float,
    over: bool = True,
) -> dict[str, Any]:
    """Correct the teacher's labels over time and by other cameras, and add pictures in which nobody is.

    Args:
        recordings: of all frames.
        frames: what was kept.
        taught: the teacher's labels. room: the corrected ones, written.
        nobody: folder of pictures without persons, written.
        hard_threshold: keypoint score of the hard set.
        over: whether labels are corrected over time.

    Returns:
        Counts, for the report.
    """
    labels = LabelSet.load(taught)
    by_name = {f"{labels.folders[image.source].name}/{image.file_name}": image for image in labels.images}
    counts, corrected = Confirmations(), {}
    empty: list[KeptFrame] = []
    for part in ("learn", "choose", "prove"):
        for group in moments(frames, part):  # type: ignore[arg-type]
            known = [by_name[frame.file] for frame in group if frame.file in by_name]
            fixed = over_time(known, labels.accept, hard_threshold, counts) if over else known
            corrected.update({image.image_id: image for image in fixed})
            if part == "learn" and known and not any(len(image.soft) for image in known):
                empty += [frame for frame in group if frame.middle and frame.file in by_name]
    seen = _by_other_cameras(recordings, frames, by_name, corrected, labels.accept, hard_threshold) if over else None
    for frame in empty:
        image = by_name[frame.file]
        link(labels.path_of(image), nobody / frame.file.replace("/", "-"))
    images = [corrected[image.image_id] for image in labels.images if image.image_id in corrected]
    plates = _plates(labels, frames, by_name, room.parent / _PLATES, nobody)
    folders = [*labels.folders, room.parent / _PLATES] if plates else labels.folders
    LabelSet(images + plates, folders, {**labels.info, "corrected_over_time": over}).save(room)
    accepted = dict.fromkeys(("learn", "choose", "prove"), 0)
    for image in images:
        accepted[Path(image.file_name).parts[0]] += int((image.soft.box_scores >= labels.accept).sum())
    free = len(list(nobody.glob("*.jpg"))) if nobody.is_dir() else 0
    found = {"images": len(images), "accepted": sum(accepted.values()), "accepted_of": accepted}
    cameras = None if seen is None else asdict(seen)
    return {**found, "person_free": free, "plates": len(plates), **asdict(counts), "cameras": cameras}


def _by_other_cameras(
    recordings: Sequence[Recording],
    frames: Sequence[KeptFrame],
    by_name: dict[str, ImageLabels],
    corrected: dict[int, ImageLabels],
    accept: float,
    hard_threshold: float,
) -> Agreements | None:
    """Let calibrated cameras correct each other's labels, in `corrected`; None if there are none."""
    same = together(recordings)
    if not same:
        return None
    counts = Agreements()
    groups: dict[int, list[KeptFrame]] = {}
    for frame in frames:
        if frame.middle and frame.part != "stretch" and frame.recording in same and frame.file in by_name:
            groups.setdefault(frame.moment, []).append(frame)
    for group in groups.values():
        images = [corrected[by_name[frame.file].image_id] for frame in group]
        cameras = [camera for frame in group if (camera := recordings[frame.recording].placed) is not None]
        for image in agree(images, cameras, accept, hard_threshold, counts):
            corrected[image.image_id] = image
    return counts


def _plates(
    labels: LabelSet, frames: Sequence[KeptFrame], by_name: dict[str, ImageLabels], folder: Path, nobody: Path
) -> list[ImageLabels]:
    """The room of each recording without people; where somebody always is, nothing is learned of the picture."""
    plates = []
    for number in sorted({frame.recording for frame in frames}):
        mine = [frame for frame in frames if frame.recording == number and frame.part == "learn" and frame.middle]
        known = [by_name[frame.file] for frame in mine if frame.file in by_name]
        plate = background_of([(labels.path_of(image), image.soft.boxes) for image in known])
        if plate is None:
            continue
        name = f"{number}.jpg"
        if not len(plate.hidden):
            keep_image(nobody / f"{_PLATES}-{name}", plate.picture)
            continue
        keep_image(folder / name, plate.picture)
        doubtful = Poses.from_arrays(plate.hidden, [0.0] * len(plate.hidden))
        like = known[0]
        plates.append(
            replace(
                like,
                image_id=_PLATE_IDS + number,
                file_name=name,
                soft=doubtful,
                hard=doubtful,
                source=len(labels.folders),
                stamp_ns=None,
            )
        )
    return plates


def link(source: Path, target: Path) -> None:
    """Let a file lie at another place too, as a copy where the disk knows no links."""
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
