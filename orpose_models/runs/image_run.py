"""A pipeline over many images, kept in a journal: every run of a model goes through `run_images`."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from orpose_models.datasets.image_file import size_of
from orpose_models.files.prediction_journal import Kept, PredictionJournal
from orpose_models.files.predictions import ImagePrediction
from orpose_models.registry.batches import settled_batch
from orpose_models.runtime.engine_loading import DeviceError
from orpose_models.runtime.pipeline import Pipeline, Result, Shot, process_together
from orpose_models.tracking.tracker import Tracker
from orpose_models.vocabulary.cameras import Camera
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.resolution import Size


@dataclass(frozen=True, eq=False)
class RunImage:
    """An image that a run looks at, if its journal has not got it.

    Attributes:
        image_id: its number, unique in the run.
        name: what it is called in the predictions.
        key: what its poses depend on besides the run's settings: another text when the image changes.
        read: gives the image, (h, w, 3) uint8 BGR; raises OrposeError if it cannot be read.
        camera: the camera of an image of a size; None if nothing is known of it. Raises OrposeError if there is none
            that may be used.
        stamp_ns: acquisition time in nanoseconds, where known.
        depth: gives the depth image of the same moment, (h, w) float32 metres, or None if there is none.
        notes: `read` and `camera` may add what should be known, one sentence each; it is kept with the poses.
    """

    image_id: int
    name: str
    key: str
    read: Callable[[], NDArray[np.uint8]]
    camera: Callable[[Size], Camera | None]
    stamp_ns: int | None = None
    notes: list[str] = field(default_factory=list)
    depth: Callable[[], NDArray[np.float32] | None] = lambda: None


@dataclass
class Found:
    """What came of the images.

    Attributes:
        images: the predictions, without ids (see `tracked`), in the order of the images; persons down to the pipeline's
            `lowest_score`.
        cameras: of the images; None where nothing is known.
        left_out: one sentence for each image without prediction.
        notes: of all others.
    """

    images: list[ImagePrediction] = field(default_factory=list)
    cameras: list[Camera | None] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def run_images(
    images: Iterable[RunImage],
    pipeline: Pipeline,
    journal: PredictionJournal,
    advance: Callable[[], None] = lambda: None,
    leave_out: bool = True,
) -> Found:
    """Find the persons of the images that the journal has not got.

    Args:
        images: what to look at.
        pipeline: what finds the persons; its tracker is not used, but what it will go by is noted.
        journal: gets a prediction for each image; what it has from earlier is taken over.
        advance: called after each image, whatever became of it.
        leave_out: whether an image that cannot be processed is left out; else its error ends the run.

    Raises:
        OrposeError: an image cannot be processed, unless it is to be left out.
    """
    tracking = pipeline.tracker is not None
    most = None if pipeline.steadies else pipeline.max_persons
    untracked = replace(
        pipeline, tracker=None, appearance=tracking, score_threshold=pipeline.lowest_score, max_persons=most
    )
    found = Found()
    for group in _groups(images, settled_batch(pipeline.model)):
        for image, outcome in _outcomes(group, untracked, journal):
            if isinstance(outcome, OrposeError):
                if not leave_out:
                    raise outcome
                found.left_out.append(str(outcome))
            else:
                # The number and the name are this run's: files may have been added or removed since.
                prediction = replace(outcome.prediction, image_id=image.image_id, file_name=image.name)
                found.images.append(prediction)
                found.cameras.append(image.camera(prediction.resolution.full) if tracking else None)
                found.notes.extend(outcome.notes)
            advance()
    return found


def _groups(images: Iterable[RunImage], size: int) -> Iterator[list[RunImage]]:
    source = iter(images)
    while group := list(islice(source, size)):
        yield group


def _outcomes(
    group: list[RunImage], pipeline: Pipeline, journal: PredictionJournal
) -> Iterator[tuple[RunImage, Kept | OrposeError]]:
    """Of each image what the journal has, what is found in it now, or why nothing can be."""
    problems: dict[int, OrposeError] = {}
    shots: dict[int, Shot] = {}
    for number, image in enumerate(group):
        if image.key in journal.done:
            continue
        try:
            pixels = image.read()
            shots[number] = Shot(pipeline, pixels, image.camera(size_of(pixels)), depth=image.depth())
        except OrposeError as error:
            problems[number] = error
    results = _results(shots, problems)
    for number, image in enumerate(group):
        if number in results:
            result = results[number]
            prediction = ImagePrediction(image.image_id, image.name, result.resolution, result.poses, image.stamp_ns)
            yield image, journal.append(image.key, prediction, image.notes)
        else:
            yield image, problems.get(number) or journal.done[image.key]


def _results(shots: dict[int, Shot], problems: dict[int, OrposeError]) -> dict[int, Result]:
    """What is found, by the image's number; notes why where nothing can be. A device that is lost ends the run."""
    if len(shots) > 1:
        try:
            return dict(zip(shots, process_together(list(shots.values())), strict=True))
        except DeviceError:
            raise
        except OrposeError:
            pass  # which of them it was is seen one by one
    results = {}
    for number, shot in shots.items():
        try:
            results[number] = shot.pipeline.process(shot.image, shot.camera, depth=shot.depth)
        except DeviceError:
            raise
        except OrposeError as error:
            problems[number] = error
    return results


def followed(found: Found, pipeline: Pipeline) -> list[ImagePrediction]:
    """What a run gives of consecutive images of one camera: as its pipeline's tracker has it, where there is one."""
    if pipeline.tracker is None:
        return found.images
    return tracked(found.images, pipeline.tracker, found.cameras, pipeline.score_threshold, pipeline.max_persons)


def tracked(
    images: Sequence[ImagePrediction],
    tracker: Tracker,
    cameras: Sequence[Camera | None] | None = None,
    threshold: float = 0.0,
    most: int | None = None,
) -> list[ImagePrediction]:
    """Consecutive images of one camera, persons steadied and with lasting ids.

    Done when all are there, because a run may have gone on.

    Args:
        images: in order of time.
        tracker: gives the ids.
        cameras: of the images; None where nothing is known, or of any.
        threshold, most: see `Tracker.update`.
    """
    done = []
    for image, camera in zip(images, cameras or [None] * len(images), strict=True):
        known = None if camera is None or camera.guessed else camera
        poses = tracker.update(image.poses, (image.stamp_ns or 0) / 1e9, image.resolution.full, known, threshold, most)
        done.append(replace(image, poses=poses))
    return done
