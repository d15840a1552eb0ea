"""Box and keypoint AP by COCO's protocol, computed by pycocotools."""

import contextlib
import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from orpose_models.datasets.truth import NOT_LABELLED, Truth, as_coco17
from orpose_models.evaluation.paired_statistics import IOU_THRESHOLDS, AveragePrecision
from orpose_models.vocabulary.poses import Poses
from orpose_models.vocabulary.skeletons import COCO17

Kind = Literal["box", "keypoint"]

_NAMES: Mapping[Kind, tuple[str, ...]] = {
    "box": (
        "AP",
        "AP50",
        "AP75",
        "AP small",
        "AP medium",
        "AP large",
        "AR1",
        "AR10",
        "AR100",
        "AR small",
        "AR medium",
        "AR large",
    ),
    "keypoint": (
        "AP",
        "AP50",
        "AP75",
        "AP medium",
        "AP large",
        "AR",
        "AR50",
        "AR75",
        "AR medium",
        "AR large",
    ),
}

CONVENTIONS: Mapping[Kind, str] = {
    "box": (
        "COCO protocol (pycocotools): IoU .50:.05:.95, 101 recall levels, at most 100 persons per image; "
        "persons with a box only are to be found too; small < 32^2 <= medium < 96^2 <= large, in square pixels"
    ),
    "keypoint": (
        "COCO protocol (pycocotools): OKS .50:.05:.95 with COCO's joint constants, at most 20 persons per image, "
        "ranked by box score; every predicted joint counts, whatever its score; persons without labelled keypoints are "
        "ignored; over the joints that the dataset shares with COCO-17 by name"
    ),
}


@dataclass(frozen=True)
class ApResult:
    """pycocotools' summary, and what intervals need.

    Attributes:
        summary: COCO's figures by name, in 0..1; None where there is nobody of that size.
        statistics: AP, AP50, AP75 and AR (AR100 for boxes) as functions of the images' weights.
    """

    summary: dict[str, float | None]
    statistics: dict[str, AveragePrecision]


def average_precision(truth: Truth, predictions: Mapping[int, Poses], kind: Kind, file_ids: bool = False) -> ApResult:
    """Evaluate boxes or keypoints.

    Args:
        truth: the dataset; its images in their order are what the statistics' weights belong to.
        predictions: poses by image id; a missing image has no person.
        kind: 'box' or 'keypoint'.
        file_ids: number the persons as in the annotation file instead of from 1. pycocotools takes a person with
            number 0 for not found even where somebody found it; MVOR has one, and its published figures that flaw.
    """
    with contextlib.redirect_stdout(io.StringIO()):
        reference = _dataset(truth, file_ids)
        results = _results(truth, predictions, kind)
        found = reference.loadRes(results) if results else _without_annotations(reference)
        evaluation = COCOeval(reference, found, "bbox" if kind == "box" else "keypoints")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    summary = {
        name: float(value) if value >= 0 else None for name, value in zip(_NAMES[kind], evaluation.stats, strict=True)
    }
    return ApResult(summary, _statistics(truth, evaluation, kind))


def _dataset(truth: Truth, file_ids: bool) -> COCO:
    annotations: list[dict[str, Any]] = []
    for image in truth.images:
        persons = image.persons
        keypoints, visibility = as_coco17(truth, persons)
        for i in range(len(persons)):
            x_min, y_min, x_max, y_max = persons.boxes[i].tolist()
            annotations.append(
                {
                    "id": int(persons.annotation_ids[i]) if file_ids else len(annotations) + 1,
                    "image_id": image.image_id,
                    "category_id": 1,
                    "bbox": [x_min, y_min, x_max - x_min, y_max - y_min],
                    "area": float(persons.areas[i]),
                    "iscrowd": int(persons.ignore[i]),
                    "keypoints": np.concatenate([keypoints[i], visibility[i][:, None]], axis=1).ravel().tolist(),
                    "num_keypoints": int((visibility[i] > NOT_LABELLED).sum()),
                }
            )
    images = [{"id": i.image_id, "width": i.size[0], "height": i.size[1]} for i in truth.images]
    category = {"id": 1, "name": "person", "keypoints": list(COCO17.joints), "skeleton": []}
    return _indexed({"info": {}, "images": images, "annotations": annotations, "categories": [category]})


def _results(truth: Truth, predictions: Mapping[int, Poses], kind: Kind) -> list[dict[str, Any]]:
    results = []
    for image in truth.images:
        poses = predictions.get(image.image_id, Poses.empty())
        boxes = poses.boxes.astype(np.float64)
        joints = np.concatenate([poses.keypoints, poses.keypoint_scores[..., None]], axis=2).astype(np.float64)
        for i, score in enumerate(poses.box_scores.tolist()):
            result: dict[str, Any] = {"image_id": image.image_id, "category_id": 1, "score": score}
            if kind == "box":
                x_min, y_min, x_max, y_max = boxes[i].tolist()
                result["bbox"] = [x_min, y_min, x_max - x_min, y_max - y_min]
            else:
                result["keypoints"] = joints[i].ravel().tolist()
            results.append(result)
    return results


def _indexed(dataset: dict[str, Any]) -> COCO:
    coco = COCO()
    coco.dataset = dataset
    coco.createIndex()
    return coco


def _without_annotations(reference: COCO) -> COCO:
    return _indexed({**reference.dataset, "annotations": []})


def _statistics(truth: Truth, evaluation: COCOeval, kind: Kind) -> dict[str, AveragePrecision]:
    position = {image.image_id: i for i, image in enumerate(truth.images)}
    images: list[int] = []
    scores: list[float] = []
    true: list[NDArray[np.bool_]] = []
    ignored: list[NDArray[np.bool_]] = []
    persons = [0] * len(truth.images)
    for entry in evaluation.evalImgs[: len(evaluation.params.imgIds)]:  # the first area range is 'all'
        if entry is None:
            continue
        place = position[entry["image_id"]]
        persons[place] = int((np.asarray(entry["gtIgnore"]) == 0).sum())
        skip = np.asarray(entry["dtIgnore"], bool)
        images += [place] * skip.shape[1]
        scores += [float(score) for score in entry["dtScores"]]
        true.append((np.asarray(entry["dtMatches"]) > 0) & ~skip)
        ignored.append(skip)
    bits = (1 << np.arange(len(IOU_THRESHOLDS)))[:, None]

    def packed(parts: list[NDArray[np.bool_]]) -> list[int]:
        return [int(x) for x in (np.concatenate(parts, axis=1) * bits).sum(axis=0)] if parts else []

    shared: dict[str, Any] = {
        "images": images,
        "scores": scores,
        "true": packed(true),
        "ignored": packed(ignored),
        "persons": persons,
    }
    every = list(range(len(IOU_THRESHOLDS)))
    recall_name = "AR100" if kind == "box" else "AR"
    return {
        "AP": AveragePrecision(**shared, thresholds=every),
        "AP50": AveragePrecision(**shared, thresholds=[0]),
        "AP75": AveragePrecision(**shared, thresholds=[5]),
        recall_name: AveragePrecision(**shared, thresholds=every, recall=True),
    }
