"""A student of one's own is used by its name, as a shipped one is."""

import numpy as np
import pytest

from orpose_models.cli.main import run
from orpose_models.files.disk import write_json
from orpose_models.registry.models import DEFAULT_MODEL, load_model, shipped_models
from orpose_models.registry.own_models import PROOF, install
from orpose_models.vocabulary.errors import OrposeError


@pytest.fixture
def own(tmp_path, monkeypatch):
    monkeypatch.setenv("ORPOSE_MODELS", str(tmp_path))
    return install(shipped_models()[DEFAULT_MODEL], "my-room")


def test_it_is_loaded_by_its_name(own) -> None:
    mine, shipped = load_model("my-room", 1), load_model(DEFAULT_MODEL, 1)
    assert mine.sha256 == shipped.sha256
    assert mine.engine == "onnxruntime"
    assert len(mine.predict(np.zeros((48, 64, 3), np.uint8), min_score=0.5)) == 0


def test_it_is_among_the_names_of_a_mistake(own) -> None:
    with pytest.raises(OrposeError, match="choose one of: orpose-all-light, my-room, teacher"):
        load_model("my-rom")


def test_it_is_listed_with_its_proof(own, capsys) -> None:
    assert run(["models"]) == 0
    assert "your own; nothing was measured of it" in " ".join(capsys.readouterr().out.split())
    write_json(own / PROOF, {"summary": "recommended: better"})
    assert run(["models"]) == 0
    assert "your own: recommended: better" in " ".join(capsys.readouterr().out.split())
