"""Footage that is there to measure with, so that no model may learn from it."""

from pathlib import Path

from orpose_models.files.assets import ASSETS
from orpose_models.files.disk import sha256
from orpose_models.vocabulary.errors import OrposeError

FOOTAGE = "multiperson"
CAMERA = "cam04"


def refuse_held_back(path: Path) -> None:
    """Check that a file is not the held-back camera's video, whatever it is called.

    Raises:
        OrposeError: it is.
    """
    held_back = next(file for file in ASSETS[FOOTAGE].files if file.local_name == f"{CAMERA}.mp4")
    if path.is_file() and path.stat().st_size == held_back.size and sha256(path) == held_back.sha256:
        raise OrposeError(
            f"{path}: this recording is held back for measuring (orpose evaluate footage); no model may learn from it"
        )
