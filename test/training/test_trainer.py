import json
import os
import signal

import numpy as np
import pytest
import torch
from support.small_files import small_files
from support.training_rig import tiny, write_labels

from orpose_models.files.disk import sha256
from orpose_models.registry.models import load_model
from orpose_models.student.weights import add_info, load_student, save_student
from orpose_models.training import trainer as trainer_module
from orpose_models.training.distributed import Ranks
from orpose_models.training.trainer import Trainer
from orpose_models.vocabulary.errors import OrposeError

pytestmark = pytest.mark.usefixtures("one_thread")

ALONE = Ranks(0, 1, torch.device("cpu"))


def state(trainer):
    return {**trainer.student.state_dict(), **{f"average.{k}": v for k, v in trainer.result.state_dict().items()}}


def assert_same(a, b):
    assert a.keys() == b.keys()
    for name in a:
        assert torch.equal(a[name], b[name]), name


def test_a_run_ends_with_a_model(label_file, tmp_path):
    steps = []
    run = Trainer(tiny(label_file, pictures_every=3), tmp_path / "run", ALONE)
    run.run(lambda count, text: steps.append(text))
    assert len(steps) == run.iteration == 6
    history = [json.loads(line) for line in (tmp_path / "run" / "history.jsonl").read_text().splitlines()]
    assert [entry["iteration"] for entry in history] == [2, 4, 6]
    assert history[0]["training"]["loss"] > 0
    assert list((tmp_path / "run" / "tensorboard").iterdir())
    student, info = load_student(run.weights)
    assert (info["iterations"], info["images_seen"], info["averaged"]) == (6, 12, True)
    assert_same(dict(student.state_dict()), dict(run.result.state_dict()))
    poses = load_model(str(run.weights), threads=1).predict(np.zeros((96, 128, 3), np.uint8))
    assert poses.keypoints.shape[1:] == (17, 2)


CONTINUED = {
    "light": {"bfloat16": True, "augmentation__noise": 1.0, "augmentation__close": 0.5},
    # The paper's lifters have dropout and batch statistics.
    "paper": {"optimiser__kind": "sgd"},
}


@pytest.mark.parametrize("kind", CONTINUED)
def test_a_continued_run_equals_one_that_was_not_interrupted(label_file, tmp_path, kind):
    changes = {"kind": kind, **CONTINUED[kind]}
    whole = Trainer(tiny(label_file, **changes), tmp_path / "whole", ALONE)
    whole.run()

    def interrupt(count, text, first=[True]):  # noqa: B006
        if part.iteration == 3 and first.pop():
            os.kill(os.getpid(), signal.SIGINT)

    part = Trainer(tiny(label_file, **changes), tmp_path / "part", ALONE)
    with pytest.raises(KeyboardInterrupt):
        part.run(interrupt)
    assert part.iteration == 3
    torch.rand(17)
    rest = Trainer(tiny(label_file, log_every=2, threads=1, **changes), tmp_path / "part", ALONE)
    assert rest.iteration == 3
    rest.run()
    assert_same(state(whole), state(rest))
    histories = [(tmp_path / name / "history.jsonl").read_text() for name in ("whole", "part")]
    assert histories[0] == histories[1]


def test_the_best_on_what_was_held_back_is_the_result(label_file, tmp_path):
    changes = {
        "data__held_back": ["images/3.png"],
        "evaluation": {"dataset": "held_back", "every": 3, "factors": [1, 8], "shares": [1.0, 0.0]},
    }
    run = Trainer(tiny(label_file, **changes), tmp_path, ALONE)
    start = {name: value.clone() for name, value in run.student.state_dict().items()}
    run.run()
    history = [json.loads(line) for line in (tmp_path / "history.jsonl").read_text().splitlines()]
    measured = [entry["iteration"] for entry in history if "evaluation" in entry]
    assert measured == [3, 6]
    student, info = load_student(run.weights)
    told = info["selected"]
    assert told["iteration"] == 3  # nobody is found by random weights, so that none are better than the first
    assert told["mean_keypoint_ap_of_shares"] == {"1": 0, "0": 0}
    assert told["share_of_the_way"] == 1
    assert not torch.equal(student.body.stem.weight, start["body.stem.weight"])
    before = run.weights.read_bytes()
    Trainer(tiny(label_file, **changes), tmp_path, ALONE).run()
    assert run.weights.read_bytes() == before
    with pytest.raises(OrposeError, match="another evaluation"):
        Trainer(tiny(label_file, **{**changes, "evaluation__every": 2}), tmp_path, ALONE)
    with pytest.raises(OrposeError, match="no image has a name"):
        Trainer(tiny(label_file, evaluation=changes["evaluation"]), tmp_path / "x", ALONE)


def test_a_finished_run_stays_as_it_is(label_file, tmp_path):
    Trainer(tiny(label_file), tmp_path, ALONE).run()
    again = Trainer(tiny(label_file), tmp_path, ALONE)
    assert again.iteration == 6
    before = state(again)
    again.run()
    assert_same(before, state(again))


def test_other_settings_or_labels_do_not_continue_a_run(label_file, tmp_path):
    Trainer(tiny(label_file, schedule__iterations=1), tmp_path / "run", ALONE).run()
    with pytest.raises(OrposeError, match=r"another schedule\.iterations"):
        Trainer(tiny(label_file, schedule__iterations=2), tmp_path / "run", ALONE)
    write_labels(tmp_path / "other")
    label_file.write_text(label_file.read_text().replace('"score": 0.9', '"score": 0.85'))
    with pytest.raises(OrposeError, match=r"another data\.sources"):
        Trainer(tiny(label_file, schedule__iterations=1), tmp_path / "run", ALONE)
    (tmp_path / "run" / "checkpoint.pt").write_bytes(b"damaged")
    with pytest.raises(OrposeError, match="not a readable checkpoint"):
        Trainer(tiny(label_file, schedule__iterations=1), tmp_path / "run", ALONE)


def test_labels_of_nobody_cannot_be_learned_from(label_file, tmp_path):
    with pytest.raises(OrposeError, match="no label has an accepted person"):
        Trainer(tiny(label_file, data__accept=1.0), tmp_path, ALONE)
    with pytest.raises(OrposeError, match="cannot be divided among 3"):
        Trainer(tiny(label_file), tmp_path, Ranks(0, 3, torch.device("cpu")))


def test_steps_without_finite_gradients_are_left_out_and_end_the_run(label_file, tmp_path, monkeypatch):
    run = Trainer(tiny(label_file, schedule__iterations=50), tmp_path, ALONE)
    bad = {2}
    forward = run._objective.forward

    def broken(samples):
        losses = forward(samples)
        factor = float("nan") if run.iteration in bad else 1.0
        return {name: loss * factor for name, loss in losses.items()}

    monkeypatch.setattr(run._objective, "forward", broken)
    samples = [run.images.sample(i) for i in range(2)]
    for _ in range(2):
        run._step(run._objective, samples)
    before = {name: value.clone() for name, value in run.student.state_dict().items()}
    run._step(run._objective, samples)
    assert_same(before, dict(run.student.state_dict()))
    run._step(run._objective, samples)
    assert not torch.equal(before["body.stem.bias"], run.student.body.stem.bias)
    bad.update(range(50))
    for _ in range(trainer_module._MAX_BAD - 1):
        run._step(run._objective, samples)
    with pytest.raises(OrposeError, match="not finite 10 times in a row"):
        run._step(run._objective, samples)


def test_starting_from_another_student(label_file, tmp_path):
    first = Trainer(tiny(label_file, schedule__iterations=1), tmp_path / "first", ALONE)
    first.run()
    start = str(first.weights)
    single = Trainer(
        tiny(label_file, model__start=start, model__settings__branches=["both"]), tmp_path / "single", ALONE
    )
    theirs, mine = first.result.state_dict(), single.student.state_dict()
    weight = "heatmaps.{}.output.weight"
    assert torch.equal(mine[weight.format("both")], theirs[weight.format("soft")])
    assert torch.equal(mine["body.stem.weight"], theirs["body.stem.weight"])
    with pytest.raises(OrposeError, match=r"lifters\.soft\.networks.* is missing or of another size"):
        Trainer(tiny(label_file, model__start=start, model__settings__lifter_hidden=8), tmp_path / "x", ALONE)
    for start in ("imagenet", "weights.pkl"):
        with pytest.raises(OrposeError, match="neither 'coco', 'none' nor"):
            Trainer(tiny(label_file, model__start=start), tmp_path / "x", ALONE)
    with pytest.raises(OrposeError, match="starts from detectron2's COCO weights"):
        Trainer(tiny(label_file, "paper", model__start="coco"), tmp_path / "x", ALONE)


def test_a_run_that_goes_on_from_a_trained_student_is_held_to_its_origin(label_file, tmp_path):
    first = Trainer(tiny(label_file), tmp_path / "first", ALONE)
    first.run()
    origin = tmp_path / "origin.safetensors"
    save_student(origin, first.student, {"name": "origin"})
    with torch.no_grad():
        first.student.body.stem.weight.zero_()
    trained = tmp_path / "trained.safetensors"
    save_student(trained, first.student, {"name": "trained"})
    run = Trainer(tiny(label_file, model__start=str(trained), model__origin=str(origin)), tmp_path / "second", ALONE)
    assert not run.student.state_dict()["body.stem.weight"].any()
    held_to = run._selection.start["body.stem.weight"]
    torch.testing.assert_close(held_to, load_student(origin)[0].state_dict()["body.stem.weight"], rtol=0, atol=0)
    torch.testing.assert_close(run._objective._start[0].state_dict()["body.stem.weight"], held_to, rtol=0, atol=0)
    run.save()
    origin.unlink()  # the checkpoint has all that is needed
    trained.unlink()
    again = Trainer(run.config, tmp_path / "second", ALONE)
    torch.testing.assert_close(again._objective._start[0].state_dict()["body.stem.weight"], held_to, rtol=0, atol=0)


def test_what_a_run_starts_from_is_part_of_it(label_file, tmp_path):
    first = Trainer(tiny(label_file, schedule__iterations=1), tmp_path / "first", ALONE)
    first.run()
    start = tmp_path / "start.safetensors"
    start.write_bytes(first.weights.read_bytes())
    config = tiny(label_file, model__start=str(start), schedule__iterations=2)
    Trainer(config, tmp_path / "run", ALONE).run()
    _, info = load_student(tmp_path / "run" / "tiny.safetensors")
    told = info["started_from"]
    assert (told["iterations"], told["images_seen"], told["sha256"]) == (1, 2, sha256(start))
    assert told["settings"]["schedule"]["iterations"] == 1
    add_info(start, start, {"said": "later"})
    with pytest.raises(OrposeError, match=r"another model\.start_sha256"):
        Trainer(config, tmp_path / "run", ALONE)
    start.unlink()  # the checkpoint has all that is needed
    again = Trainer(config, tmp_path / "run", ALONE)
    assert again.iteration == 2
    assert again._info()["started_from"] == told


def test_images_without_persons_are_part_of_a_run(label_file, tmp_path):
    free = tmp_path / "free"
    free.mkdir()
    (free / "a.png").write_bytes((label_file.parent / "images" / "2.png").read_bytes())
    sources = [{"labels": str(label_file)}, {"person_free": str(free)}]
    config = tiny(label_file, data__sources=sources, schedule__iterations=1)
    Trainer(config, tmp_path / "run", ALONE).run()
    Trainer(config, tmp_path / "run", ALONE)
    (free / "b.png").write_bytes((free / "a.png").read_bytes())
    with pytest.raises(OrposeError, match=r"another data\.sources\.1\.images_sha256"):
        Trainer(config, tmp_path / "run", ALONE)


def test_what_was_said_of_a_finished_model_stays(label_file, tmp_path):
    config = tiny(label_file, schedule__iterations=1)
    run = Trainer(config, tmp_path, ALONE)
    run.run()
    add_info(run.weights, run.weights, {"calibration": "a curve"})
    before = run.weights.read_bytes()
    Trainer(config, tmp_path, ALONE).run()
    assert run.weights.read_bytes() == before
    run.weights.unlink()
    Trainer(config, tmp_path, ALONE).run()
    assert run.weights.is_file()


def test_half_written_lines_of_the_history_are_dropped(label_file, tmp_path):
    config = tiny(label_file, schedule__iterations=2)
    Trainer(config, tmp_path, ALONE).run()
    history = tmp_path / "history.jsonl"
    whole = history.read_text()
    history.write_text(whole + '{"iteration": 1, "training": {"loss": 1.0}' + "\n{}\n7}\n")
    Trainer(config, tmp_path, ALONE).run()
    assert history.read_text() == whole


def test_a_full_disk_is_an_error_of_the_disk(label_file, tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    run = Trainer(tiny(label_file), folder, ALONE)
    with small_files(1_000_000), pytest.raises(OSError, match="File too large"):
        run.save()
    with small_files(1_000_000), pytest.raises(OSError, match="File too large"):
        save_student(folder / "a.safetensors", run.student, {})
    assert list(folder.iterdir()) == []
