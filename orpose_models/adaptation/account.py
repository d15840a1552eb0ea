"""What is told of an adaptation besides its figures."""

from collections.abc import Sequence
from typing import Any

from orpose_models.adaptation.making import Material
from orpose_models.adaptation.own_recordings import Recording
from orpose_models.adaptation.workplace import Round
from orpose_models.training.labels import LabelSet

STEPS = ("look", "keep", "label", "size", "train", "choose", "calibrate", "export", "prove")


def said(recordings: Sequence[Recording], material: Material, max_pixels: int | None) -> list[str]:
    """What should be known of it, one sentence each."""
    notes = []
    if not any(one.timed for one in recordings):
        notes.append("The images have no times: labels were not corrected over time (--fps gives folders times).")
    if max_pixels is not None:
        notes.append(_reduced(material, max_pixels))
    problems = [problem for one in recordings for problem in one.problems]
    return notes + [f"left out: {problem}" for problem in dict.fromkeys(problems)]


def facts_of(done: Round, recordings: Sequence[Recording], teacher: str) -> dict[str, Any]:
    """What was done in a finished round, by name."""
    labels, weights, calibrated = done.result("label"), done.result("choose"), done.result("calibrate")
    minutes = ", ".join(f"{name} {value / 60:.1f}" for name, value in done.seconds().items() if name in STEPS)
    return {
        "round": done.number,
        "recordings": ", ".join(one.name for one in recordings),
        "moments to learn from, to choose by, to prove by": ", ".join(map(str, done.result("keep").values())),
        "teacher": teacher,
        "images labelled": labels["images"],
        "persons accepted": labels["accepted"],
        "persons confirmed over time": labels["confirmed"],
        "persons rejected, seen in one image alone": labels["rejected"],
        "persons added where they were missed, as neither person nor background": labels["missed"],
        "joints taken out of the hard set because they jump": labels["joints"],
        "joints put into it because they stay": labels["held"],
        **_cameras(labels["cameras"]),
        "pictures without persons to learn from": labels["person_free"],
        "shortest side that an image goes through the network at, pixels": done.result("size")["least_side"],
        "training": f"{done.result('iterations')} iterations of 8 images",
        "share of the way from start to end": weights["share_of_the_way"],
        "scores calibrated": "yes" if calibrated["calibrated"] else f"no: {calibrated['why']}",
        "minutes": minutes,
    }


def _cameras(counts: dict[str, int] | None) -> dict[str, Any]:
    if counts is None:
        return {}
    return {
        "persons seen by several cameras at once": counts["seen_by_several"],
        "of these accepted because of that": counts["confirmed"],
        "joints put into the hard set because cameras agree": counts["joints_confirmed"],
        "joints taken out of it because they do not": counts["joints_doubted"],
    }


def _reduced(material: Material, max_pixels: int) -> str:
    labels = LabelSet.load(material.room)
    heights = sorted(
        float(box[3] - box[1])
        for image in labels.images
        for box in image.soft.boxes[image.soft.box_scores >= labels.accept]
    )
    middle = heights[len(heights) // 2] if heights else 0.0
    return (
        f"Everything, the teacher too, saw at most {max_pixels:,} pixels of an image; nothing larger was kept. Persons "
        f"it accepted are {middle:.0f} pixels high (median). What it cost cannot be measured without looking at more "
        "pixels; the teacher's own keypoint AP on everyday pictures falls from 50.3 to 16.2 when images are reduced "
        "by 8 (docs/teacher.md), and whom it does not see the student does not learn."
    )
