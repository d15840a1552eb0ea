"""What else the real node publishes: markers, description, diagnostics."""

import pytest

pytest.importorskip(
    "orpose_msgs.msg._skeleton_info", reason="the ROS packages are not built or not sourced: source tools/ros_env.sh"
)

import numpy as np
from diagnostic_msgs.msg import DiagnosticStatus
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import Image

from orpose_models.vocabulary.skeletons import COCO17, H36M17
from orpose_msgs.msg import SkeletonInfo

from support.node_checks import Picture, expected, is_ok, value  # isort: skip
from support.rig import Rig, stamp  # isort: skip


def test_markers_of_everybody(rig: Rig, pictures: list[Picture]) -> None:
    assert rig.set(marker_boxes=True).successful
    poses2d, _ = rig.process_image(pictures[0])
    message = rig.wait(lambda: rig.markers.get(stamp(poses2d)), "markers")
    assert rig.set(marker_boxes=False).successful
    boxes = [m for m in message.markers if m.ns == "orpose/boxes"]
    assert sorted(m.id for m in boxes) == sorted(person.id for person in poses2d.persons)
    assert {m.ns for m in message.markers} == {f"orpose/{part}" for part in ("joints", "bones", "ids", "boxes")}
    assert all(m.header == poses2d.header for m in message.markers)


def test_the_description_waits_for_late_subscribers(rig: Rig, model) -> None:
    received: list[SkeletonInfo] = []
    latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
    subscription = rig.node.create_subscription(SkeletonInfo, "skeleton_info", received.append, latched)
    info = rig.wait(lambda: received and received[0], "the description")
    rig.node.destroy_subscription(subscription)
    assert (tuple(info.joints2d), tuple(info.joints3d)) == (COCO17.joints, H36M17.joints)
    assert (info.model, info.model_sha256, info.engine) == (model.name, model.sha256, model.engine)


def test_diagnostics_of_a_running_node(rig: Rig, model, pictures: list[Picture]) -> None:
    for _ in range(3):
        rig.process_image(pictures[0])
    status = rig.diagnosed(is_ok, "an OK")
    assert status.message.endswith(f"Hz out, {len(expected(model, pictures[0]).poses)} persons")
    assert (value(status, "model"), value(status, "model sha256")) == (model.name, model.sha256)
    assert float(value(status, "latency from arrival p50 (ms)")) > 0
    assert value(status, "latency from stamp p50 (ms)") == "the stamps are not of this clock"


def test_a_camera_stops_and_returns(rig: Rig) -> None:
    picture = np.zeros((48, 64, 3), np.uint8)
    rig.process_image(picture)
    status = rig.diagnosed(lambda s: s.level == DiagnosticStatus.ERROR, "a stalled camera")
    assert status.message.startswith("no image for 1.")
    assert status.message.endswith("s on /orpose/image_raw")
    rig.diagnosed(is_ok, "a camera that is back", meanwhile=lambda: rig.process_image(picture))
    assert "images are coming again" in rig.program.log


def test_incompatible_qos_is_told(rig: Rig) -> None:
    quality = QoSProfile(depth=5, reliability=ReliabilityPolicy.BEST_EFFORT)
    publisher = rig.node.create_publisher(Image, "image_raw", quality)
    picture = np.zeros((48, 64, 3), np.uint8)
    status = rig.diagnosed(lambda s: "QoS" in s.message, "a QoS problem", meanwhile=lambda: rig.process_image(picture))
    rig.node.destroy_publisher(publisher)
    assert "publisher offers incompatible QoS or type on /orpose/image_raw: " in status.message
    assert "best effort publisher" in status.message
    rig.diagnosed(is_ok, "the end of the problem", meanwhile=lambda: rig.process_image(picture))
