"""A model over the images of an annotated dataset, into predictions files that evaluation reads."""

from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from orpose_models.datasets.image_file import further_pages, read_picture, size_of
from orpose_models.datasets.truth import ImageTruth, Truth
from orpose_models.files.locks import locked
from orpose_models.files.prediction_journal import PredictionJournal
from orpose_models.files.predictions import Predictions
from orpose_models.model_format.pose_model import PoseModel
from orpose_models.runs.identity import file_key, settings_of
from orpose_models.runs.image_run import RunImage, run_images
from orpose_models.runtime.pipeline import Pipeline
from orpose_models.vocabulary.cameras import Camera
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.reporting import Reporter, Silent, counter

SCORE_FLOOR = 0.05  # persons with lower scores add nothing to AP but time


def require_images(truth: Truth) -> None:
    """Check that the dataset's images are there.

    Raises:
        OrposeError: some are missing; says how many and which is the first.
    """
    missing = [image.file_name for image in truth.images if not (truth.image_root / image.file_name).is_file()]
    if missing:
        raise OrposeError(
            f"{len(missing)} of {len(truth.images)} images of {truth.name} are missing, the first is "
            f"{truth.image_root / missing[0]}; give their folder with --images"
        )


def run_dataset(
    truth: Truth, model: PoseModel, downsample: float, folder: Path, reporter: Reporter | None = None
) -> tuple[Predictions, Path]:
    """Predict every image of a dataset, or go on where an interrupted run of the same images and settings stopped.

    Args:
        truth: the dataset; what is annotated is not looked at.
        model: which model.
        downsample: factor 1..12 by which images are reduced first.
        folder: where the predictions are written, as predictions_FACTORx.json.
        reporter: hears how far it is.

    Returns:
        The predictions as they stand in their file, and the file.

    Raises:
        OrposeError: an image is missing, unreadable, or not of the annotated size, or another process runs here.
    """
    require_images(truth)
    pipeline = Pipeline(model, downsample, score_threshold=SCORE_FLOOR)
    settings = {**settings_of(pipeline), "dataset": truth.name, "images": len(truth.images)}
    identity = {**settings, "image_root": str(truth.image_root.resolve())}
    path = folder / f"predictions_{downsample:g}x.json"
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder / f".{path.stem}.lock", f"{path}: another process is making these predictions; wait for it"):
        journal = PredictionJournal(folder / f".{path.stem}.journal", identity)
        advance = counter(reporter or Silent(), f"{model.name} at {downsample:g}x", len(truth.images))
        images = (_run_image(truth, image) for image in truth.images)
        found = run_images(images, pipeline, journal, advance, leave_out=False)
        info = {**settings, **({"notes": found.notes} if found.notes else {})}
        Predictions(found.images, info).save(path)
        journal.close(remove=True)
    return Predictions([image.as_filed() for image in found.images], info), path


def _run_image(truth: Truth, image: ImageTruth) -> RunImage:
    notes: list[str] = []
    return RunImage(
        image.image_id,
        image.file_name,
        f"{image.file_name}: {file_key(truth.image_root / image.file_name)}, {image.camera}",
        partial(_read, truth, image, notes),
        lambda size: image.camera or Camera.from_fov(*size),
        image.stamp_ns,
        notes,
    )


def _read(truth: Truth, image: ImageTruth, notes: list[str]) -> NDArray[np.uint8]:
    picture = read_picture(truth.image_root / image.file_name)
    notes += further_pages(truth.image_root / image.file_name, picture)
    pixels = picture.image
    if size_of(pixels) != image.size:
        width, height = size_of(pixels)
        raise OrposeError(
            f"{image.file_name} has {width} x {height} pixels, but {image.size[0]} x {image.size[1]} were annotated"
        )
    return pixels
