"""A model over an annotated dataset: what should be known of its images goes along with the predictions."""

from pathlib import Path

import numpy as np
from PIL import Image
from support.square_finder import SquareFinder

from orpose_models.datasets.by_name import open_dataset
from orpose_models.files.predictions import Predictions
from orpose_models.runs.dataset_run import run_dataset


def test_further_pages_are_named(tmp_path: Path) -> None:
    pages = [Image.fromarray(np.zeros((30, 40, 3), np.uint8)) for _ in range(2)]
    (tmp_path / "images").mkdir()
    pages[0].save(tmp_path / "images" / "a.tiff", save_all=True, append_images=pages[1:])
    pages[0].save(tmp_path / "images" / "b.png")
    truth = open_dataset(f"empty:{tmp_path / 'images'}")
    predictions, path = run_dataset(truth, SquareFinder(), 1.0, tmp_path / "out")
    name = tmp_path / "images" / "a.tiff"
    said = [f"{name}: holds 2 pages or frames, only the first is read; save them as images of their own"]
    assert predictions.info["notes"] == said
    assert Predictions.load(path).info["notes"] == said


def test_nothing_is_said_where_all_is_read(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    Image.fromarray(np.zeros((30, 40, 3), np.uint8)).save(tmp_path / "images" / "a.png")
    predictions, _ = run_dataset(open_dataset(f"empty:{tmp_path / 'images'}"), SquareFinder(), 1.0, tmp_path / "out")
    assert len(predictions.images) == 1
    assert "notes" not in predictions.info
