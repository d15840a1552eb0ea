"""Options that several verbs share."""

from pathlib import Path
from typing import Annotated

import typer

from orpose_models.model_format.engines import CHOICES
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.resolution import MAX_FACTOR, MIN_FACTOR

Model = Annotated[
    str,
    typer.Option(
        help="Which model; `orpose models` lists them. @SIDE after it sets the short side of a student's input: "
        "more finds smaller persons, less is faster."
    ),
]
Downsample = Annotated[
    float, typer.Option(min=MIN_FACTOR, max=MAX_FACTOR, help="Reduce the image by this factor first.")
]
MaxInputPixels = Annotated[
    int | None, typer.Option(min=1, help="Privacy guard: the model sees at most this many pixels of an image.")
]
CameraFile = Annotated[
    Path | None,
    typer.Option(help="Intrinsics: camera_calibration's YAML (a `gravity` of three numbers may be added) or .qca.txt."),
]
Rectified = Annotated[
    str,
    typer.Option(
        help="Whether the images are rectified, so that P (projection_matrix) is their camera: "
        "true, false, or auto: those named image_rect* are."
    ),
]
CameraName = Annotated[str | None, typer.Option(help="Which camera of a Qualisys calibration (default: INPUT's name).")]
Pitch = Annotated[float | None, typer.Option(min=-90, max=90, help="Degrees the camera looks down; helps the 3D.")]
CameraHeight = Annotated[
    float | None,
    typer.Option(
        min=0.1, max=20, help="Metres from the camera down to the floor; with --pitch it helps the positions."
    ),
]
DepthTopic = Annotated[
    str | None, typer.Option(help="Topic of registered depth images (16UC1 or 32FC1), for where persons stand.")
]
Smoothing = Annotated[bool, typer.Option(help="Steady joints, positions and scores, and give velocities.")]
ScoreThreshold = Annotated[float, typer.Option(min=0, max=1, help="Leave out persons with lower scores.")]
Engine = Annotated[
    str | None,
    typer.Option(help=f"What computes it: {', '.join(CHOICES)} (default: the model's own)."),
]
Threads = Annotated[int | None, typer.Option(min=1, help="How many threads to use (default: all cores).")]


def is_straight(rectified: str, name: str) -> bool:
    """Whether images of a name are rectified, by the option.

    Raises:
        OrposeError: it is none of true, false and auto.
    """
    from orpose_models.messages.camera_info import is_rectified

    if rectified not in ("auto", "true", "false"):
        raise OrposeError(f"--rectified {rectified!r}: expected auto, true or false")
    return is_rectified(name, rectified)
