"""Running a model over the images of a dataset, resumably."""

from collections.abc import Callable
from pathlib import Path

from orpose_models.datasets.image_file import read_image, size_of
from orpose_models.datasets.truth import Truth
from orpose_models.files.predictions import ImagePrediction, PredictionJournal, Predictions
from orpose_models.model_format.pose_model import PoseModel
from orpose_models.model_format.score_calibration import described
from orpose_models.runtime.pipeline import Pipeline
from orpose_models.vocabulary.cameras import Camera
from orpose_models.vocabulary.errors import OrposeError

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


def run_model(
    truth: Truth,
    model: PoseModel,
    downsample: float,
    folder: Path,
    start: Callable[[int], None] = lambda done: None,
    advance: Callable[[], None] = lambda: None,
) -> tuple[Predictions, Path]:
    """Predict every image of a dataset, or go on where an interrupted run of the same settings stopped.

    Args:
        truth: the dataset; what is annotated is not looked at.
        model: which model.
        downsample: factor 1..12 by which images are reduced first.
        folder: where the predictions are written, as predictions_FACTORx.json.
        start: called once with the number of images done before.
        advance: called after every image.

    Returns:
        The predictions and their file.

    Raises:
        OrposeError: an image is missing, unreadable, or not of the annotated size.
    """
    require_images(truth)
    settings = {
        "model": model.name,
        "model_sha256": model.sha256,
        "engine": model.engine,
        "dataset": truth.name,
        "images": len(truth.images),
        "downsample": downsample,
        "score_threshold": SCORE_FLOOR,
        **described(model),
    }
    path = folder / f"predictions_{downsample:g}x.json"
    pipeline = Pipeline(model, downsample, score_threshold=SCORE_FLOOR)
    # Another dataset of the same name is another run.
    identity = {**settings, "image_root": str(truth.image_root.resolve())}
    journal = PredictionJournal(folder / f".predictions_{downsample:g}x.journal", identity)
    start(len(journal.done))
    for image in truth.images:
        if image.image_id in journal.done:
            continue
        pixels = read_image(truth.image_root / image.file_name)
        if size_of(pixels) != image.size:
            width, height = size_of(pixels)
            raise OrposeError(
                f"{image.file_name} has {width} x {height} pixels, but {image.size[0]} x {image.size[1]} were annotated"
            )
        result = pipeline.process(pixels, image.camera or Camera.from_fov(*image.size))
        journal.append(
            ImagePrediction(image.image_id, image.file_name, result.resolution, result.poses, image.stamp_ns)
        )
        advance()
    predictions = Predictions([journal.done[image.image_id] for image in truth.images], settings)
    predictions.save(path)
    journal.close(remove=True)
    return predictions, path
