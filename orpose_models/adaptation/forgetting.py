"""What `--forget` deletes: every picture, every label, and whatever else shows who was where."""

import shutil

from orpose_models.adaptation.making import Material

# Relative to a round's folder. What stays: the plan, how long steps took, the student with its card and its proof.
_FORGOTTEN = (
    "frames",
    "frames.json",
    "labels",
    "nobody",
    "nobody-kept-back",
    "looks.jsonl",
    "size",
    "training",
    "training.yaml",
    "choosing",
    "calibration",
    "proof",
    "weights",
    "review",
)


def forget(material: Material) -> None:
    """Delete frames, small pictures, labels, predictions and the training's samples of one round.

    The exported student stays, and so does the start. What is deleted cannot be used by a later round.
    """
    for name in _FORGOTTEN:
        path = material.folder / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
