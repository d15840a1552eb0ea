"""What a run depends on, so that an interrupted one goes on only with its own images, model and settings."""

from pathlib import Path
from typing import Any

from orpose_models.model_format.score_calibration import described
from orpose_models.runtime.pipeline import Pipeline


def file_key(path: Path) -> str:
    """Name, size and time of a file: another text when the file is replaced, changed or gone."""
    try:
        status = path.stat()
    except OSError:
        return f"{path.name}, missing"
    return f"{path.name}, {status.st_size} bytes, {status.st_mtime_ns} ns"


def kept_by(pipeline: Pipeline) -> dict[str, Any]:
    """What decides, besides `settings_of`, which persons a run's journal keeps until they are tracked."""
    return {"lowest_score": pipeline.lowest_score, "steadied": pipeline.steadies}


def settings_of(pipeline: Pipeline) -> dict[str, Any]:
    """What the poses of a pipeline depend on besides the images, for a run's record."""
    model = pipeline.model
    return {
        "model": model.name,
        "model_sha256": model.sha256,
        "engine": model.engine,
        "downsample": pipeline.downsample,
        "max_input_pixels": pipeline.max_input_pixels,
        "score_threshold": pipeline.score_threshold,
        "max_persons": pipeline.max_persons,
        **described(model),
    }
