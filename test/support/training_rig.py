"""Small labelled images, and a configuration that trains on them in a second."""

from pathlib import Path

import cv2
import numpy as np

from orpose_models.training.labels import ImageLabels, LabelSet
from orpose_models.training.train_config import TrainConfig
from orpose_models.vocabulary.poses import Poses

SIZE = (128, 96)
# A front view, in shares of the box: nose, eyes, ears, shoulders, elbows, wrists, hips, knees, ankles.
FIGURE = np.array([
    (0.5, 0.1), (0.53, 0.08), (0.47, 0.08), (0.57, 0.1), (0.43, 0.1), (0.7, 0.22), (0.3, 0.22), (0.8, 0.38),
    (0.2, 0.38), (0.85, 0.52), (0.15, 0.52), (0.62, 0.52), (0.38, 0.52), (0.64, 0.75), (0.36, 0.75), (0.65, 0.96),
    (0.35, 0.96),
])  # fmt: skip


def persons(boxes, scores, hard_from=0.3, seed=0):
    """Soft and hard labels of standing persons; the wrists have low scores."""
    boxes = np.asarray(boxes, np.float32).reshape(-1, 4)
    rng = np.random.default_rng(seed)
    keypoints = boxes[:, None, :2] + FIGURE * (boxes[:, None, 2:] - boxes[:, None, :2])
    soft = np.full((len(boxes), 17), 0.8)
    soft[:, 9:11] = 0.2
    hard = np.where(soft >= hard_from, soft, 0)
    joints = rng.normal(0, 0.3, (len(boxes), 17, 3))
    joints[:, 0] = 0
    return tuple(
        Poses.from_arrays(boxes, scores, keypoints, s, scores_hard=hard, scores_soft=soft, joints3d=joints + i)
        for i, s in enumerate((soft, hard))
    )


def write_labels(folder: Path, count: int = 4, **info) -> Path:
    """Images of grey noise with a bright figure for every label; image 2 has nobody, person 2 of image 1 scores 0.1."""
    rng = np.random.default_rng(0)
    images = []
    (folder / "images").mkdir(parents=True)
    for i in range(count):
        picture = rng.integers(90, 130, (SIZE[1], SIZE[0], 3), np.uint8)
        boxes = [] if i == 2 else [(20 + i, 10, 50 + i, 90), (70, 15, 100, 85)]
        soft, hard = persons(boxes, [0.9, 0.1 if i == 1 else 0.8][: len(boxes)], seed=i)
        for points in soft.keypoints:
            for x, y in points:
                cv2.circle(picture, (round(float(x)), round(float(y))), 3, (40, 220, 250), -1)
        cv2.imwrite(str(folder / "images" / f"{i}.png"), picture)
        images.append(ImageLabels(i + 1, f"{i}.png", SIZE, soft, hard))
    LabelSet(images, [folder / "images"], {"accept": 0.3, "teacher": "test", **info}).save(folder / "labels.json")
    return folder / "labels.json"


_PAPER = {
    "short_side": 64,
    "long_side": 96,
    "fpn_channels": 16,
    "anchor_sizes": [8, 16, 32, 64, 96],
    "box_hidden": 16,
    "keypoint_channels": 16,
    "keypoint_layers": 1,
    "lifter_hidden": 16,
    "max_persons": 4,
}


def tiny(labels, kind="light", **changes) -> TrainConfig:
    """A run of six iterations; `changes` such as model__start="coco" replace values."""
    raw = {
        "name": "tiny",
        "model": {"kind": kind, "start": "none", "settings": {"lifter_hidden": 16}},
        "data": {"sources": [{"labels": str(labels)}], "workers": 0},
        "augmentation": {
            "downsampling": [{"share": 0.5}, {"share": 0.5, "low": 2, "high": 12}],
            "inputs": [{"share": 1, "width": 96, "height": 64}],
        },
        "optimiser": {"kind": "channel_adam", "learning_rate": 1e-3, "clip": 10, "lifter_factor": 0.1},
        "schedule": {"kind": "cosine", "iterations": 6, "warmup": 2},
        "batch": 2,
        "ema": 0.9,
        "log_every": 2,
        "pictures_every": 100,
        "checkpoint_every": 100,
    }
    if kind == "paper":
        raw["model"] = {"kind": kind, "start": "none", "frozen_stages": 1, "settings": dict(_PAPER)}
        raw["optimiser"]["kind"] = "adamw"
        raw["regions"] = {"proposals": 32, "boxes": 16, "keypoints": 4}
    for name, value in changes.items():
        inner = raw
        *path, last = name.split("__")
        for part in path:
            inner = inner.setdefault(part, {})
        inner[last] = value
    return TrainConfig.check(raw, "test")
