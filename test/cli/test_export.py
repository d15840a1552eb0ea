"""`orpose export`: what it writes, and what it refuses."""

import json
from dataclasses import replace
from pathlib import Path

import cv2
import onnx
import pytest

from orpose_models.cli.main import run
from orpose_models.files.disk import sha256
from orpose_models.files.predictions import Predictions
from orpose_models.model_format.manifest import files_of, graphs_of, read_manifest
from orpose_models.model_format.student_config import PAPER, OneStageConfig
from orpose_models.registry import models
from orpose_models.student import export as exporting
from orpose_models.student.network import Student
from orpose_models.student.weights import load_student, save_student
from orpose_models.vocabulary.errors import OrposeError

pytestmark = pytest.mark.usefixtures("one_thread")

SMALL = replace(PAPER, fpn_channels=16, box_hidden=16, keypoint_channels=16, lifter_hidden=16)


def refused(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    assert run(["export", *map(str, arguments)]) == 2
    lines = capsys.readouterr().err.strip()
    assert "Traceback" not in lines
    return " ".join(lines.split())


def test_the_folder(exported_student: Path, student_checkpoint: Path) -> None:
    manifest, _ = read_manifest(exported_student)
    assert {path.name for path in exported_student.iterdir()} == {*files_of(manifest.config), "model.json"}
    assert sum(path.stat().st_size for path in exported_student.iterdir()) <= 15_000_000
    assert manifest.name == "start"
    assert manifest.info == {"steps": 3, "labels": "labels.json", "checkpoint_sha256": sha256(student_checkpoint)}
    assert manifest.config == OneStageConfig(max_persons=20, short_side=256, long_side=512, small_limit=96)
    assert load_student(exported_student / "weights.safetensors")[0].config == manifest.config
    engines = manifest.parity["engines"]
    assert set(engines) == {"onnxruntime", "openvino", "onnxruntime-int8", "openvino-bf16"}
    assert engines["onnxruntime"]["boxes_px"] < 0.5
    assert manifest.parity["persons"] > 10
    assert "/home" not in (exported_student / "weights.safetensors").read_bytes()[:100_000].decode("latin-1")
    for path in exported_student.glob("*.onnx"):
        model = onnx.load(path, load_external_data=False)
        places = {t.external_data[0].value for t in model.graph.initializer if t.external_data}
        assert places == {"weights.safetensors"}
        assert b"orpose_models" not in path.read_bytes()
        assert model.opset_import[0].version == 18


def test_an_engine_that_computes_something_else_is_refused(
    exported_student: Path, student_checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    graphs = {name: onnx.load(exported_student / f"{name}.onnx") for name in graphs_of(OneStageConfig(small_limit=96))}
    (bias,) = [t for t in graphs["network"].graph.initializer if t.name == "student.heads.box_sizes.output.bias"]
    bias.CopyFrom(onnx.numpy_helper.from_array(onnx.numpy_helper.to_array(bias) + 2, bias.name))
    monkeypatch.setattr(exporting, "build_graphs", lambda student: graphs)
    monkeypatch.setattr(exporting, "quantise", lambda model, examples: model)
    images = exporting.parity_images()[:1]
    with pytest.raises(OrposeError, match=r"onnxruntime does not compute what torch does: .* nothing was written"):
        exporting.export_student(student_checkpoint, tmp_path / "new" / "start", images)
    assert list((tmp_path / "new").iterdir()) == []
    with pytest.raises(OrposeError, match="finds nobody in the images"):
        exporting.export_student(student_checkpoint, tmp_path / "new" / "start", [])


def test_wrong_files_are_refused_in_one_sentence(
    exported_student: Path, student_checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = ("--out", tmp_path / "new")
    assert "exists already" in refused(capsys, student_checkpoint, "--out", exported_student)
    assert "no such file" in refused(capsys, tmp_path / "none.safetensors", *out)
    (tmp_path / "checkpoint.pt").write_bytes(b"no student")
    assert "not a readable student" in refused(capsys, tmp_path / "checkpoint.pt", *out)
    (tmp_path / "other.json").write_text(json.dumps({"method": "none"}))
    assert "not a calibration" in refused(capsys, student_checkpoint, *out, "--calibration", tmp_path / "other.json")
    assert "expected NAME=VALUE" in refused(capsys, student_checkpoint, *out, "--set", "short_side")
    said = refused(capsys, student_checkpoint, *out, "--set", "lifter_hidden=3")
    assert (
        "lifter_hidden cannot be changed at export; short_side, long_side, small_images, glance, max_persons can"
        in said
    )
    assert "short_side: Input should be a valid integer" in refused(
        capsys, student_checkpoint, *out, "--set", "short_side=x"
    )
    assert "--set: max_persons must be above 0, got 0" in refused(
        capsys, student_checkpoint, *out, "--set", "max_persons=0"
    )
    save_student(tmp_path / "paper.safetensors", Student(SMALL), {})
    assert "only light students can be exported" in refused(capsys, tmp_path / "paper.safetensors", *out)
    assert "no such file or folder" in refused(capsys, student_checkpoint, *out, "--images", tmp_path / "none")
    assert not (tmp_path / "new").exists()


def test_an_exported_folder_is_a_model_of_the_other_commands(
    exported_student: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    image, out = tmp_path / "room.png", tmp_path / "out"
    cv2.imwrite(str(image), exporting.parity_images()[0][::4, ::4])
    command = ["predict", str(image), "--out", str(out), "--threads", "1", "--engine", "openvino", "--no-pictures"]
    assert run([*command, "--model", str(exported_student)]) == 0
    info = Predictions.load(out / "predictions.json").info
    assert (info["model"], info["engine"]) == ("start", "openvino")
    assert info["model_sha256"] == sha256(exported_student / "model.json")
    # One that comes with the program is found by its name.
    monkeypatch.setattr(models, "SHIPPED", exported_student.parent)
    assert run([*command, "--model", "start"]) == 0
    assert models.load_model("start", 1).name == "start"
    capsys.readouterr()
    assert run(["models"]) == 0
    assert "start" in capsys.readouterr().out
    with pytest.raises(OrposeError, match="choose one of: start, teacher"):
        models.load_model("nonesuch")
