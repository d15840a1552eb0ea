"""Parameters of the real node, changed while it runs."""

import pytest

pytest.importorskip(
    "orpose_msgs.msg._skeleton_info", reason="the ROS packages are not built or not sourced: source tools/ros_env.sh"
)

from orpose_models.messages.pose_messages import poses_from_messages
from orpose_ros.parameters import PARAMETERS

from support.node_checks import Picture, assert_same, expected, value  # isort: skip
from support.rig import Rig, stamp  # isort: skip


def test_downsampling_changes_while_running(rig: Rig, model, pictures: list[Picture]) -> None:
    assert rig.set(downsample=4.0).successful
    poses2d, poses3d = rig.process_image(pictures[0])
    poses, resolution = poses_from_messages(poses2d, poses3d)
    assert (resolution.full, resolution.seen, resolution.factor) == ((360, 640), (90, 160), 4.0)
    assert_same(poses, expected(model, pictures[0], downsample=4.0).poses)
    overlay = rig.wait(lambda: rig.overlays.get(stamp(poses2d)), "an overlay")
    assert (overlay.width, overlay.height, overlay.encoding, overlay.header) == (90, 160, "bgr8", poses2d.header)

    for refused, reason in ((13.0, "out of range"), (0.5, "out of range")):
        result = rig.set(downsample=refused)
        assert not result.successful
        assert reason in result.reason
    assert rig.get_double("downsample") == 4.0
    assert rig.set(downsample=1).successful  # a whole number is meant as a double
    assert rig.process_image(pictures[0])[0].seen_width == 360


def test_fixed_parameters_are_refused_while_configured(rig: Rig) -> None:
    for change in ({"max_input_pixels": 100}, {"model": "teacher"}, {"image_topic": "elsewhere"}):
        result = rig.set(**change)
        assert not result.successful
        assert "is read when the node is configured: clean the node up first" in result.reason
    result = rig.set(score_threshold="high")
    assert not result.successful


def test_thresholds_act_at_once(rig: Rig, model, pictures: list[Picture]) -> None:
    assert rig.set(max_persons=1).successful
    assert len(rig.process_image(pictures[0])[0].persons) == 1
    assert rig.set(max_persons=20, score_threshold=1.0).successful
    assert len(rig.process_image(pictures[0])[0].persons) == 0
    assert rig.set(score_threshold=PARAMETERS["score_threshold"].default).successful


def test_the_privacy_guard_reduces_first_and_says_so(rig: Rig, model, pictures: list[Picture]) -> None:
    rig.reconfigure(max_input_pixels=5000)
    rig.wait_answered()
    poses2d, poses3d = rig.process_image(pictures[0])
    wanted = expected(model, pictures[0], max_input_pixels=5000)
    assert poses2d.seen_width * poses2d.seen_height <= 5000
    assert_same(poses_from_messages(poses2d, poses3d)[0], wanted.poses)
    overlay = rig.wait(lambda: rig.overlays.get(stamp(poses2d)), "an overlay")
    assert (overlay.width, overlay.height) == wanted.resolution.seen
    status = rig.diagnosed(lambda s: value(s, "image size") == "360 x 640", "the sizes")
    assert value(status, "pixels fed") == str(wanted.resolution.pixels)
    assert value(status, "privacy guard").startswith("at most 5000 pixels of an image are used; frames of 360 x 640")
    assert "at most 5000 pixels by the privacy guard" in rig.program.log
    rig.reconfigure(max_input_pixels=0)


def test_overlay_can_be_switched_off(rig: Rig, pictures: list[Picture]) -> None:
    assert rig.set(publish_overlay=False).successful
    rig.process_image(pictures[0])
    last = max(rig.poses2d)
    assert rig.set(publish_overlay=True).successful
    after = stamp(rig.process_image(pictures[0])[0])
    rig.wait(lambda: after in rig.overlays, "an overlay")
    assert last not in rig.overlays
