"""The experiment's configuration, what rows are, and what is compared before work is skipped."""

import re
from pathlib import Path

import pytest
from support.made_up_rows import record, scale

from orpose_models.lab.reproduction.provenance import Sessions, machine
from orpose_models.lab.reproduction.reproduce_config import ReproduceConfig
from orpose_models.lab.reproduction.row_plan import Workplace, unlike
from orpose_models.lab.reproduction.rows import BY_NAME, ROWS, choose
from orpose_models.lab.reproduction.stages import prepare
from orpose_models.training.processes import locked, script
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.installing import pip_install

ROOT = Path(__file__).resolve().parents[3]


def read(tmp_path, text):
    path = tmp_path / "experiment.yaml"
    path.write_text(text)
    return ReproduceConfig.read(path)


def test_an_empty_experiment_has_the_papers_scales(tmp_path):
    config = read(tmp_path, "{}")
    assert config.evaluation.scales == (1, 8, 10, 12)
    assert config == ReproduceConfig()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[1]", "expected settings by name"),
        ("a: [", "not a YAML file"),
        ("seed: -1", "seed: Input should be greater than or equal to 0"),
        ("sed: 1", "sed: there is no such setting or key"),
        ("evaluation: {scales: []}", "evaluation.scales: Tuple should have at least 1 item"),
        ("evaluation: {scales: [13]}", "evaluation.scales.0: Input should be less than or equal to 12"),
        ("evaluation: {stride: 0}", "evaluation.stride: Input should be greater than 0"),
        ("training: {processes: 0}", "training.processes: Input should be greater than 0"),
        ("training: {set: {name: x}}", "training.set: name: name is decided by the row"),
        ("training: {set: {model.settings: {}}}", "model.settings: model.settings.branches is decided by the row"),
        ("training: {set: {augmentation: {}}}", "augmentation: augmentation.downsampling is decided by the row"),
        ("training: {set: {augmentation.downsampling.share: 1}}", "augmentation.downsampling is decided by the row"),
        ("training: {set: {data.sources: []}}", "data.sources is decided by the row"),
        ("images: {test: 0}", "images.test: Input should be greater than 0"),
    ],
)
def test_mistakes_are_named(tmp_path, text, message):
    with pytest.raises(OrposeError) as error:
        read(tmp_path, text)
    assert "experiment.yaml: " in str(error.value)
    assert message in str(error.value)


def test_a_missing_experiment_is_said(tmp_path):
    with pytest.raises(OrposeError, match=r"none.yaml: no such file"):
        ReproduceConfig.read(tmp_path / "none.yaml")


def test_all_rows_of_the_papers_tables_are_there():
    assert set(choose([])) == set(ROWS)
    assert [row.name for row in ROWS][:7] == [
        "teacher", "unadapted", "fixed_1x", "fixed_8x", "fixed_10x", "fixed_12x", "all",
    ]  # fmt: skip
    assert [row.name for row in ROWS][7:] == ["all_hard", "all_soft", "all_both", "shipped"]
    assert [row.name for row in choose([])][:3] == ["teacher", "all", "unadapted"]
    assert [row.name for row in choose(["fixed_8x", "teacher"])] == ["teacher", "fixed_8x"]
    with pytest.raises(OrposeError, match="there is no row nine; rows are teacher, unadapted"):
        choose(["nine"])


@pytest.fixture
def shipped(tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    config = ReproduceConfig.read(Path("config/reproduce/light.yaml"))
    return Workplace(config, Path("out/reproduce"), tmp_path / "results")


def test_shipped_rows_have_one_budget(shipped):
    configs = [shipped.train_config(row) for row in ROWS if row.trained]
    assert [c.name for c in configs] == [row.name for row in ROWS if row.trained]
    plain = [c.model_dump(exclude={"name", "data", "augmentation", "model"}) for c in configs]
    assert all(one == plain[0] for one in plain)
    assert len({c.augmentation.model_copy(update={"downsampling": ()}) for c in configs}) == 1
    assert [[(k.low, k.high) for k in c.augmentation.downsampling] for c in configs[:5]] == [
        [(1, 1)], [(1, 1)], [(8, 8)], [(10, 10)], [(12, 12)],
    ]  # fmt: skip
    branches = [c.model.student_config().branches for c in configs]
    assert branches == [("soft", "hard")] * 6 + [("hard",), ("soft",), ("both",)]


def test_commands_say_everything(shipped):
    train, measure = shipped.commands(BY_NAME["all_soft"])
    assert train == (
        "torchrun --nproc-per-node 2 --standalone --no-python orpose train config/train/light/ORPose_all.yaml "
        "--labels out/reproduce/labels/labels.json --out out/reproduce/all_soft --set name=all_soft --set seed=0 "
        "--set schedule.iterations=750 --set 'model.settings.branches=[soft]'"
    )
    assert measure == (
        "orpose evaluate run --dataset sim:out/reproduce/data/test --model out/reproduce/all_soft/all_soft.safetensors "
        "--downsample 1,8,10,12 --stride 3 --bootstrap 1000 --threads 1"
    )
    assert shipped.commands(BY_NAME["teacher"])[0].startswith(
        "orpose evaluate run --dataset sim:out/reproduce/data/test --model teacher --downsample"
    )
    assert "--labels out/reproduce/data/everyday/labels.json" in shipped.commands(BY_NAME["unadapted"])[0]


def test_commands_name_no_folder_outside(tmp_path):
    config = ReproduceConfig(data=tmp_path / "data", labels=tmp_path / "a" / "labels.json")
    place = Workplace(config, tmp_path / "out", tmp_path / "results")
    train, measure = place.commands(BY_NAME["all"])
    assert str(tmp_path) not in train + measure
    assert "--labels LABELS --out OUT/all" in train
    assert "--dataset sim:DATA/test --model OUT/all/all.safetensors" in measure


def test_a_row_is_compared_with_what_it_would_be_now(tmp_path):
    place = Workplace(ReproduceConfig(), tmp_path / "out", tmp_path / "results")
    teacher = record("teacher", {s: scale(0.1, 0.1, 1.0, 1.0) for s in ("1", "8", "10")}, stride=2)
    assert unlike(teacher, place, BY_NAME["teacher"]) == {
        "evaluation.stride": (2, 1),
        "evaluation.scales": ("1, 8, 10", "1, 8, 10, 12"),
    }


def test_the_shipped_student_is_only_measured(shipped):
    row = BY_NAME["shipped"]
    assert shipped.model_name(row) == "orpose-all-light"
    assert shipped.commands(row) == [
        "orpose evaluate run --dataset sim:out/reproduce/data/test --model orpose-all-light "
        "--downsample 1,8,10,12 --stride 3 --bootstrap 1000 --threads 1"
    ]


def test_a_trained_row_is_compared_by_its_settings(shipped):
    from orpose_models.lab.reproduction.row_plan import without_places
    from orpose_models.training.checkpoint import identity

    row = BY_NAME["fixed_8x"]
    config = shipped.train_config(row)
    nowhere = config.model_copy(update={"data": config.data.model_copy(update={"sources": ()})})
    made = record("fixed_8x", {s: scale(0.1, 0.1, 1.0, 1.0) for s in ("1", "8", "10", "12")}, stride=3)
    made.training.settings = without_places(identity(nowhere), config.model.student_config())
    assert unlike(made, shipped, row) == {}
    made.training.settings["schedule"]["iterations"] = 500
    made.training.processes = 1
    assert unlike(made, shipped, row) == {"schedule.iterations": (500, 750), "training.processes": (1, 2)}


def test_what_was_given_must_be_there(tmp_path):
    said = []
    config = ReproduceConfig(data=tmp_path / "data")
    with pytest.raises(OrposeError, match="data/test: no complete split"):
        prepare(Workplace(config, tmp_path, tmp_path), (BY_NAME["teacher"],), said.append)
    (tmp_path / "data" / "test").mkdir(parents=True)
    (tmp_path / "data" / "test" / "SHA256SUMS").touch()
    prepare(Workplace(config, tmp_path, tmp_path), (BY_NAME["teacher"],), said.append)
    given = config.model_copy(update={"labels": tmp_path / "none.json", "everyday": tmp_path / "some.json"})
    with pytest.raises(OrposeError, match=r"none.json: no such file of labels; make it with orpose teach"):
        prepare(Workplace(given, tmp_path, tmp_path), (BY_NAME["all"],), said.append)
    with pytest.raises(OrposeError, match=r"some.json: no such file of labels"):
        prepare(Workplace(given, tmp_path, tmp_path), (BY_NAME["unadapted"],), said.append)
    assert said == []


def test_training_data_of_a_configuration_are_refused(tmp_path):
    (tmp_path / "ORPose_all.yaml").write_text(
        "name: x\nmodel: {kind: light}\ndata: {sources: [{labels: mine.json}]}\n"
        "optimiser: {kind: sgd, learning_rate: 1}\nschedule: {kind: cosine, iterations: 1}\nbatch: 2\n"
    )
    config = ReproduceConfig.model_validate({"training": {"configurations": tmp_path}})
    with pytest.raises(OrposeError, match="names data of its own"):
        Workplace(config, tmp_path, tmp_path).train_config(BY_NAME["all"])


def test_a_folder_has_one_worker(tmp_path):
    busy = pytest.raises(OrposeError, match="another process works on this row")
    with locked(tmp_path / "row"), busy, locked(tmp_path / "row"):
        pass
    with locked(tmp_path / "row"):
        pass


def test_a_missing_command_is_said():
    with pytest.raises(OrposeError, match=re.escape(f"no such command; {pip_install('command')}")):
        script("orpose-that-is-not-there")


def test_interrupted_work_keeps_its_time(tmp_path):
    path = tmp_path / "sessions.json"
    with pytest.raises(KeyboardInterrupt), Sessions(path).session("training"):
        raise KeyboardInterrupt
    sessions = Sessions(path)
    with sessions.session("evaluation") as beat:
        beat()
    assert [session.stage for session in Sessions(path).done] == ["training", "evaluation"]
    assert Sessions(path).done == sessions.done
    path.write_text('[{"stage": "lunch"}]')
    with pytest.raises(OrposeError, match=r"sessions.json: 0.stage"):
        Sessions(path)


def test_the_machine_is_described_without_its_name():
    import socket

    described = machine()
    assert {"processor", "cores", "memory", "Python"} <= described.keys()
    assert socket.gethostname() not in described.values()
