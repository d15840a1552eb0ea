"""A pipeline over many images, kept in a journal: every run of a model goes through `run_images`."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from orpose_models.datasets.image_file import size_of
from orpose_models.files.prediction_journal import Kept, PredictionJournal
from orpose_models.files.predictions import ImagePrediction
from orpose_models.runtime.pipeline import Pipeline
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
        notes: `read` and `camera` may add what should be known, one sentence each; it is kept with the poses.
    """

    image_id: int
    name: str
    key: str
    read: Callable[[], NDArray[np.uint8]]
    camera: Callable[[Size], Camera | None]
    stamp_ns: int | None = None
    notes: list[str] = field(default_factory=list)


@dataclass
class Found:
    """What came of the images.

    Attributes:
        images: the predictions, without ids (see `tracked`), in the order of the images.
        left_out: one sentence for each image without prediction.
        notes: of all others.
    """

    images: list[ImagePrediction] = field(default_factory=list)
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
        pipeline: what finds the persons; its tracker is not used.
        journal: gets a prediction for each image; what it has from earlier is taken over.
        advance: called after each image, whatever became of it.
        leave_out: whether an image that cannot be processed is left out; else its error ends the run.

    Raises:
        OrposeError: an image cannot be processed, unless it is to be left out.
    """
    untracked = replace(pipeline, tracker=None)
    found = Found()
    for image in images:
        try:
            kept = journal.done.get(image.key) or _process(image, untracked, journal)
        except OrposeError as error:
            if not leave_out:
                raise
            found.left_out.append(str(error))
        else:
            # The number and the name are this run's: files may have been added or removed since.
            prediction = replace(kept.prediction, image_id=image.image_id, file_name=image.name)
            found.images.append(prediction)
            found.notes.extend(kept.notes)
        advance()
    return found


def _process(image: RunImage, pipeline: Pipeline, journal: PredictionJournal) -> Kept:
    pixels = image.read()
    result = pipeline.process(pixels, image.camera(size_of(pixels)))
    prediction = ImagePrediction(image.image_id, image.name, result.resolution, result.poses, image.stamp_ns)
    return journal.append(image.key, prediction, image.notes)


def tracked(images: Iterable[ImagePrediction], tracker: Tracker) -> list[ImagePrediction]:
    """Consecutive images of one camera with lasting ids. Done when all are there, because a run may have gone on."""
    return [
        replace(image, poses=tracker.update(image.poses, (image.stamp_ns or 0) / 1e9, image.resolution.full))
        for image in images
    ]
