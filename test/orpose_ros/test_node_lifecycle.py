"""The real node through its states."""

import shutil
import signal
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip(
    "orpose_msgs.msg._skeleton_info", reason="the ROS packages are not built or not sourced: source tools/ros_env.sh"
)

from diagnostic_msgs.msg import DiagnosticStatus

from orpose_models.files.disk import read_json, write_json
from orpose_models.model_format.manifest import MANIFEST, read_manifest
from orpose_models.registry.models import DEFAULT_MODEL, shipped_models
from orpose_models.registry.own_models import install
from orpose_ros.parameters import PARAMETERS

from support.failing_model import write_failing_model  # isort: skip
from support.node_checks import DOMAIN, MODEL, Picture, is_ok  # isort: skip
from support.rig import ACTIVATE, CLEANUP, CONFIGURE, DEACTIVATE, NodeProcess, Rig  # isort: skip


def test_lifecycle(rig: Rig, pictures: list[Picture]) -> None:
    assert rig.state() == "active"
    assert rig.change_state(DEACTIVATE)
    assert rig.state() == "inactive"
    stamp_while_inactive = rig.send(pictures[0])
    status = rig.diagnosed(lambda s: s.message == "inactive", "an inactive node")
    assert is_ok(status)
    assert rig.change_state(ACTIVATE)
    rig.wait_ready()
    assert stamp_while_inactive not in rig.poses2d

    assert rig.change_state(DEACTIVATE)
    assert rig.change_state(CLEANUP)
    assert rig.state() == "unconfigured"
    assert not rig.change_state(ACTIVATE)
    assert rig.change_state(CONFIGURE)
    assert rig.change_state(ACTIVATE)
    rig.wait_ready()


def test_a_model_that_does_not_load_leaves_it_unconfigured_until_mended(rig: Rig, cache: Path) -> None:
    assert rig.change_state(DEACTIVATE)
    assert rig.change_state(CLEANUP)
    assert rig.set(model="nonesuch").successful
    assert not rig.change_state(CONFIGURE)
    assert rig.state() == "unconfigured"
    status = rig.diagnosed(lambda s: s.level == DiagnosticStatus.ERROR, "the reason")
    assert status.message.startswith("not configured: model 'nonesuch' is not known")

    assert rig.set(model=MODEL, engine="openvino-npu").successful
    assert not rig.change_state(CONFIGURE)
    status = rig.diagnosed(lambda s: "openvino-npu" in s.message, "the reason")
    assert "engine 'openvino-npu' cannot be used: there is no Intel NPU" in status.message
    assert rig.set(engine="default").successful

    assert rig.set(cameras="left,left").successful
    assert not rig.change_state(CONFIGURE)
    status = rig.diagnosed(lambda s: "cameras" in s.message, "the reason")
    assert "parameter 'cameras' cannot be 'left,left': every camera needs a name of its own" in status.message
    assert rig.set(cameras="").successful

    for parameter in ("image_topic", "camera_info_topic"):
        assert rig.set(**{parameter: "no name"}).successful
        assert not rig.change_state(CONFIGURE)
        status = rig.diagnosed(lambda s, name=parameter: name in s.message, "the reason")
        assert f"parameter '{parameter}' cannot be 'no name': Invalid topic name" in status.message
        assert rig.set(**{parameter: PARAMETERS[parameter].default}).successful

    file = cache / "movenet-thunder" / "movenet-thunder.bin"
    content = file.read_bytes()
    for damaged, reason in ((content[:-100], "bytes instead of"), (content[:-1] + bytes([content[-1] ^ 1]), "corrupt")):
        file.write_bytes(damaged)
        assert not rig.change_state(CONFIGURE)
        status = rig.diagnosed(lambda s, reason=reason: reason in s.message, "the reason")
        assert status.level == DiagnosticStatus.ERROR
    file.unlink()
    assert not rig.change_state(CONFIGURE)
    status = rig.diagnosed(lambda s: "not there yet" in s.message, "the reason")
    assert "orpose fetch" in status.message
    assert rig.state() == "unconfigured"

    file.write_bytes(content)
    assert rig.change_state(CONFIGURE)
    assert rig.change_state(ACTIVATE)
    rig.wait_ready()


def test_a_device_that_fails_is_the_state_of_errors_and_configure_brings_it_back(tmp_path: Path) -> None:
    model = write_failing_model(shipped_models()["orpose-all-light"], tmp_path / "failing")
    process = NodeProcess(
        tmp_path,
        {"ROS_DOMAIN_ID": str(DOMAIN), "ORPOSE_ENGINES": str(tmp_path / "engines")},
        namespace="/orpose/failing",
        model=str(model),
        engine="openvino-auto",
        threads=1,
        image_reliability="reliable",
    )
    rig = Rig(process, DOMAIN, "/orpose/failing")
    try:
        rig.wait_ready()
        rig.send(np.full((480, 640, 3), 255, np.uint8))
        # Before the node is taken down, it warns of the image that it could not answer.
        status = rig.diagnosed(lambda s: s.message.startswith("not configured: engine"), "the reason")
        assert status.level == DiagnosticStatus.ERROR
        assert "'openvino-auto' (Intel processor, GPU or NPU) failed while it computed" in status.message
        assert rig.state() == "unconfigured"
        assert rig.change_state(CONFIGURE)
        assert rig.change_state(ACTIVATE)
        rig.wait_ready()
        assert process.end(signal.SIGTERM) == 0, process.log
        assert "Traceback" not in process.log
        assert "configure the node again to load the model anew" in process.log
    finally:
        process.kill()
        rig.close()


@pytest.mark.parametrize("given", ["name", "folder"])
def test_a_student_of_ones_own_is_used_by_its_name_and_by_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    made, models = tmp_path / "made", tmp_path / "models"
    shutil.copytree(shipped_models()[DEFAULT_MODEL], made)
    manifest = read_json(made / MANIFEST)
    write_json(made / MANIFEST, {**manifest, "name": "my-room"})
    monkeypatch.setenv("ORPOSE_MODELS", str(models))
    folder = install(made, "my-room")
    process = NodeProcess(
        tmp_path,
        {"ROS_DOMAIN_ID": str(DOMAIN), "ORPOSE_MODELS": str(models)},
        namespace="/orpose/own",
        model="my-room" if given == "name" else str(folder),
        threads=1,
    )
    rig = Rig(process, DOMAIN, "/orpose/own")
    try:
        status = rig.diagnosed(lambda s: any(pair.key == "model" for pair in s.values), "a loaded model")
        known = {pair.key: pair.value for pair in status.values}
        assert (known["model"], known["model sha256"]) == ("my-room", read_manifest(folder)[1])
        rig.wait(lambda: rig.state() == "active", "activation")
        assert process.end(signal.SIGTERM) == 0, process.log
    finally:
        process.kill()
        rig.close()
