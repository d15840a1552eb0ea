"""How a student is trained for a room: the shipped student's own recipe, from it, with smaller steps."""

from pathlib import Path
from typing import Any

from orpose_models.files.disk import read_json
from orpose_models.model_format.manifest import MANIFEST, WEIGHTS
from orpose_models.training.train_config import TrainConfig
from orpose_models.vocabulary.errors import OrposeError

BATCH = 8
ALL_SCALES = [
    {
        "share": 0.5,
        "width": 352,
        "height": 256,
        "downsampling": [
            {"share": 0.45},
            {"share": 0.35, "low": 2, "high": 6},
            {"share": 0.2, "low": 6, "high": 12},
        ],
    },
    {
        "share": 0.1,
        "width": 288,
        "height": 224,
        "downsampling": [
            {"share": 0.3},
            {"share": 0.4, "low": 2, "high": 6},
            {"share": 0.3, "low": 6, "high": 12},
        ],
    },
    {
        "share": 0.25,
        "width": 256,
        "height": 192,
        "downsampling": [
            {"share": 0.1},
            {"share": 0.3, "low": 2, "high": 6},
            {"share": 0.6, "low": 6, "high": 12},
        ],
    },
    {
        "share": 0.15,
        "width": 224,
        "height": 160,
        "downsampling": [
            {"share": 0.1},
            {"share": 0.2, "low": 4, "high": 8},
            {"share": 0.7, "low": 8, "high": 12},
        ],
    },
]
AUGMENTATION = {
    "scale": [0.75, 2.0],
    "close": 0.15,
    "background": 0.12,
    "turned": 0.3,
    "grey": 0.15,
    "blur": 0.1,
    "noise": 0.5,
    "compression": 0.2,
    "inputs": ALL_SCALES,
}


def room_config(
    name: str,
    start: Path,
    origin: Path | None,
    room: Path,
    nobody: Path | None,
    earlier: tuple[Path, ...],
    others: tuple[Path, ...],
    iterations: int,
) -> TrainConfig:
    """The configuration of the training.

    Args:
        name: of the student.
        start: folder of the exported student that it starts from.
        origin: folder of the one that it is held to, so that several adaptations do not lead away; None for the start.
        room: the room's labels; its parts `choose` and `prove` are not trained on.
        nobody: folder of pictures of the room in which nobody is; None if there are none.
        earlier: labels of earlier adaptations of the same student.
        others: labels of other images, against forgetting.
        iterations: of `BATCH` images each.
    """
    sources: list[dict[str, Any]] = [{"labels": str(room), "share": 0.9 if others or earlier else 1.0}]
    sources += [{"labels": str(path), "share": 0.3 / len(earlier)} for path in earlier]
    sources += [{"labels": str(path), "share": 0.5 / len(others)} for path in others]
    if nobody is not None:
        sources.append({"person_free": str(nobody), "share": 0.1})
    return TrainConfig.check(
        {
            "name": name,
            "seed": 1,
            "model": {
                "kind": "light",
                "start": str(start / WEIGHTS),
                "origin": None if origin is None else str(origin / WEIGHTS),
                "settings": _settings(start),
            },
            "data": {
                "empty": 0.5,
                "sources": sources,
                "held_back": ["*/choose/*", "*/prove/*"],
            },
            "augmentation": AUGMENTATION,
            "optimiser": {"kind": "channel_adam", "learning_rate": 1.5e-4, "lifter_factor": 0.5},
            "schedule": {"kind": "cosine", "iterations": iterations, "warmup": min(50, max(1, iterations // 10))},
            "batch": BATCH,
            "loss_weights": {"offset": 0.2},
            "ema": 0.995,
            "bfloat16": True,
            "threads": 1,
            "checkpoint_every": 100,
            "log_every": 10,
            "pictures_every": max(1, iterations),
        },
        "the recipe of adaptation",
    )


def _settings(start: Path) -> dict[str, Any]:
    """The start's own settings, which its weights fit."""
    raw = read_json(start / MANIFEST)
    try:
        return dict(raw["config"])
    except (KeyError, TypeError):
        raise OrposeError(f"{start / MANIFEST}: says nothing of the student's settings") from None
