"""Several cameras: of several real nodes, and of one."""

import signal
from pathlib import Path

import pytest

pytest.importorskip(
    "orpose_msgs.msg._skeleton_info", reason="the ROS packages are not built or not sourced: source tools/ros_env.sh"
)

from orpose_models.messages.pose_messages import poses_from_messages

from support.node_checks import DOMAIN, MODEL, Picture, assert_same, expected, value  # isort: skip
from support.rig import ACTIVATE, CONFIGURE, NodeProcess, Rig, stamp  # isort: skip


def test_two_cameras_in_two_namespaces(rig: Rig, pictures: list[Picture], tmp_path: Path) -> None:
    """The second with the default QoS, started without autostart, and ended by SIGTERM."""
    environment = {"ROS_DOMAIN_ID": str(DOMAIN)}
    process = NodeProcess(tmp_path, environment, namespace="/orpose/right", model=MODEL, threads=1, autostart=False)
    right = Rig(process, DOMAIN, "/orpose/right", reliable=False)
    try:
        assert right.state() == "unconfigured"
        assert right.change_state(CONFIGURE)
        assert right.change_state(ACTIVATE)
        right.wait_ready()
        left_before, right_before = set(rig.poses2d), set(right.poses2d)
        left_stamp = stamp(rig.process_image(pictures[0])[0])

        def answered() -> bool:  # best effort: an image may get lost
            sent = right.send(pictures[1], "right_optical")
            right.wait_briefly(lambda: sent in right.poses2d)
            return sent in right.poses2d

        right.wait(answered, "a result of the right camera")
        assert set(rig.poses2d) - left_before == {left_stamp}
        assert {m.header.frame_id for s, m in right.poses2d.items() if s not in right_before} == {"right_optical"}
        right.send(pictures[1])
        assert process.end(signal.SIGTERM) == 0, process.log
        assert "Traceback" not in process.log
    finally:
        process.kill()
        right.close()


def test_several_cameras_share_one_node(model, pictures: list[Picture], tmp_path: Path) -> None:
    environment = {"ROS_DOMAIN_ID": str(DOMAIN)}
    process = NodeProcess(
        tmp_path,
        environment,
        namespace="/orpose/shared",
        model=MODEL,
        threads=1,
        cameras="left, right",
        image_reliability="reliable",
    )
    rigs = [Rig(process, DOMAIN, "/orpose/shared", camera=camera) for camera in ("left", "right")]
    try:
        for rig in rigs:
            rig.wait_ready()
        for rig, picture, camera in zip(rigs, pictures, ("left", "right"), strict=False):
            poses, _ = poses_from_messages(*rig.process_image(picture))
            assert_same(poses, expected(model, picture).poses)
            assert poses.ids.tolist() == list(range(1, len(poses) + 1))  # nobody of the other camera is counted
            found = str(len(poses))
            status = rig.diagnosed(lambda s, found=found: value(s, "persons") == found, "the persons")
            assert status.hardware_id == f"/orpose/shared/{camera}/image_raw"
            assert value(status, "failed") == "0"
            markers = rig.wait(lambda rig=rig: rig.markers.get(max(rig.poses2d)), "markers")
            assert {m.ns.rsplit("/", 1)[0] for m in markers.markers} == {f"orpose/shared/{camera}"}

        # The left camera sends all the time; the right one's single image is not starved.
        right = rigs[1].send(pictures[0])

        def answered() -> bool:
            rigs[0].send(pictures[0])
            rigs[1].wait_briefly(lambda: right in rigs[1].poses2d)
            return right in rigs[1].poses2d

        rigs[0].wait(answered, "a result of the right camera")
        assert process.end(signal.SIGTERM) == 0, process.log
        assert "Traceback" not in process.log
    finally:
        process.kill()
        for rig in rigs:
            rig.close()
