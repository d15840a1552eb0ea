"""The real node through its states."""

from pathlib import Path

import pytest

pytest.importorskip(
    "orpose_msgs.msg._skeleton_info", reason="the ROS packages are not built or not sourced: source tools/ros_env.sh"
)

from diagnostic_msgs.msg import DiagnosticStatus

from orpose_ros.parameters import PARAMETERS

from support.node_checks import MODEL, Picture, is_ok  # isort: skip
from support.rig import ACTIVATE, CLEANUP, CONFIGURE, DEACTIVATE, Rig  # isort: skip


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
