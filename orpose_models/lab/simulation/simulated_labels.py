"""The ground truth of a simulated split as labels to train on."""

from pathlib import Path

from orpose_models.datasets.coco import read_simulated
from orpose_models.files.disk import read_json, sha256
from orpose_models.lab.simulation.dataset import Layout
from orpose_models.training.truth_labels import truth_labels


def write_labels(layout: Layout) -> Path:
    """Write a split's `labels.json`; its name.

    Raises:
        OrposeError: the split is not complete.
    """
    settings = {**read_json(layout.settings), "annotations": sha256(layout.annotations)}
    labels = truth_labels(read_simulated(layout.root), "ground truth of simulated everyday scenes", settings)
    labels.save(layout.root / "labels.json")
    return layout.root / "labels.json"
