"""What two students, before and after, do on the part of the recording that was kept back, and on everyday people."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from orpose_models.adaptation.keeping import KeptFrame
from orpose_models.adaptation.movement import movement
from orpose_models.datasets.image_folder import images_of, read_person_free
from orpose_models.datasets.truth import Truth
from orpose_models.evaluation.compare import compare
from orpose_models.evaluation.evaluate import Settings, evaluate, evaluation_of
from orpose_models.evaluation.result import Evaluation
from orpose_models.files.predictions import ImagePrediction
from orpose_models.model_format.pose_model import PoseModel
from orpose_models.runs.dataset_run import run_dataset
from orpose_models.vocabulary.reporting import Reporter
from orpose_models.vocabulary.skeletons import COCO17, H36M17

FACTORS = (1.0, 8.0, 10.0, 12.0)
MOVING = (1.0, 8.0)  # factors at which movement is looked at
_DRAWS = 400
_FIGURES = ("keypoint AP", "box AP", "recall", "false positives per image")


def measure(
    model: PoseModel,
    room: Truth,
    everyday: Truth,
    nobody: Path | None,
    stretches: Path | None,
    frames: Sequence[KeptFrame],
    folder: Path,
    reporter: Reporter,
) -> dict[str, Any]:
    """All figures of one student; predictions and evaluations go to `folder`, from which an interrupted one goes on.

    Args:
        model: the student.
        room: the kept-back part, the teacher's labels as truth.
        everyday: everyday pictures, likewise.
        nobody: folder of kept-back pictures in which nobody is; None if there are none.
        stretches: folder of the stretches' images; None if there are none.
        frames: what was kept.
        folder: its name says which student it is: 'before' or 'after'.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for truth, name in ((room, "room"), (everyday, "everyday")):
        results = []
        for factor in FACTORS:
            predictions, path = run_dataset(truth, model, factor, folder / name, reporter)
            results.append(evaluate(truth, predictions, folder.name, path.name, Settings(draws=0)))
        evaluation_of(truth, results, Settings(draws=0)).save(folder / f"{name}.json")
    figures: dict[str, Any] = {"false_persons": {}, "movement": {}}
    if nobody is not None:
        empty = read_person_free(nobody)
        for factor in FACTORS:
            predictions, path = run_dataset(empty, model, factor, folder / "nobody", reporter)
            result = evaluate(empty, predictions, folder.name, path.name, Settings(draws=0))
            figures["false_persons"][f"{factor:g}"] = float(result.metrics["false persons"].value or 0)
        figures["false_persons"]["images"] = len(empty.images)
    if stretches is not None:
        for factor in MOVING:
            seen = _stretches(model, stretches, frames, factor, folder / "stretches", reporter)
            figures["movement"][f"{factor:g}"] = movement(seen).as_plain()
    return figures


def _stretches(
    model: PoseModel, root: Path, frames: Sequence[KeptFrame], factor: float, folder: Path, reporter: Reporter
) -> list[list[ImagePrediction]]:
    by_name = {frame.file: frame for frame in frames if frame.part == "stretch"}
    images = tuple(
        replace(image, stamp_ns=by_name[image.file_name].stamp_ns)
        for image in images_of(root)
        if image.file_name in by_name
    )
    truth = Truth("stretches", COCO17, H36M17, images, root)
    predictions, _ = run_dataset(truth, model, factor, folder, reporter)
    groups: dict[int, list[ImagePrediction]] = {}
    for image in sorted(predictions.images, key=lambda one: by_name[one.file_name].place):
        groups.setdefault(by_name[image.file_name].moment, []).append(image)
    return [groups[number] for number in sorted(groups)]


def differences(before: Path, after: Path, name: str) -> dict[str, dict[str, dict[str, float | None]]]:
    """Figures before and after with their difference and its 95 % interval, by figure and factor."""
    found: dict[str, dict[str, dict[str, float | None]]] = {}
    first, second = (Evaluation.load(folder / f"{name}.json") for folder in (before, after))
    for result, comparison in zip(first.results, compare(first, second, draws=_DRAWS), strict=True):
        for row in comparison.differences:
            if row.metric in _FIGURES:
                found.setdefault(row.metric, {})[f"{result.downsample:g}"] = {
                    "before": row.a,
                    "after": row.b,
                    "difference": row.difference,
                    "low": row.low,
                    "high": row.high,
                }
    return found
