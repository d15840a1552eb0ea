"""Made-up files of results."""

from orpose_models.evaluation.result import Metric
from orpose_models.lab.reproduction.row_record import (
    ModelRecord,
    Part,
    RowRecord,
    ScaleRecord,
    Session,
    TestRecord,
    TrainingRecord,
)
from orpose_models.lab.reproduction.rows import BY_NAME
from orpose_models.lab.reproduction.targets import RELEASED, STRICT


def scale(box, keypoint, released, strict, found=0.5, wrists=4.0):
    values = {
        "box AP": (box, ""),
        "keypoint AP": (keypoint, ""),
        RELEASED: (released, "mm"),
        STRICT: (strict, "mm"),
        "3D recall strict, hips unmapped": (found, ""),
        "recall": (0.8, ""),
        "precision": (0.9, ""),
        "false positives per image": (0.25, "/image"),
    }
    metrics = {
        name: Metric(value=value, unit=unit, convention="none", low=None if value is None else value * 0.9,
                     high=None if value is None else value * 1.1)
        for name, (value, unit) in values.items()
    }  # fmt: skip
    return ScaleRecord(metrics=metrics, parts={"wrists": Part(joints=7, median_px=wrists, right=0.75)})


def settings(name, iterations=4000):
    row = BY_NAME[name]
    factor = [{"share": 1.0, "low": 1.0, "high": 1.0}] if row.configuration != "ORPose_all" else [{"share": 0.3}]
    branches = row.changes[0].partition("=")[2].strip("[]") if row.changes else "soft and hard"
    return {
        "name": name,
        "seed": 3,
        "schedule": {"iterations": iterations},
        "augmentation": {"downsampling": factor},
        "model": {"settings": {"branches": branches}},
        "data": {"sources": [{"sha256": row.labels}]},
    }


def record(name, scales, iterations=4000, stride=1):
    row = BY_NAME[name]
    training = TrainingRecord(
        settings=settings(name, iterations),
        iterations=iterations,
        batch=4,
        images_seen=4 * iterations,
        processes=2,
        labels={"sha256": "ab" * 32, "teacher": "teacher", "images": 900, "persons": 914},
    )
    return RowRecord(
        row=name,
        title=row.title,
        seed=3 if row.trained else None,
        model=ModelRecord(name=name, sha256="cd" * 32, engine="torch", parameters=9_954_519, multiply_adds=3.8057),
        training=training if row.trained else None,
        test=TestRecord(
            dataset="simulated OR, split test", annotations_sha256="12" * 32, images=600 // stride,
            persons=1158 // stride, stride=stride, draws=1000, threshold=0.3,
        ),
        scales=scales,
        commands=[f"orpose train {name}.yaml", f"orpose evaluate run --model {name}"],
        sessions=[
            Session(stage="training", commit="0123456789abcdef", began="2026-01-01T00:00:00+00:00", seconds=1200),
            Session(stage="training", commit="0123456789abcdef", began="2026-01-01T01:00:00+00:00", seconds=600),
            Session(stage="evaluation", commit="fedcba9876543210+", began="2026-01-01T02:00:00+00:00", seconds=42),
        ],
        machine={"processor": "A processor", "cores": "2", "memory": "8.0 GiB", "torch": "2.0"},
    )  # fmt: skip


SCALES = ("1", "8", "10", "12")


def all_row(**changes):
    figures = [(0.5, 0.6, 80.0, 100.0), (0.49, 0.58, 81.0, 101.0), (0.48, 0.56, 82.0, 102.0), (0.46, 0.54, 82.4, 104.0)]
    return record("all", {s: scale(*f) for s, f in zip(SCALES, figures, strict=True)}, **changes)


def teacher_row(keypoint=0.61):
    figures = [(0.4, keypoint, 85.0, 90.0), (0.3, 0.3, 86.0, 91.0), (0.2, 0.2, 87.0, 92.0), (0.1, 0.1, 30.0, None)]
    return record("teacher", {s: scale(*f) for s, f in zip(SCALES, figures, strict=True)})
