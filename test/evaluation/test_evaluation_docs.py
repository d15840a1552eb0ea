"""What docs/evaluation.md and docs/predictions.md say stays true."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from orpose_models.datasets.truth import Truth
from orpose_models.evaluation import result
from orpose_models.evaluation.mpjpe import score3d
from orpose_models.evaluation.pairs3d import HIP_RAISE, HIP_WIDEN, pair3d
from orpose_models.files import predictions
from orpose_models.model_format import score_calibration as calibration
from orpose_models.vocabulary.poses import Poses
from orpose_models.vocabulary.skeletons import COCO17, H36M17

DOCS = Path(__file__).resolve().parents[2] / "docs"
ANNA, BEN, CHRIS, DANA = (100.0, 150.0), (300.0, 150.0), (500.0, 150.0), (200.0, 200.0)


def table_row(name: str) -> list[str]:
    (line,) = [line for line in (DOCS / "evaluation.md").read_text().splitlines() if line.startswith(f"| {name} |")]
    return [cell.strip() for cell in line.strip("|").split("|")][1:]


def hidden_arms(truth: Truth, person: int) -> Truth:
    image = truth.images[0]
    flags = image.persons.visibility.copy()
    for joint in ("left_elbow", "right_elbow", "left_wrist", "right_wrist"):
        flags[person, COCO17.index(joint)] = 0
    persons = replace(image.persons, visibility=flags)
    return replace(truth, images=(replace(image, persons=persons), *truth.images[1:]))


def test_the_worked_example(make_truth: Callable[..., Truth], make_poses: Callable[..., Poses]) -> None:
    truth = hidden_arms(make_truth([ANNA, BEN, CHRIS], [DANA]), person=1)
    found = make_poses([ANNA, BEN])
    joints = found.joints3d.copy()
    for part in ("shoulder", "elbow", "wrist"):
        for side in ("left", "right"):
            joints[:, H36M17.index(f"{side}_{part}"), 2] += 0.12
    pairs = {
        protocol: pair3d(truth, {1: found.with_arrays(joints3d=joints)}, protocol)
        for protocol in ("released", "strict")
    }
    scores = {protocol: score3d(p) for protocol, p in pairs.items()}

    errors = pairs["released"].errors().mean(axis=1) * 1000
    assert [f"{e:.1f}" for e in errors] == table_row("released")[:3]
    assert table_row("released")[3:] == ["skipped", f"{scores['released'].mpjpe:.1f}", "not stated"]
    assert (scores["released"].persons, scores["released"].paired) == (4, 3)

    strict = pairs["strict"].errors()
    persons = [f"{1000 * row[mask].mean():.1f}" for row, mask in zip(strict, pairs["strict"].mask, strict=True)]
    assert [*persons, "missed", "missed"] == table_row("strict")[:4]
    assert table_row("strict")[4:] == [
        f"{scores['strict'].mpjpe:.1f}",
        f"{scores['strict'].recall:.0%}".replace("%", " %"),
    ]
    assert scores["strict"].joints == 12


def test_the_mapping_of_hips_is_the_one_described() -> None:
    text = " ".join((DOCS / "evaluation.md").read_text().split())
    assert f"move the predicted hips {HIP_RAISE * 100:.0f} % of the way towards mid-shoulders" in text
    assert f"set them {HIP_WIDEN:g} times as far apart" in text


@pytest.mark.parametrize(
    ("file", "model"),
    [
        ("evaluation.md", result.Evaluation),
        ("evaluation.md", result.Result),
        ("evaluation.md", result.Metric),
        ("evaluation.md", result.ImageScore),
        ("evaluation.md", calibration.Calibration),
        ("predictions.md", predictions._File),
        ("predictions.md", predictions._Image),
        ("predictions.md", predictions._Annotation),
    ],
)
def test_every_field_is_described(file: str, model: type) -> None:
    text = (DOCS / file).read_text()
    assert [name for name in model.model_fields if f"`{name}`" not in text] == []
