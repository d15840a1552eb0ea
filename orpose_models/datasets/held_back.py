"""Footage that is there to measure with, so that no model may learn from it."""

from collections.abc import Mapping
from pathlib import Path

from orpose_models.files.assets import ASSETS
from orpose_models.files.disk import sha256
from orpose_models.vocabulary.errors import OrposeError

# What `orpose evaluate footage` measures on.
FOOTAGE = "multiperson"
CAMERA = "cam04"

# Recordings by asset.
HELD_BACK: Mapping[str, str] = {FOOTAGE: f"{CAMERA}.mp4", "singleperson": "cam04.mp4", "sports2d": "demo.mp4"}


def refuse_held_back(path: Path) -> None:
    """Check that a file is none of the recordings held back, whatever it is called.

    Raises:
        OrposeError: it is.
    """
    if not path.is_file():
        return
    for name, recording in HELD_BACK.items():
        held_back = next(file for file in ASSETS[name].files if file.local_name == recording)
        if path.stat().st_size == held_back.size and sha256(path) == held_back.sha256:
            raise OrposeError(
                f"{path}: this recording is held back for measuring ({name}, {recording}); no model may learn from it"
            )
