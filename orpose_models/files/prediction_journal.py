"""Predictions kept one by one while a run goes on, exactly as they were computed."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from orpose_models.files.journal import Journal
from orpose_models.files.predictions import ImagePrediction
from orpose_models.vocabulary.poses import Poses
from orpose_models.vocabulary.resolution import Resolution

_LAYOUT = 2  # of a line
# What most runs do not know of anybody; left out where nothing is known.
_SELDOM = ("velocity", "motion_cov", "appearance")


@dataclass(frozen=True)
class Kept:
    """What a journal has of an image.

    Attributes:
        prediction: who is in it.
        notes: what should be known about it, one sentence each.
    """

    prediction: ImagePrediction
    notes: tuple[str, ...] = ()


class PredictionJournal:
    """A journal of the images of a run.

    What is read back is bit by bit what was appended, so that a run that went on has the results of one that was
    never interrupted.

    Args:
        path: see `Journal`.
        identity: what all images depend on: model, settings.

    Attributes:
        done: the images that are done, by a key that is another when the image changes: see `runs.image_run`.
        set_aside: whether there was a journal of another run, which does not count.
    """

    def __init__(self, path: str | Path, identity: Mapping[str, Any]) -> None:
        self._journal = Journal(path, {**identity, "layout": _LAYOUT})
        self.set_aside = self._journal.set_aside
        self.done: dict[str, Kept] = {}
        for entry in self._journal.entries:
            try:
                self.done[entry["key"]] = _kept(entry)
            except (ValueError, KeyError, TypeError, AttributeError):
                continue  # a damaged line: the image is done again

    def append(self, key: str, prediction: ImagePrediction, notes: Sequence[str] = ()) -> Kept:
        """Keep one more image; it is on its way to the disk when this returns."""
        kept = Kept(prediction, tuple(notes))
        self._journal.append({"key": key, "notes": kept.notes, **_entry(prediction)})
        self.done[key] = kept
        return kept

    def close(self, remove: bool = False) -> None:
        """Close the journal, and remove it when its content has been saved elsewhere."""
        self._journal.close(remove)


def _entry(image: ImagePrediction) -> dict[str, Any]:
    arrays = {field.name: getattr(image.poses, field.name) for field in fields(Poses)}
    arrays = {name: array for name, array in arrays.items() if name not in _SELDOM or np.isfinite(array).any()}
    return {
        "id": image.image_id,
        "name": image.file_name,
        "full": image.resolution.full,
        "seen": image.resolution.seen,
        "factor": image.resolution.factor,
        "stamp_ns": image.stamp_ns,
        "poses": {name: base64.b64encode(array.tobytes()).decode("ascii") for name, array in arrays.items()},
        "persons": len(image.poses),
    }


def _kept(entry: Any) -> Kept:
    nobody, n = Poses.empty(), int(entry["persons"])
    arrays = {}
    for name, text in entry["poses"].items():
        like = getattr(nobody, name)
        array = np.frombuffer(base64.b64decode(text, validate=True), like.dtype)
        arrays[name] = array.reshape(n, *like.shape[1:]).copy()
    if missing := {field.name for field in fields(Poses)} - arrays.keys() - set(_SELDOM):
        raise KeyError(min(missing))
    resolution = Resolution(tuple(entry["full"]), tuple(entry["seen"]), entry["factor"])
    prediction = ImagePrediction(
        int(entry["id"]), entry["name"], resolution, Poses.from_arrays(**arrays), entry["stamp_ns"]
    )
    return Kept(prediction, tuple(entry["notes"]))
