"""What came of labelling: numbers, histograms of the teacher's confidence, and pictures."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from orpose_models.datasets.image_file import read_image
from orpose_models.drawing.overlays import draw_poses
from orpose_models.files.disk import atomic_path, write_json
from orpose_models.files.picture_writer import write_picture
from orpose_models.training.labels import ImageLabels, LabelSet
from orpose_models.vocabulary.poses import Poses

_PICTURES = 12
_REJECTED = (60, 60, 230)  # BGR


def summarise(labels: LabelSet, problems: list[str]) -> dict[str, Any]:
    """Counts: images, persons accepted and rejected, keypoints in the soft and in the hard set."""
    everybody = Poses.concatenate([image.soft for image in labels.images])
    hard = Poses.concatenate([image.hard for image in labels.images])
    accepted = everybody.box_scores >= labels.accept
    nobody = sum(not (image.soft.box_scores >= labels.accept).any() for image in labels.images)
    kept = int((hard.keypoint_scores[accepted] > 0).sum())
    return {
        "images": len(labels.images),
        "images_not_read": problems,
        "images_without_accepted_person": nobody,
        "persons_accepted": int(accepted.sum()),
        "persons_rejected": int((~accepted).sum()),
        "keypoints_soft": int((everybody.keypoint_scores[accepted] > 0).sum()),
        "keypoints_hard": kept,
        "persons_with_3d": int(everybody.has3d[accepted].sum()),
    }


def write_summary(folder: Path, labels: LabelSet, problems: list[str]) -> dict[str, Any]:
    """Write summary.json, confidence.png and pictures/*.jpg into a folder; gives the counts."""
    counts = summarise(labels, problems)
    write_json(folder / "summary.json", counts, indent=1)
    _histograms(folder / "confidence.png", labels)
    count = len(labels.images)
    step = max(1, count // _PICTURES)
    for i in range(min(_PICTURES, count)):
        # A few off the even places, lest all be of the same of several cameras.
        image = labels.images[i * step + (i % 3 if step >= 3 else 0)]
        picture = draw_labels(read_image(labels.path_of(image)), image, labels.accept)
        write_picture(folder / "pictures" / f"{image.image_id:08d}.jpg", picture)
    return counts


def draw_labels(picture: NDArray[np.uint8], image: ImageLabels, accept: float) -> NDArray[np.uint8]:
    """Accepted persons with their keypoints - those of the hard set ringed - and rejected ones as thin red boxes."""
    accepted = image.soft.box_scores >= accept
    canvas = draw_poses(picture, image.soft.select(accepted), score_threshold=0.05)
    stroke = max(1, round(min(canvas.shape[:2]) / 240))
    for points, scores in zip(image.hard.keypoints[accepted], image.hard.keypoint_scores[accepted], strict=True):
        for x, y in np.round(points[scores > 0]).astype(int).tolist():
            cv2.circle(canvas, (x, y), 2 * stroke + 2, (255, 255, 255), stroke, cv2.LINE_AA)
    for box, score in zip(image.soft.boxes[~accepted], image.soft.box_scores[~accepted], strict=True):
        left, top, right, bottom = (round(float(v)) for v in box)
        cv2.rectangle(canvas, (left, top), (right, bottom), _REJECTED, 1, cv2.LINE_AA)
        cv2.putText(canvas, f"{score:.2f}", (left + 2, bottom - 4), cv2.FONT_HERSHEY_SIMPLEX, 0.4, _REJECTED, 1)
    return canvas


def _histograms(path: Path, labels: LabelSet) -> None:
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    everybody = Poses.concatenate([image.soft for image in labels.images])
    hard = Poses.concatenate([image.hard for image in labels.images])
    accepted = everybody.box_scores >= labels.accept
    scores = everybody.keypoint_scores[accepted].ravel()
    counts = [int((image.soft.box_scores >= labels.accept).sum()) for image in labels.images]
    figure = Figure(figsize=(12, 3.4), layout="constrained")
    persons, keypoints, number = figure.subplots(1, 3)
    persons.hist(everybody.box_scores, bins=np.linspace(0, 1, 41), color="#4c72b0")
    persons.axvline(labels.accept, color="#c44e52", label=f"accepted from {labels.accept:g}")
    persons.set(xlabel="person's score", ylabel="persons", title=f"{accepted.sum()} of {len(accepted)} accepted")
    persons.legend()
    keypoints.hist(scores, bins=np.linspace(0, 1, 41), color="#4c72b0", label="soft set")
    kept = hard.keypoint_scores[accepted].ravel()
    keypoints.hist(kept[kept > 0], bins=np.linspace(0, 1, 41), color="#55a868", label="hard set")
    keypoints.set(xlabel="keypoint's score", ylabel="keypoints", title="keypoints of accepted persons")
    keypoints.legend()
    number.hist(counts, bins=np.arange(-0.5, max(counts, default=0) + 1.5), color="#4c72b0", rwidth=0.9)
    number.set(xlabel="accepted persons in an image", ylabel="images", title=f"{len(counts)} images")
    number.xaxis.set_major_locator(MaxNLocator(integer=True))
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=110)
