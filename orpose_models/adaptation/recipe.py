"""How a student is trained for a room: the shipped student's own recipe, from it, with smaller steps."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from orpose_models.files.disk import read_json
from orpose_models.model_format.manifest import MANIFEST, WEIGHTS
from orpose_models.model_format.student_config import OneStageConfig
from orpose_models.training.scale_pairs import LINES
from orpose_models.training.train_config import ModelSettings, TrainConfig
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.resolution import MAX_FACTOR, Size

BATCH = 8
# Of a run: what the average of the weights is over; its longest decay.
_AVERAGED, _LONGEST = 0.1, 0.995
_USUAL = 0.5  # of the iterations: at the size for images of many pixels
AUGMENTATION = {
    "scale": [0.75, 1.5],
    "close": 0.15,
    "background": 0.12,
    "turned": 0.3,
    "grey": 0.15,
    "blur": 0.1,
    "noise": 0.5,
    "compression": 0.2,
}


def inputs_of(student: OneStageConfig, shape: Size) -> list[dict[str, Any]]:
    """The sizes that a student runs at, each with the downsampling factors at which it does.

    Args:
        student: its settings.
        shape: width, height of the room's images, whose shape the sizes have.

    Returns:
        As `Augmentation.inputs`; the more an image is reduced, the more iterations a size has.
    """
    limits = [limit for limit, _ in student.small_images if LINES / MAX_FACTOR <= limit < LINES]
    lows = [1.0, *(math.ceil(10 * LINES / limit) / 10 for limit in reversed(limits))]
    kinds = []
    for low, high in zip(lows, [*lows[1:], MAX_FACTOR], strict=True):
        lines = math.floor(LINES / low)
        width, height = student.input_size(shape, (lines, lines))
        share = _USUAL if low == 1 else (1 - _USUAL) * low / sum(lows[1:])
        reduced = {"share": 0.4 if low == 1 else 1.0, "low": low, "high": high}
        downsampling = [{"share": 0.6}, reduced] if low == 1 else [reduced]
        small = student.is_small((lines, lines))
        kinds.append({"share": share, "width": width, "height": height, "downsampling": downsampling, "small": small})
    return kinds if limits else [{**kinds[0], "share": 1.0}]


def room_config(
    name: str,
    start: Path,
    settings: Mapping[str, Any],
    origin: Path | None,
    room: Path,
    nobody: Path | None,
    earlier: tuple[Path, ...],
    others: tuple[Path, ...],
    iterations: int,
    shape: Size,
) -> TrainConfig:
    """The configuration of the training.

    Args:
        name: of the student.
        start: folder of the exported student that it starts from.
        settings: of the student.
        origin: folder of the one that it is held to, so that several adaptations do not lead away; None for the start.
        room: the room's labels; its parts `choose` and `prove` are not trained on.
        nobody: folder of pictures of the room in which nobody is; None if there are none.
        earlier: labels of earlier adaptations of the same student.
        others: labels of other images, against forgetting.
        iterations: of `BATCH` images each.
        shape: width, height of the room's images.
    """
    student = ModelSettings(kind="light", settings=dict(settings)).student_config()
    assert isinstance(student, OneStageConfig)
    return TrainConfig.check(
        {
            "name": name,
            "seed": 1,
            "model": {
                "kind": "light",
                "start": str(start / WEIGHTS),
                "origin": None if origin is None else str(origin / WEIGHTS),
                "settings": dict(settings),
            },
            "data": {
                "empty": 0.5,
                "sources": _sources(room, nobody, earlier, others),
                "held_back": ["*/choose/*", "*/prove/*"],
            },
            "augmentation": {**AUGMENTATION, "inputs": inputs_of(student, shape)},
            "optimiser": {"kind": "channel_adam", "learning_rate": 1.5e-4, "lifter_factor": 0.5},
            "schedule": {"kind": "cosine", "iterations": iterations, "warmup": min(50, max(1, iterations // 10))},
            "batch": BATCH,
            "loss_weights": {"offset": 0.2},
            "ema": min(_LONGEST, 1 - 1 / max(2, iterations * _AVERAGED)),
            "bfloat16": True,
            "threads": 1,
            "checkpoint_every": 100,
            "log_every": 10,
            "pictures_every": max(1, iterations),
        },
        "the recipe of adaptation",
    )


def _sources(
    room: Path, nobody: Path | None, earlier: tuple[Path, ...], others: tuple[Path, ...]
) -> list[dict[str, Any]]:
    sources: list[dict[str, Any]] = [{"labels": str(room), "share": 0.9 if others or earlier else 1.0}]
    sources += [{"labels": str(path), "share": 0.3 / len(earlier)} for path in earlier]
    sources += [{"labels": str(path), "share": 0.5 / len(others)} for path in others]
    if nobody is not None:
        sources.append({"person_free": str(nobody), "share": 0.1})
    return sources


def settings_of(start: Path) -> dict[str, Any]:
    """An exported student's own settings, which its weights fit."""
    raw = read_json(start / MANIFEST)
    try:
        return dict(raw["config"])
    except (KeyError, TypeError):
        raise OrposeError(f"{start / MANIFEST}: says nothing of the student's settings") from None
