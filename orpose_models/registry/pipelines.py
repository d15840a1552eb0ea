"""A model by name with everything around it: what the command line, bags and users of the library run."""

from orpose_models.registry.models import DEFAULT_MODEL, load_model
from orpose_models.runtime.pipeline import Pipeline
from orpose_models.tracking.tracker import Tracker

SCORE_THRESHOLD = 0.1  # persons with lower scores are left out


def load_pipeline(
    model: str = DEFAULT_MODEL,
    *,
    downsample: float = 1.0,
    max_input_pixels: int | None = None,
    score_threshold: float = SCORE_THRESHOLD,
    max_persons: int | None = None,
    tracking: bool = False,
    smoothing: bool = True,
    camera_height: float | None = None,
    threads: int | None = None,
    engine: str | None = None,
) -> Pipeline:
    """Load a model and put the whole pipeline around it: reduce, find, place, on request track.

    Args:
        model: see `registry.models.load_model`.
        downsample: factor 1..12 by which images are reduced before the model sees them.
        max_input_pixels: privacy guard: the model sees at most this many pixels of an image; None for no limit.
        score_threshold: persons with lower box scores are left out.
        max_persons: at most this many, those with the best box scores; None for all.
        tracking: whether the persons of consecutive images get lasting ids and are steadied.
        smoothing: whether they are steadied.
        camera_height: of the camera above the floor, metres; None to learn it from who stands there.
        threads: how many threads the model may use; None for all cores.
        engine: one of `registry.models.ENGINES`; None for the model's own.

    Raises:
        OrposeError: no such model or engine, or its weights are missing, corrupt or of another version.
    """
    tracker = Tracker(smoothing=smoothing, camera_height=camera_height) if tracking else None
    return Pipeline(
        load_model(model, threads, engine), downsample, max_input_pixels, score_threshold, max_persons, tracker
    )
