"""A first look at recordings: where people are, how hard they are to see, and what every moment looks like."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from orpose_models.adaptation.own_recordings import Recording
from orpose_models.datasets.image_file import size_of
from orpose_models.files.journal import Journal
from orpose_models.model_format.pose_model import PoseModel
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.reporting import Reporter
from orpose_models.vocabulary.resolution import Size, limited_size, resize_down

THUMB = (64, 48)  # width, height, of the small grey pictures that moments are compared by
_SEEN = 0.1  # score from which on a first look counts somebody
# Grey levels: darker and flatter pictures show nothing.
_DARK, _FLAT = 12.0, 3.0


@dataclass(frozen=True, eq=False)
class Look:
    """One image, looked at.

    Attributes:
        recording: index of its recording. index: its place there.
        stamp_ns: its time, where known.
        size: width, height of the image as it is seen.
        thumb: (48, 64) uint8 grey.
        boxes: (n, 4) persons, in shares of width and height. scores: (n,).
    """

    recording: int
    index: int
    stamp_ns: int | None
    size: Size
    thumb: NDArray[np.uint8]
    boxes: NDArray[np.float64]
    scores: NDArray[np.float64]

    @property
    def shows(self) -> bool:
        """Whether anything can be seen: the picture is neither dark nor of one grey."""
        return float(np.percentile(self.thumb, 99)) >= _DARK and float(self.thumb.std()) >= _FLAT

    @property
    def difficulty(self) -> float:
        """How much a look at this image can teach: unsure persons, small ones and those close together, summed."""
        if not len(self.boxes):
            return 0.0
        heights = self.boxes[:, 3] - self.boxes[:, 1]
        centres = (self.boxes[:, :2] + self.boxes[:, 2:]) / 2
        apart = np.linalg.norm(centres[:, None] - centres[None], axis=2) + np.eye(len(centres)) * 9
        close = apart.min(axis=1) < 0.5 * heights
        return float(np.sum((1 - self.scores) + 0.5 * (heights < 0.25) + 0.5 * close))


def seen_as(image: NDArray[np.uint8], max_pixels: int | None) -> NDArray[np.uint8]:
    """The image as everything here sees it: with the guard on, reduced."""
    if max_pixels is None:
        return image
    return resize_down(image, limited_size(size_of(image), max_pixels))


def look(
    recordings: Sequence[Recording],
    model: PoseModel,
    journal: Path,
    at_most: int,
    max_pixels: int | None,
    reporter: Reporter,
) -> list[Look]:
    """Look at images of all recordings, evenly in each, at most so many altogether; what an earlier look saw is kept.

    Args:
        recordings: the recordings.
        model: a fast one.
        journal: file of what was seen.
        at_most: number of images, shared by the recordings in proportion to their length.
        max_pixels: the privacy guard; None for none.
        reporter: hears how far it is.

    Raises:
        OrposeError: no image can be read.
    """
    every = sum(one.count for one in recordings)
    strides = [max(1, -(-every // at_most)) for _ in recordings]
    identity = {
        "recordings": [one.identity() for one in recordings],
        "strides": strides,
        "max_pixels": max_pixels,
        "model": model.sha256,
    }
    kept = Journal(journal, {"kind": "looks", **identity})
    found = {(entry["recording"], entry["index"]): entry for entry in kept.entries}
    total = sum(-(-one.count // stride) for one, stride in zip(recordings, strides, strict=True))
    done = 0
    reporter.progress("looking", done, total)
    for number, (recording, stride) in enumerate(zip(recordings, strides, strict=True)):
        for shot in recording.shots():
            if shot.index % stride:
                continue
            if (number, shot.index) not in found:
                try:
                    image = seen_as(shot.read(), max_pixels)
                except OrposeError as error:
                    recording.problems.append(str(error))
                    continue
                entry = _entry(number, shot.index, shot.stamp_ns, image, model)
                kept.append(entry)
                found[number, shot.index] = entry
            done += 1
            reporter.progress("looking", min(done, total), total)
    kept.close()
    if not found:
        problems = [problem for recording in recordings for problem in recording.problems]
        raise OrposeError("; ".join(["none of the images can be read", *problems[:1]]))
    return [_look(found[key]) for key in sorted(found)]


def _entry(number: int, index: int, stamp: int | None, image: NDArray[np.uint8], model: PoseModel) -> dict[str, Any]:
    poses = model.predict(image, min_score=_SEEN)
    poses = poses.select(poses.box_scores >= _SEEN)
    thumb = resize_down(np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), np.uint8), THUMB)
    width, height = size_of(image)
    return {
        "recording": number,
        "index": index,
        "stamp_ns": stamp,
        "size": [width, height],
        "thumb": base64.b64encode(thumb.tobytes()).decode("ascii"),
        "boxes": np.round(poses.boxes / [width, height, width, height], 4).tolist(),
        "scores": np.round(poses.box_scores, 4).astype(float).tolist(),
    }


def _look(entry: dict[str, Any]) -> Look:
    thumb = np.frombuffer(base64.b64decode(entry["thumb"]), np.uint8).reshape(THUMB[1], THUMB[0])
    return Look(
        entry["recording"],
        entry["index"],
        entry["stamp_ns"],
        (entry["size"][0], entry["size"][1]),
        thumb,
        np.asarray(entry["boxes"], np.float64).reshape(-1, 4),
        np.asarray(entry["scores"], np.float64),
    )
