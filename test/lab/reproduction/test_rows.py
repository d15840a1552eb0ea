"""A row in miniature, really simulated, trained by two processes, measured, kept and skipped."""

import re
from contextlib import redirect_stderr, redirect_stdout

import pytest
import yaml

from orpose_models.cli.main import run
from orpose_models.datasets.coco import read_simulated
from orpose_models.files.disk import sha256
from orpose_models.files.predictions import Predictions
from orpose_models.lab.reproduction.reproduce_config import ReproduceConfig
from orpose_models.lab.reproduction.row_making import make_row
from orpose_models.lab.reproduction.row_plan import Workplace
from orpose_models.lab.reproduction.row_record import RowRecord
from orpose_models.lab.reproduction.rows import BY_NAME
from orpose_models.lab.simulation.dataset import Layout
from orpose_models.lab.simulation.split_run import simulate
from orpose_models.training.truth_labels import truth_labels

SEED = 4  # its first scenes of test and val have people
TINY = {
    "name": "tiny",
    "model": {
        "kind": "light",
        "start": "none",
        "settings": {"lifter_hidden": 16},
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


def arguments_of(folder, *arguments):
    places = {"--config": "experiment.yaml", "--out": "out", "--results": "docs/results"}
    return ["reproduce", *(part for name, place in places.items() for part in (name, str(folder / place))), *arguments]


def reproduce(folder, capfd, *arguments):
    code = run(arguments_of(folder, *arguments))
    said = capfd.readouterr()
    return code, " ".join((said.out + said.err).split())


@pytest.fixture(scope="module")
def made(workshop):
    """The row 'all', made by the command; what it said stands in said.txt."""
    with (workshop / "said.txt").open("w") as said, redirect_stderr(said), redirect_stdout(said):
        assert run(arguments_of(workshop, "--list", "--row", "all")) == 0
        assert run(arguments_of(workshop, "--row", "all")) == 0
    return RowRecord.load(workshop / "docs" / "results" / "all.json")


def place_of(workshop):
    config = ReproduceConfig.read(workshop / "experiment.yaml")
    return Workplace(config, workshop / "out", workshop / "docs" / "results")


def test_a_row_is_trained_and_measured(workshop, made):
    said = " ".join((workshop / "said.txt").read_text().split())
    assert said.startswith("all: missing")
    assert re.search(r"all: training (loss [\d.]+|done): 2 of 2", said)
    assert "all at 12x: 6 of 6" in said
    assert made.training is not None
    assert (made.seed, made.training.iterations, made.training.images_seen) == (5, 2, 4)
    assert made.training.labels["sha256"] == sha256(workshop / "labels.json")
    assert made.training.labels["images"] == 12
    assert made.model.sha256 == sha256(workshop / "out" / "all" / "all.safetensors")
    assert (made.test.images, made.test.stride) == (6, 2)
    assert list(made.scales) == ["1", "12"]
    assert set(made.scales["12"].parts) == {"face", "shoulders", "elbows", "wrists", "hips", "knees", "ankles"}
    assert {"box AP", "keypoint AP", "recall"} <= made.scales["1"].metrics.keys()
    assert [session.stage for session in made.sessions] == ["training", "evaluation"]
    folder = workshop / "out" / "all" / f"test-{sha256(workshop / 'data' / 'test' / 'annotations.json')[:12]}"
    predictions = Predictions.load(folder / "predictions_12x.json")
    assert len(predictions.images) == 6
    assert predictions.info["downsample"] == 12


@pytest.mark.usefixtures("made")
def test_a_row_is_put_into_the_documents(workshop):
    text = (workshop / "docs" / "results.md").read_text()
    assert "| ORPose_fixed_12x | 12x | missing |" in text
    assert "--stride 2 --bootstrap 10" in text
    assert str(workshop) not in text
    assert "one in 2 of the split, 6 with" in text
    assert "(images/results-images-1.png)" in text
    assert (workshop / "docs/images/results-images-1.png").is_file()


@pytest.mark.usefixtures("made")
def test_what_is_done_is_not_done_again_nor_mixed_with_another_budget(workshop, capfd):
    record = workshop / "docs" / "results" / "all.json"
    before = record.read_bytes()
    code, said = reproduce(workshop, capfd, "--row", "all")
    assert code == 0
    assert "all: done; keypoint AP 1x" in said
    assert "training" not in said
    write_experiment(workshop, iterations=3)
    code, said = reproduce(workshop, capfd, "--row", "all")
    write_experiment(workshop, iterations=2)
    assert "made with other settings (schedule.iterations was 2, is 3 now) and is kept" in said
    assert record.read_bytes() == before


def test_a_run_that_was_ended_before_its_file_of_results_goes_on_there(workshop, made):
    shown = []
    (workshop / "docs" / "results" / "all.json").unlink()
    again = make_row(place_of(workshop), BY_NAME["all"], lambda *what: shown.append(what))
    assert again.scales == made.scales
    assert [session.stage for session in again.sessions][:3] == ["training", "evaluation", "evaluation"]
    assert shown == []  # nothing is trained or predicted


def test_predictions_of_other_images_of_the_same_names_are_not_taken(workshop, made):
    shown = []
    annotations = workshop / "data" / "test" / "annotations.json"
    kept = annotations.read_bytes()
    annotations.write_bytes(kept + b" ")
    other = make_row(place_of(workshop), BY_NAME["all"], lambda *what: shown.append(what))
    annotations.write_bytes(kept)
    made.save(workshop / "docs" / "results" / "all.json")
    assert other.test.annotations_sha256 != made.test.annotations_sha256
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
    experiment["training"] |= {"processes": 1, "set": {"model.start": "nowhere.safetensors"}}
    path.write_text(yaml.safe_dump(experiment))
    code, said = reproduce(workshop, capfd, "--row", "all_soft")
    path.write_text(kept)
    assert code == 2
    assert "all_soft: the training failed: nowhere.safetensors: no such file" in said
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
