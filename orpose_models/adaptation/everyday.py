"""The set of people outside of operating rooms on which a student must not become worse.

Shipped are only the teacher's labels, `everyday.json`. The pictures are frames of footage that `orpose fetch` gets: a
street from above, and people who walk, lift and jump in a hall, each seen by several cameras. They are not the frames
that the shipped student was trained on, but are of the same recordings, where that student is at its best: what is
forgotten shows there first. Nothing is learned from them here. Camera 4 is not among them.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from orpose_models.datasets.frames import open_frames
from orpose_models.files.assets import asset
from orpose_models.training.image_source import keep_image
from orpose_models.training.labels import LabelSet
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.reporting import Reporter

LABELS = Path(__file__).with_name("everyday.json")
# Asset, file, how many frames.
FOOTAGE: Mapping[str, tuple[tuple[str, int], ...]] = {
    "surveillance": (("vtest.avi", 16),),
    "multiperson": (("cam01.mp4", 6), ("cam02.mp4", 6), ("cam03.mp4", 6)),
    "singleperson": (("cam01.mp4", 4), ("cam02.mp4", 4), ("cam03.mp4", 4)),
}


def everyday_pictures(folder: Path, reporter: Reporter) -> None:
    """Write the pictures of the set below a folder; those that are there stay.

    Raises:
        OrposeError: the footage is not fetched; says how.
    """
    names = [(name, file, count) for name, files in FOOTAGE.items() for file, count in files]
    missing = [name for name in FOOTAGE if not _fetched(name)]
    if missing:
        raise OrposeError(
            "the pictures by which forgetting would show are not there yet; run: orpose fetch " + " ".join(missing)
        )
    reporter.progress("everyday pictures", 0, len(names))
    for done, (name, file, count) in enumerate(names, 1):
        _frames_of(asset(name) / file, count, folder / f"{name}-{Path(file).stem}")
        reporter.progress("everyday pictures", done, len(names))


def everyday_labels(folder: Path, path: Path, reporter: Reporter) -> Path:
    """Write the pictures below `folder` and the shipped labels, which point to them, to `path`, and return that.

    Raises:
        OrposeError: as `everyday_pictures`.
    """
    if not path.is_file():
        everyday_pictures(folder, reporter)
        labels = LabelSet.load(LABELS)
        replace(labels, folders=[folder]).save(path)
    return path


def _fetched(name: str) -> bool:
    try:
        asset(name)
    except OrposeError:
        return False
    return True


def _frames_of(video: Path, count: int, folder: Path) -> None:
    source = open_frames(video)
    # In the middle between frames that lie evenly, as those do that were trained on.
    wanted = {round((i + 0.5) * len(source) / count) for i in range(count)}
    if all((folder / f"{index:06d}.jpg").is_file() for index in wanted):
        return
    for shot in source.shots():
        if shot.index in wanted:
            keep_image(folder / f"{shot.index:06d}.jpg", shot.read())
