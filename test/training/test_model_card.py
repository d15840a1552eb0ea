"""The card of a student."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.training_rig import write_labels

from orpose_models.cli.main import run
from orpose_models.evaluation.calibrating import Judged, calibration_report
from orpose_models.evaluation.result import Evaluation, Metric, Result
from orpose_models.files.disk import sha256, write_json
from orpose_models.lifting.lifter_network import parameter_count
from orpose_models.model_format.score_calibration import Calibration
from orpose_models.model_format.student_config import OneStageConfig
from orpose_models.student.one_stage import OneStageStudent
from orpose_models.student.weights import add_info, save_student
from orpose_models.training.card_subject import read_subject
from orpose_models.training.model_card import model_card
from orpose_models.vocabulary.errors import OrposeError

SMALL = OneStageConfig(lifter_hidden=16)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A student that says what it was trained on: the labels beside it, by their hash, from a folder of its own."""
    folder = tmp_path_factory.mktemp("card")
    labels = write_labels(folder / "data", teacher="looking")
    source = {"labels": "/home/somebody/labels.json", "sha256": sha256(labels), "share": 2.0}
    settings = {"seed": 3, "start": "/home/somebody/start.safetensors", "data": {"accept": None, "sources": [source]}}
    info = {"iterations": 1234, "images_seen": 4936, "averaged": True, "settings": settings}
    save_student(folder / "mine.safetensors", OneStageStudent(SMALL), info)
    return folder / "mine.safetensors"


def evaluation(path: Path, digest: str) -> Path:
    metrics = {
        "keypoint AP": Metric(value=0.5, low=0.45, high=0.55, convention="x"),
        "MPJPE strict, hips unmapped": Metric(value=None, unit="mm", convention="x", note="nobody"),
    }
    empty: dict[str, Any] = {"image_ids": [], "missing": [], "tables": {}, "statistics": {}, "reliability": []}
    results = [
        Result(name="m", downsample=f, predictions="", metrics=metrics, images=[], info={"model_sha256": d}, **empty)
        for f, d in ((8.0, digest), (1.0, digest), (1.0, "0" * 64))
    ]
    Evaluation(
        dataset="simulated OR", images=5, persons=9, notes=[], conventions={}, settings={}, results=results
    ).save(path)
    return path


def section(card: str, title: str) -> str:
    return card.partition(f"## {title}\n\n")[2].partition("\n## ")[0].rstrip()


def test_runs_that_it_went_on_from_are_told(weights: Path, tmp_path: Path) -> None:
    add_info(
        weights,
        tmp_path / "b.safetensors",
        {"started_from": {"iterations": 10, "images_seen": 1040, "settings": {"ema": 0.5}}},
    )
    told = section(model_card(read_subject(tmp_path / "b.safetensors")), "Training")
    first, second = told.split("\n\nIt started from the weights of an earlier run: ")
    assert first.startswith("1,234 iterations, 4,936 images seen, moving average of the weights.")
    assert second.startswith("10 iterations, 1,040 images seen.")
    assert "ema: 0.5" in second
    assert "ema" not in first
    assert "earlier run" not in section(model_card(read_subject(weights)), "Training")


def test_what_is_missing_is_said(weights: Path) -> None:
    card = model_card(read_subject(weights))
    assert card.startswith("# mine\n")
    assert f"{parameter_count(OneStageStudent(SMALL)):,} parameters" in card
    assert f"`{sha256(weights)}`" in card
    assert section(card, "Annotated images") == "Not measured."
    assert section(card, "Real people: the held-back camera") == "Not measured."
    assert "Labels: not measured (no file of labels was given)." in card
    assert "carries no calibration" in card


def test_labels_and_settings(weights: Path) -> None:
    labels = weights.parent / "data" / "labels.json"
    card = model_card(read_subject(weights), [labels], notes=["Nobody tried it in the dark."])
    assert "| images | looking | 4 | 5 | 1 | 0.3 | 100% |" in section(card, "Data and labels")
    assert "1,234 iterations, 4,936 images seen, moving average of the weights." in card
    assert "start: start.safetensors" in card
    assert "/home" not in card
    assert card.endswith("* Nobody tried it in the dark.\n")


def test_figures(weights: Path, tmp_path: Path) -> None:
    footage = {
        "kind": "orpose-footage",
        "footage": "multiperson",
        "model": {"sha256": sha256(weights)},
        "truth_model": {"name": "teacher"},
        "cameras": {
            "cam04": {
                "truth": {"images": 20, "persons": 40, "reprojection_error_median_px": 14.64},
                "results": {"1": {"recall": 0.95, "mpjpe_mm": 120.04}, "8": {"recall": 0.5, "mpjpe_mm": None}},
            }
        },
    }
    write_json(tmp_path / "footage.json", footage)
    card = model_card(
        read_subject(weights), results=[evaluation(tmp_path / "e.json", sha256(weights)), tmp_path / "footage.json"]
    )
    simulated = section(card, "Annotated images")
    assert "simulated OR: 5 images, 9 persons" in simulated
    assert "|  | 1x | 8x |" in simulated  # and not the other model's
    assert "| keypoint AP | 50.0 [45.0, 55.0] | 50.0 [45.0, 55.0] |" in simulated
    assert "| MPJPE strict, mm | not measured | not measured |" in simulated
    real = section(card, "Real people: the held-back camera")
    assert "| persons found, % | 95.0 | 50.0 |" in real
    assert "| MPJPE, mm | 120.0 | not measured |" in real
    assert "(median reprojection error 14.6 pixels)" in real


def test_figures_of_what_it_was_made_from_are_its_own(weights: Path, tmp_path: Path) -> None:
    made = tmp_path / "made.safetensors"
    fitted = Calibration(
        method="temperature", temperature=2.0, fitted_on="val", joints=99, ece_before=0.3, ece_after=0.05
    )
    add_info(weights, made, {"calibration": fitted.model_dump(), "uncalibrated_sha256": sha256(weights)})
    judged = [Judged("all", np.full(4, 0.5), np.array([0.1, 0.4, 0.6, 0.95]), np.array([False, True, False, True]))]
    report = calibration_report(fitted, judged, {"dataset": "val", "model_sha256": sha256(weights)})
    write_json(tmp_path / "report.json", report)
    scores = section(model_card(read_subject(made), results=[tmp_path / "report.json"]), "Scores")
    assert "(temperature, fitted on val, 99 joints): calibration error 0.300 before, 0.050 after" in scores
    assert "| 0.3 | 75.0 | 66.7 |" in scores
    assert "| 0.9 | 25.0 | 100.0 |" in scores


def test_nothing_of_another_model_gets_in(weights: Path, tmp_path: Path) -> None:
    subject = read_subject(weights)
    other = write_labels(tmp_path / "other", count=3)
    with pytest.raises(OrposeError, match="was not trained on these labels"):
        model_card(subject, [other])
    with pytest.raises(OrposeError, match=r"e.json: has no figures of mine"):
        model_card(subject, results=[evaluation(tmp_path / "e.json", "1" * 64)])
    (tmp_path / "x.json").write_text(json.dumps({"kind": "shopping"}))
    with pytest.raises(OrposeError, match=r"x.json: no figures of orpose \(kind 'shopping'\)"):
        model_card(subject, results=[tmp_path / "x.json"])


def test_a_card_that_knows_more_is_kept(
    weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    labels = str(weights.parent / "data" / "labels.json")
    assert run(["card", str(weights), "--labels", labels]) == 0
    card = tmp_path / "docs" / "models" / "mine.md"
    before = card.read_text()
    assert run(["card", str(weights)]) == 2
    assert "says more than this card would" in " ".join(capsys.readouterr().err.split())
    assert card.read_text() == before
    assert run(["card", str(weights), "--labels", labels]) == 0
    assert run(["card", str(weights), "--out", str(card)]) == 0
    assert card.read_text() != before


def test_the_verb(weights: Path, tmp_path: Path) -> None:
    assert run(["card", str(weights), "--out", str(tmp_path / "card.md")]) == 0
    assert (tmp_path / "card.md").read_text().startswith("# mine\n")
    assert run(["card", str(tmp_path / "none.safetensors")]) == 2
