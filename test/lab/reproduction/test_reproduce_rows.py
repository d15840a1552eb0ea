"""A row in miniature, really simulated, trained by two processes, measured, kept and skipped."""

import re

import pytest
import yaml

from orpose_models.cli.main import run
from orpose_models.datasets.coco import read_simulated
from orpose_models.files.disk import sha256
from orpose_models.files.predictions import Predictions
from orpose_models.lab.reproduction.making import make_row
from orpose_models.lab.reproduction.plan import Workplace
from orpose_models.lab.reproduction.record import RowRecord
from orpose_models.lab.reproduction.reproduce_config import ReproduceConfig
from orpose_models.lab.reproduction.rows import BY_NAME
from orpose_models.lab.simulation.dataset import Layout
from orpose_models.lab.simulation.run import simulate
from orpose_models.training.truth_labels import truth_labels

SEED = 4  # its first scenes of test and val have people
TINY = {
    "name": "tiny",
    "model": {
        "kind": "light",
        "start": "none",
        "frozen_stages": 18,
        "settings": {"short_side": 64, "long_side": 96, "fpn_channels": 16, "anchor_sizes": [16, 32, 64, 96],
                     "box_hidden": 16, "keypoint_channels": 16, "keypoint_layers": 1, "lifter_hidden": 16},
    },
    "data": {"workers": 0},
    "optimiser": {"kind": "adamw", "learning_rate": 1e-3},
    "schedule": {"kind": "cosine", "iterations": 100},
    "batch": 2,
    "threads": 1,
    "log_every": 1,
}  # fmt: skip


@pytest.fixture(scope="module")
def workshop(tmp_path_factory):
    """A folder with data/test, labels of some images, a training configuration, and an experiment."""
    folder = tmp_path_factory.mktemp("experiment")
    for split in ("test", "val"):
        simulate(folder / "data", split, 12, seed=SEED, workers=1)
    labels = truth_labels(read_simulated(Layout(folder / "data", "val").root), "ground truth", {})
    labels.save(folder / "labels.json")
    (folder / "train").mkdir()
    (folder / "train" / "ORPose_all.yaml").write_text(yaml.safe_dump(TINY))
    write_experiment(folder, iterations=2)
    return folder


def write_experiment(folder, iterations):
    experiment = {
        "seed": 5,
        "data": str(folder / "data"),
        "labels": str(folder / "labels.json"),
        "training": {"configurations": str(folder / "train"), "set": {"schedule.iterations": iterations}},
        "evaluation": {"scales": [1, 12], "stride": 2, "draws": 10},
    }
    (folder / "experiment.yaml").write_text(yaml.safe_dump(experiment))


def reproduce(folder, capfd, *arguments):
    code = run([
        "reproduce", "--config", str(folder / "experiment.yaml"), "--out", str(folder / "out"),
        "--results", str(folder / "docs" / "results"), *arguments,
    ])  # fmt: skip
    said = capfd.readouterr()
    return code, " ".join((said.out + said.err).split())


def test_a_row_is_made_once_and_put_into_the_documents(workshop, capfd):
    results = workshop / "docs" / "results"
    assert reproduce(workshop, capfd, "--list", "--row", "all") == (0, "all: missing")

    code, said = reproduce(workshop, capfd, "--row", "all")
    assert code == 0, said
    assert re.search(r"all: training (loss [\d.]+|done): 2 of 2", said)
    assert "all at 12x: 6 of 6" in said
    record = RowRecord.load(results / "all.json")
    assert record.training is not None
    assert (record.seed, record.training.iterations, record.training.images_seen) == (5, 2, 4)
    assert record.training.labels["sha256"] == sha256(workshop / "labels.json")
    assert record.training.labels["images"] == 12
    assert record.model.sha256 == sha256(workshop / "out" / "all" / "all.safetensors")
    assert (record.test.images, record.test.stride) == (6, 2)
    assert list(record.scales) == ["1", "12"]
    assert set(record.scales["12"].parts) == {"face", "shoulders", "elbows", "wrists", "hips", "knees", "ankles"}
    assert {"box AP", "keypoint AP", "recall"} <= record.scales["1"].metrics.keys()
    assert [session.stage for session in record.sessions] == ["training", "evaluation"]
    folder = workshop / "out" / "all" / f"test-{sha256(workshop / 'data' / 'test' / 'annotations.json')[:12]}"
    predictions = Predictions.load(folder / "predictions_12x.json")
    assert len(predictions.images) == 6
    assert predictions.info["downsample"] == 12
    text = (workshop / "docs" / "results.md").read_text()
    assert "| ORPose_fixed_12x | 12x | missing |" in text
    assert "--stride 2 --bootstrap 10" in text
    assert str(workshop) not in text
    assert "one in 2 of the split, 6 with" in text
    assert "(images/results-images-1.png)" in text
    assert (workshop / "docs/images/results-images-1.png").is_file()

    # What is done is not done again.
    before = (results / "all.json").read_bytes()
    code, said = reproduce(workshop, capfd, "--row", "all")
    assert code == 0
    assert "all: done; keypoint AP 1x" in said
    assert "training" not in said
    assert (results / "all.json").read_bytes() == before

    # Nor is it mixed with another budget.
    write_experiment(workshop, iterations=3)
    code, said = reproduce(workshop, capfd, "--row", "all")
    assert "made with other settings (schedule.iterations was 2, is 3 now) and is kept" in said
    assert (results / "all.json").read_bytes() == before
    write_experiment(workshop, iterations=2)

    # A run that was ended between training and the file of results goes on there: nothing is trained or predicted.
    (results / "all.json").unlink()
    shown = []
    place = Workplace(ReproduceConfig.read(workshop / "experiment.yaml"), workshop / "out", results)
    again = make_row(place, BY_NAME["all"], lambda *what: shown.append(what))
    assert again.scales == record.scales
    assert [session.stage for session in again.sessions] == ["training", "evaluation", "evaluation"]
    assert shown == []

    # Predictions of other images are not taken for those of these, though the images have the same names.
    annotations = workshop / "data" / "test" / "annotations.json"
    kept = annotations.read_bytes()
    annotations.write_bytes(kept + b" ")
    other = make_row(place, BY_NAME["all"], lambda *what: shown.append(what))
    annotations.write_bytes(kept)
    record.save(results / "all.json")
    assert other.test.annotations_sha256 != record.test.annotations_sha256
    assert ("all at 12x", 6, 6, "") in shown


def test_a_row_that_cannot_be_made_is_named_and_the_rest_goes_on(workshop, capfd):
    code, said = reproduce(workshop, capfd, "--row", "fixed_12x", "--row", "fixed_1x")
    assert code == 2
    assert "ORPose_fixed_1x.yaml: no such file" in said
    assert "error: not made: fixed_1x, fixed_12x; the same command tries again" in said
    assert "tables, curves and pictures ->" in said


def test_a_failed_training_says_why(workshop, capfd):
    path = workshop / "experiment.yaml"
    kept = path.read_text()
    experiment = yaml.safe_load(kept)
    experiment["training"] |= {"processes": 1, "set": {"model.start": "nowhere.pkl"}}
    path.write_text(yaml.safe_dump(experiment))
    code, said = reproduce(workshop, capfd, "--row", "all_soft")
    path.write_text(kept)
    assert code == 2
    assert "all_soft: the training failed: nowhere.pkl: no such file" in said
    assert "all of it is in" in said


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--row", "none"], "there is no row none; rows are teacher"),
        (["--row", "all_both", "--labels", "nowhere.json"], "nowhere.json: no such file of labels"),
        (["--row", "teacher", "--data", "nowhere"], "nowhere/test: no complete split"),
    ],
)
def test_mistakes_of_the_command_are_told(workshop, capfd, arguments, message):
    code, said = reproduce(workshop, capfd, *arguments)
    assert code == 2
    assert message in said


def test_documents_alone(workshop, tmp_path, capfd):
    code, _ = reproduce(workshop, capfd, "--documents", "--results", str(tmp_path / "docs" / "results"))
    assert code == 0
    assert "Teacher | missing" in (tmp_path / "docs" / "results.md").read_text()
