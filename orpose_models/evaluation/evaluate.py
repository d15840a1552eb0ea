"""All figures of one list of predictions."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from orpose_models.datasets.truth import NOT_LABELLED, Truth
from orpose_models.evaluation import average_precision as ap
from orpose_models.evaluation import mpjpe, pairs3d, pck, uncertainty, working_point
from orpose_models.evaluation.image_matching import match_images
from orpose_models.evaluation.paired_statistics import AveragePrecision, Ratio, bootstrap, interval
from orpose_models.evaluation.result import Better, Evaluation, ImageScore, Metric, Result
from orpose_models.files.predictions import Predictions
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.poses import Poses
from orpose_models.vocabulary.skeletons import COCO17, MVOR10


@dataclass(frozen=True)
class Settings:
    """How to evaluate.

    Attributes:
        threshold: box scores from which on a prediction counts at the working threshold.
        draws: bootstrap draws for the intervals; 0 for none.
        seed: of the draws.
        file_ids: see `average_precision`.
    """

    threshold: float = 0.3
    draws: int = 1000
    seed: int = 0
    file_ids: bool = False


class _Collector:
    """Gathers metrics with the statistics they are made of."""

    def __init__(self) -> None:
        self.metrics: dict[str, Metric] = {}
        self.statistics: dict[str, Ratio | AveragePrecision] = {}
        self.tables: dict[str, dict[str, dict[str, float | None]]] = {}

    def add(self, name: str, metric: Metric, statistic: Ratio | AveragePrecision | None = None) -> None:
        self.metrics[name] = metric
        if statistic is not None and metric.value is not None:
            self.statistics[name] = statistic


def evaluate(truth: Truth, predictions: Predictions, name: str, file: str, settings: Settings) -> Result:
    """Compute every figure that the dataset and the predictions allow.

    Figures of what the predictions do not have (keypoints, 3D) or the dataset lacks are left out.

    Args:
        truth: the dataset.
        predictions: of its images, or some of them; images without predictions count as "nobody found".
        name: what to call the predictions.
        file: where they are.
        settings: see `Settings`.

    Raises:
        OrposeError: the dataset has no image or no person, or the predictions do not fit it (`match_images`).
    """
    matched = match_images(truth, predictions)
    if truth.person_count == 0 and not truth.person_free:
        raise OrposeError(f"{truth.name}: has no annotated person, so no figure is defined")
    poses = matched.poses
    collector = _Collector()
    has_keypoints = any((p.keypoint_scores > 0).any() for p in poses.values())
    labelled = any(image.persons.labelled.any() for image in truth.images)
    nobody = not any(len(p) for p in poses.values())
    if not truth.person_free:
        _boxes(collector, truth, poses, settings)
    _working_point(collector, truth, poses, settings)
    if labelled and (has_keypoints or nobody):
        _keypoints(collector, truth, poses, settings)
    if truth.has3d and (nobody or any(p.has3d.any() for p in poses.values())):
        _three_d(collector, truth, poses)
    reliability = _uncertainty(collector, truth, poses) if labelled and has_keypoints else []
    _add_intervals(collector, len(truth.images), settings)
    return Result(
        name=name,
        downsample=matched.factor,
        predictions=file,
        image_ids=[image.image_id for image in truth.images],
        missing=list(matched.missing),
        metrics=collector.metrics,
        tables=collector.tables,
        statistics=collector.statistics,
        reliability=reliability,
        images=_image_scores(truth, poses) if has_keypoints else [],
        info=predictions.info,
        notes=[matched.sentence, *predictions.info.get("notes", [])],
    )


def evaluation_of(truth: Truth, results: list[Result], settings: Settings) -> Evaluation:
    """Put results of one dataset together, with the conventions of their figures."""
    used = {metric.convention for result in results for metric in result.metrics.values()}
    return Evaluation(
        dataset=truth.name,
        images=len(truth.images),
        persons=truth.person_count,
        notes=list(truth.notes),
        conventions={key: text for key, text in conventions(settings).items() if key in used},
        settings={
            "threshold": settings.threshold,
            "bootstrap_draws": settings.draws,
            "seed": settings.seed,
            "annotation_ids": "as in the file" if settings.file_ids else "from 1",
        },
        results=results,
    )


def conventions(settings: Settings) -> dict[str, str]:
    """What every figure means, by key."""
    ids = "; persons numbered as in the annotation file (number 0 is never found)" if settings.file_ids else ""
    texts = {
        "box AP": ap.CONVENTIONS["box"] + ids,
        "keypoint AP": ap.CONVENTIONS["keypoint"] + ids,
        "working point": working_point.convention(settings.threshold),
        "PCK": pck.CONVENTION,
        "PCK labelled": pck.CONVENTION_LABELLED,
        "calibration": uncertainty.CONVENTION,
    }
    for protocol, text in pairs3d.CONVENTIONS.items():
        for hips, hip_text in pairs3d.HIP_CONVENTIONS.items():
            texts[f"3D {protocol}, hips {hips}"] = f"{text}; {hip_text}; millimetres"
    return texts


def _boxes(collector: _Collector, truth: Truth, poses: Mapping[int, Poses], settings: Settings) -> None:
    boxes = ap.average_precision(truth, poses, "box", settings.file_ids)
    for key in ("AP", "AP50", "AP75", "AR100"):
        metric = Metric(value=boxes.summary[key], convention="box AP")
        collector.add(f"box {key}", metric, boxes.statistics[key])
    collector.tables["box AP, all of COCO's figures"] = {key: {"value": value} for key, value in boxes.summary.items()}


def _working_point(collector: _Collector, truth: Truth, poses: Mapping[int, Poses], settings: Settings) -> None:
    point = working_point.working_point(truth, poses, settings.threshold)
    found = Metric(value=point.found, unit="persons", convention="working point", note=f"of {point.persons}")
    false = Metric(value=point.false_positives, unit="persons", better="lower", convention="working point")
    for key, statistic in point.statistics.items():
        rate = key == working_point.FALSE_RATE
        if rate or not truth.person_free:
            value = statistic.value(np.ones(len(truth.images)))
            note = "" if value is not None else "nobody was predicted"
            better: Literal["lower", "higher"] = "lower" if rate else "higher"
            unit = "/image" if rate else ""
            metric = Metric(value=value, unit=unit, better=better, convention="working point", note=note)
            collector.add(key, metric, statistic)
    if not truth.person_free:
        collector.add("persons found", found)
    collector.add("false persons", false)
    collector.tables["at the working threshold"] = {
        "annotated persons": {"number": float(point.persons)},
        "found": {"number": float(point.found)},
        "missed": {"number": float(point.persons - point.found)},
        "false positives": {"number": float(point.false_positives)},
    }
    if truth.person_free:
        numbers = zip(truth.images, point.statistics[working_point.FALSE_RATE].numerator, strict=True)
        collector.tables["false persons by image"] = {i.file_name: {"number": n} for i, n in numbers if n}


def _keypoints(collector: _Collector, truth: Truth, poses: Mapping[int, Poses], settings: Settings) -> None:
    keypoints = ap.average_precision(truth, poses, "keypoint", settings.file_ids)
    for key in ("AP", "AP50", "AP75", "AR"):
        metric = Metric(value=keypoints.summary[key], convention="keypoint AP")
        collector.add(f"keypoint {key}", metric, keypoints.statistics[key])
    collector.tables["keypoint AP, all of COCO's figures"] = {
        key: {"value": value} for key, value in keypoints.summary.items()
    }
    result = pck.pck(truth, poses)
    collector.add("PCK@0.2", Metric(value=result.mean, convention="PCK"), result.statistics["mean"])
    collector.add(
        "PCK@0.2 labelled", Metric(value=result.labelled, convention="PCK labelled"), result.statistics["labelled"]
    )
    collector.tables["PCK@0.2 by part"] = {part: {"value": value} for part, value in result.parts.items()}


_3D_NAMES: Mapping[str, tuple[str, str, Better]] = {
    "mpjpe": ("MPJPE", "mm", "lower"),
    "n_mpjpe": ("N-MPJPE", "mm", "lower"),
    "pa_mpjpe": ("PA-MPJPE", "mm", "lower"),
    "pck3d": ("PCK3D@150", "", "higher"),
    "pck3d_all": ("PCK3D@150 of all", "", "higher"),
    "auc3d": ("AUC3D", "", "higher"),
    "recall": ("3D recall", "", "higher"),
}


def _three_d(collector: _Collector, truth: Truth, poses: Mapping[int, Poses]) -> None:
    image_ids = [image.image_id for image in truth.images]
    cameras: dict[str, set[int]] = {}
    for image in truth.images:
        cameras.setdefault(image.camera_name, set()).add(image.image_id)
    # The mapping leads to MVOR's definition of a hip: it has no meaning for other truth.
    mapped: tuple[pairs3d.Hips, ...] = ("unmapped", "mapped") if truth.skeleton3d == MVOR10 else ("unmapped",)
    joints: dict[str, dict[str, float | None]] = {}
    by_camera: dict[str, dict[str, float | None]] = {}
    for protocol in pairs3d.CONVENTIONS:
        # The released figure is the error alone: the others are not defined with its zeros in them.
        keys = list(_3D_NAMES) if protocol == "strict" else ["mpjpe"]
        for hips in mapped:
            pairs = pairs3d.pair3d(truth, poses, protocol, hips)
            score = mpjpe.score3d(pairs)
            statistics = mpjpe.statistics3d(pairs, image_ids)
            column = f"{protocol}, hips {hips}"
            for key in keys:
                title, unit, better = _3D_NAMES[key]
                note = f"{score.paired} of {score.persons} persons"
                if protocol == "released" and score.zeroed is not None:
                    note += f"; {score.zeroed:.1%} of the joints count as zero"
                metric = Metric(
                    value=getattr(score, key), unit=unit, better=better, convention=f"3D {column}", note=note
                )
                collector.add(f"{title} {column}", metric, statistics.get(key))
            for row, value in {**score.per_joint, **{f"all {part}s": v for part, v in score.parts.items()}}.items():
                joints.setdefault(row, {})[column] = value
            for camera, ids in cameras.items():
                value = mpjpe.score3d(pairs.only(ids)).mpjpe
                by_camera.setdefault(camera or "unknown", {})[column] = value
    collector.tables["MPJPE by joint, mm"] = joints
    collector.tables["MPJPE by camera, mm"] = by_camera


def _uncertainty(
    collector: _Collector, truth: Truth, poses: Mapping[int, Poses]
) -> list[tuple[float, float, int, float | None, float | None]]:
    samples = uncertainty.joint_samples(truth, poses)
    diagram = uncertainty.reliability(samples.score, samples.right)
    note = f"{len(samples)} joints"
    if diagram.mean_score is not None and diagram.share_right is not None:
        note += f", mean score {diagram.mean_score:.3f}, share right {diagram.share_right:.3f}"
    collector.add("keypoint score ECE", Metric(value=diagram.ece, better="lower", convention="calibration", note=note))
    indicators: dict[str, Callable[[], np.ndarray]] = {
        "rank correlation of score with error": lambda: samples.score,
        "rank correlation of |hard - soft| with error": lambda: np.abs(samples.hard - samples.soft),
    }
    for name, indicator in indicators.items():
        rank = uncertainty.rank_correlation(indicator(), samples.error)
        note = rank.note or f"Spearman, {rank.joints} joints"
        collector.add(name, Metric(value=rank.value, better="neither", convention="calibration", note=note))
    rows: dict[str, dict[str, float | None]] = {}
    for index, joint in enumerate(COCO17.joints):
        mine = samples.joint == index
        if mine.any():
            each = uncertainty.reliability(samples.score[mine], samples.right[mine])
            rows[joint] = {"ECE": each.ece, "mean score": each.mean_score, "share right": each.share_right}
    collector.tables["calibration by joint"] = rows
    return diagram.bins


def _add_intervals(collector: _Collector, images: int, settings: Settings) -> None:
    if settings.draws <= 0 or images < 2:
        return
    for name, values in bootstrap(collector.statistics, images, settings.draws, settings.seed).items():
        if bounds := interval(values):
            metric = collector.metrics[name]
            collector.metrics[name] = metric.model_copy(update={"low": bounds[0], "high": bounds[1]})


def _image_scores(truth: Truth, poses: Mapping[int, Poses]) -> list[ImageScore]:
    numbers = pck.pck(truth, poses).statistics["labelled"]
    scores = []
    for i, image in enumerate(truth.images):
        joints = numbers.denominator[i]
        if joints > 0:
            persons = image.persons
            scores.append(
                ImageScore(
                    image_id=image.image_id,
                    file_name=image.file_name,
                    score=numbers.numerator[i] / joints,
                    persons=int(((persons.visibility > NOT_LABELLED).any(axis=1) & ~persons.ignore).sum()),
                    predicted=len(poses.get(image.image_id, Poses.empty())),
                )
            )
    # Of equally bad images those with more people come first, of equally good ones last.
    return sorted(scores, key=lambda s: (s.score, -s.persons if s.score < 0.5 else s.persons, s.image_id))
