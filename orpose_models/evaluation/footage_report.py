"""A model measured on the packaged multi-person footage, camera by camera, with pictures of truth and answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orpose_models.datasets.held_back import CAMERA, FOOTAGE
from orpose_models.datasets.multiview import read_qualisys
from orpose_models.evaluation.footage import CONVENTIONS, footage_figures, truth_figures
from orpose_models.evaluation.footage_pairs import Moment, TruthPerson
from orpose_models.evaluation.footage_run import (
    Answers,
    Footage,
    comparison_picture,
    footage_answers,
    footage_truth,
    moments_of,
)
from orpose_models.files.assets import asset
from orpose_models.files.disk import write_json
from orpose_models.files.picture_writer import write_picture
from orpose_models.model_format.pose_model import PoseModel
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.reporting import Reporter, Silent, counter

REPORT = "footage.json"


@dataclass(frozen=True)
class FootagePlan:
    """What is measured.

    Attributes:
        factors: downsampling, each 1..12.
        cameras: names; the default is the one that is held back from training.
        moments: how many, spread over the footage.
        threshold: box score from which on a person counts as found.
        gravity: whether the model is told the cameras' tilt.
        pictures: how many moments are drawn.
    """

    factors: tuple[float, ...] = (1.0,)
    cameras: tuple[str, ...] = (CAMERA,)
    moments: int = 20
    threshold: float = 0.3
    gravity: bool = True
    pictures: int = 4


def measure_footage(
    model: PoseModel,
    judge: PoseModel,
    plan: FootagePlan,
    out: Path,
    truth_folder: Path,
    reporter: Reporter | None = None,
) -> dict[str, Any]:
    """Measure a model against what a judge's answers in the other cameras triangulate.

    Args:
        model: what is measured.
        judge: what finds the persons in the other cameras, at full size.
        plan: see `FootagePlan`.
        out: folder for footage.json and the pictures.
        truth_folder: where the judge's answers are kept, for other models, too.
        reporter: hears how far it is.

    Returns:
        The content of footage.json.

    Raises:
        OrposeError: the footage is not in the cache or damaged, has no such camera or fewer moments.
    """
    reporter = reporter or Silent()
    folder = asset(FOOTAGE)
    footage = Footage.spread(folder, read_qualisys(folder / "Calib.qca.txt"), plan.moments)
    indices = [_index(footage, name) for name in dict.fromkeys(plan.cameras)]
    report = _head(footage, model, judge, plan)
    pooled: dict[float, list[Moment]] = {factor: [] for factor in plan.factors}
    for index in indices:
        name, size = footage.cameras[index].name, footage.size
        advance = counter(reporter, f"{name}: truth", plan.moments * (len(footage.cameras) - 1))
        truth = footage_truth(footage, index, judge, truth_folder, advance)
        answers: dict[float, Answers] = {}
        results = {}
        for factor in plan.factors:
            advance = counter(reporter, f"{name} at {factor:g}x", plan.moments)
            answers[factor] = footage_answers(footage, index, model, factor, plan.gravity, advance)
            compared = moments_of(truth, answers[factor].poses)
            results[f"{factor:g}"] = footage_figures(size, compared, plan.threshold)
            pooled[factor].extend(compared)
        report["cameras"][name] = {"truth": truth_figures(truth), "results": results}
        _draw(footage, index, truth, answers, plan, out / "pictures")
    if len(indices) > 1:
        report["all"] = {
            f"{factor:g}": footage_figures(footage.size, compared, plan.threshold)
            for factor, compared in pooled.items()
        }
    write_json(out / REPORT, report, indent=1)
    return report


def _head(footage: Footage, model: PoseModel, judge: PoseModel, plan: FootagePlan) -> dict[str, Any]:
    return {
        "kind": "orpose-footage",
        "schema_version": 1,
        "footage": FOOTAGE,
        "frames": list(footage.frames),
        "model": {"name": model.name, "sha256": model.sha256, "engine": model.engine},
        "truth_model": {"name": judge.name, "sha256": judge.sha256, "engine": judge.engine},
        "threshold": plan.threshold,
        "gravity": plan.gravity,
        "conventions": dict(CONVENTIONS),
        "cameras": {},
    }


def _draw(
    footage: Footage,
    index: int,
    truth: Sequence[Sequence[TruthPerson]],
    answers: dict[float, Answers],
    plan: FootagePlan,
    folder: Path,
) -> None:
    """Pictures of some moments, evenly spread, named by camera and frame."""
    if plan.pictures == 0:
        return
    images, name = footage.images(index), footage.cameras[index].name
    for place in range(0, len(images), max(1, len(images) // plan.pictures))[: plan.pictures]:
        drawn = [(f"{factor:g}x", one.seen[place], one.poses[place]) for factor, one in answers.items()]
        picture = comparison_picture(images[place], truth[place], drawn, plan.threshold)
        write_picture(folder / f"{name}-{footage.frames[place]:04d}.jpg", picture)


def _index(footage: Footage, name: str) -> int:
    names = [view.name for view in footage.cameras]
    if name not in names:
        raise OrposeError(f"camera {name!r} is not of this footage; choose one of: {', '.join(names)}")
    return names.index(name)
