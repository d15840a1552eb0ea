"""Rounds of an adaptation, their steps, and where own models are kept."""

import json

import pytest

from orpose_models.adaptation.workplace import earlier_labels, last_plan, last_round, open_round
from orpose_models.registry.own_models import check_name, install, own_models, proof_of
from orpose_models.vocabulary.errors import OrposeError

PLAN = {"sources": [{"path": "a"}], "start_sha256": "0"}


def test_an_empty_folder_has_no_round(tmp_path) -> None:
    assert last_plan(tmp_path) is None
    assert last_round(tmp_path) is None
    assert earlier_labels(tmp_path, 1) == ()


def test_a_step_is_done_once(tmp_path) -> None:
    done = []
    for _ in range(2):
        opened = open_round(tmp_path, PLAN)
        assert opened.number == 1
        assert opened.step("look", lambda: done.append(1) or {"images": 3}) == {"images": 3}
    assert done == [1]
    assert not opened.finished
    opened.step("finished", dict)
    assert open_round(tmp_path, PLAN).finished


def test_a_step_that_fails_is_not_done(tmp_path) -> None:
    opened = open_round(tmp_path, PLAN)
    with pytest.raises(ZeroDivisionError):
        opened.step("look", lambda: 1 / 0)
    assert not open_round(tmp_path, PLAN).has("look")


def test_another_plan_is_another_round_once_the_last_is_finished(tmp_path) -> None:
    first = open_round(tmp_path, PLAN)
    first.step("look", dict)
    other = {**PLAN, "start_sha256": "1"}
    with pytest.raises(OrposeError, match="round-1: an unfinished adaptation of other recordings or settings"):
        open_round(tmp_path, other)
    first.step("finished", dict)
    (first.folder / "labels").mkdir()
    (first.folder / "labels" / "room.json").write_text("{}")
    second = open_round(tmp_path, other)
    assert second.number == 2
    assert last_plan(tmp_path) == other
    assert earlier_labels(tmp_path, 2) == ((first.folder / "labels" / "room.json").resolve(),)


def test_own_models_are_found_by_name_with_their_proof(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("ORPOSE_MODELS", str(tmp_path / "own"))
    assert own_models() == {}
    for round_ in (1, 2):
        made = tmp_path / f"made-{round_}"
        made.mkdir()
        (made / "model.json").write_text("{}")
        (made / "proof.json").write_text(json.dumps({"summary": f"round {round_}"}))
        assert install(made, "my-room") == tmp_path / "own" / "my-room"
        assert proof_of(own_models()["my-room"]) == {"summary": f"round {round_}"}
    assert [path.name for path in (tmp_path / "own").iterdir()] == ["my-room"]
    assert list(own_models()) == ["my-room"]
    assert proof_of(tmp_path) == {}


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "-x", "a b"])
def test_what_is_no_name_is_refused(name) -> None:
    with pytest.raises(OrposeError, match="is no name of a model"):
        check_name(name)


def test_what_was_refused_at_the_first_look_stands_in_nobodys_way(tmp_path) -> None:
    refused = open_round(tmp_path, PLAN)
    refused.step("counts", dict)
    other = {**PLAN, "start_sha256": "1"}
    opened = open_round(tmp_path, other)
    assert (opened.number, last_plan(tmp_path)) == (1, other)
    assert not opened.has("counts")
