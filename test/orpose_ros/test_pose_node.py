"""The real node in its own process, with the real model, over real DDS."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip(
    "orpose_msgs.msg._skeleton_info", reason="the ROS packages are not built or not sourced: source tools/ros_env.sh"
)

from diagnostic_msgs.msg import DiagnosticStatus
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from orpose_models.datasets.camera_file import View
from orpose_models.files.assets import asset
from orpose_models.messages.camera_info import camera_info_message
from orpose_models.messages.compressed_images import bgr_to_compressed
from orpose_models.messages.fields import make_header
from orpose_models.messages.images import image_to_bgr
from orpose_models.messages.poses import poses_from_messages
from orpose_models.registry.models import load_model
from orpose_models.runtime.pipeline import Pipeline, Result
from orpose_models.runtime.tracking import Tracker
from orpose_models.vocabulary.cameras import Camera
from orpose_models.vocabulary.poses import Poses
from orpose_models.vocabulary.skeletons import COCO17, H36M17
from orpose_msgs.msg import SkeletonInfo
from orpose_ros.message_types import message_class
from orpose_ros.parameters import PARAMETERS

from support.rig import ACTIVATE, CLEANUP, CONFIGURE, DEACTIVATE, LIMIT, NodeProcess, Rig, image_message, stamp  # isort: skip

DOMAIN = 83
MODEL = "teacher-fast"
WEIGHTS = ("movenet-multipose", "movenet-thunder")
Picture = NDArray[np.uint8]


@pytest.fixture(scope="module")
def pictures() -> list[Picture]:
    """Successive pictures of several people, 360 x 640."""
    video = cv2.VideoCapture(str(asset("multiperson") / "cam01.mp4"))
    frames = []
    for _ in range(3):
        done, frame = video.read()
        assert done
        frames.append(cv2.resize(frame, (360, 640), interpolation=cv2.INTER_AREA))
    return frames


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the model's weights, to be damaged and mended."""
    folder = tmp_path_factory.mktemp("cache")
    for name in WEIGHTS:
        shutil.copytree(asset(name), folder / name)
    return folder


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Iterator[Rig]:
    """One node for all tests; each leaves it active with the parameters it found."""
    environment = {"ROS_DOMAIN_ID": str(DOMAIN), "ORPOSE_CACHE": str(cache)}
    process = NodeProcess(
        tmp_path_factory.mktemp("node"), environment, model=MODEL, threads=1, image_reliability="reliable"
    )
    rig = Rig(process, DOMAIN)
    try:
        rig.wait_ready()
        yield rig
        # Told to stop while it works.
        rig.send(np.zeros((480, 640, 3), np.uint8))
        assert process.end(signal.SIGINT) == 0, process.log
        assert "Traceback" not in process.log
    finally:
        process.kill()
        rig.close()


@pytest.fixture(scope="module")
def model():
    return load_model(MODEL, threads=1)


def expected(model, picture: Picture, camera: Camera | None = None, **settings) -> Result:
    """What the pipeline makes of a picture with the node's defaults."""
    defaults = {
        "score_threshold": PARAMETERS["score_threshold"].default,
        "max_persons": PARAMETERS["max_persons"].default,
    }
    pipeline = Pipeline(model, **(defaults | settings))
    return pipeline.process(picture, View(camera).camera((picture.shape[1], picture.shape[0])))


def assert_same(actual: Poses, wanted: Poses, roots: bool = False) -> None:
    assert len(actual) == len(wanted)
    for name in ("boxes", "box_scores", "keypoints", "keypoint_scores", "scores_hard", "scores_soft", "joints3d"):
        np.testing.assert_array_equal(getattr(actual, name), getattr(wanted, name), err_msg=name)
    if roots:
        np.testing.assert_array_equal(actual.root, wanted.root)
        np.testing.assert_array_equal(actual.root_std, wanted.root_std)
    else:
        assert np.isnan(actual.root).all()
        assert np.isnan(actual.root_std).all()


def value(status: DiagnosticStatus, key: str) -> str:
    return next(pair.value for pair in status.values if pair.key == key)


def is_ok(status: DiagnosticStatus) -> bool:
    return status.level == DiagnosticStatus.OK


def test_poses_equal_the_pipelines_and_ids_last(rig: Rig, model, pictures: list[Picture]) -> None:
    rig.reconfigure()  # a new tracker
    tracker = Tracker()
    for picture in pictures:
        poses2d, poses3d = rig.process_image(picture)
        poses, resolution = poses_from_messages(poses2d, poses3d)
        wanted = expected(model, picture)
        assert len(wanted.poses) > 0
        assert_same(poses, wanted.poses)
        assert resolution == wanted.resolution
        np.testing.assert_array_equal(poses.ids, tracker.update(wanted.poses, stamp(poses2d) * 1e-9).ids)
        assert poses3d.header == poses2d.header
        assert poses2d.header.frame_id == "camera_optical"


def test_with_intrinsics_persons_have_positions(rig: Rig, model, pictures: list[Picture]) -> None:
    camera = Camera(360, 640, 500.0, 510.0, 180.5, 319.0, (0.05, -0.02, 0.001, 0.0))
    # camera_info is best effort: repeated until it is in use.
    info = camera_info_message(camera, make_header(0, "camera_optical", message_class), message_class)

    def send_both(message: CameraInfo) -> None:
        rig.send_info(message)
        rig.process_image(pictures[0])

    rig.diagnosed(lambda s: value(s, "intrinsics") == "calibrated", "use of the intrinsics", lambda: send_both(info))
    poses, _ = poses_from_messages(*rig.process_image(pictures[1]))
    wanted = expected(model, pictures[1], camera).poses
    assert np.isfinite(wanted.root).any()
    assert_same(poses, wanted, roots=True)

    # Intrinsics of another shape are not used, and the diagnostics say so.
    low = pictures[1][:200]
    status = rig.diagnosed(
        lambda s: s.level == DiagnosticStatus.WARN, "a warning", meanwhile=lambda: rig.process_image(low)
    )
    assert "intrinsics not used: intrinsics for 360 x 640 pixels do not fit an image of 360 x 200" in status.message
    poses, _ = poses_from_messages(*rig.process_image(low))
    assert np.isnan(poses.root).all()

    # An uncalibrated camera says so with zeros.
    rig.diagnosed(
        lambda s: value(s, "intrinsics") != "calibrated" and is_ok(s),
        "an uncalibrated camera",
        meanwhile=lambda: send_both(CameraInfo(width=360, height=640)),
    )
    poses, _ = poses_from_messages(*rig.process_image(pictures[0]))
    assert np.isnan(poses.root).all()


def encodings(picture: Picture) -> dict[str, Image]:
    """The picture in every family of encodings, some with row padding or other endianness."""
    grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    i420 = cv2.cvtColor(picture, cv2.COLOR_BGR2YUV_I420)
    height, width = grey.shape
    chroma = i420[height:].reshape(2, -1)
    planes = {"nv12": chroma, "nv21": chroma[::-1]}
    uyvy = np.stack([np.where(np.arange(width) % 2, 120, 136) + np.zeros_like(grey), grey], axis=-1)
    bayer = picture[..., 1].copy()
    bayer[::2, ::2], bayer[1::2, 1::2] = picture[::2, ::2, 2], picture[1::2, 1::2, 0]
    return {
        "bgr8": image_message(picture, padding=13),
        "8UC3": image_message(picture, "8UC3"),
        "rgb8": image_message(picture[..., ::-1], "rgb8"),
        "bgra8": image_message(cv2.cvtColor(picture, cv2.COLOR_BGR2BGRA), "bgra8"),
        "rgba8": image_message(cv2.cvtColor(picture, cv2.COLOR_BGR2RGBA), "rgba8", padding=4),
        "mono8": image_message(grey, "mono8"),
        "8UC1": image_message(grey, "8UC1"),
        "mono16": image_message(grey.astype(np.uint16) * 257, "mono16", bigendian=True),
        "yuv422": image_message(uyvy.astype(np.uint8), "yuv422"),
        "yuyv": image_message(uyvy[..., ::-1].astype(np.uint8), "yuyv", padding=2),
        **{
            name: image_message(np.vstack([grey, plane.T.reshape(height // 2, width)]), name)
            for name, plane in planes.items()
        },
        "bayer_rggb8": image_message(bayer, "bayer_rggb8"),
        "bayer_rggb16": image_message(bayer.astype(np.uint16) * 257, "bayer_rggb16"),
    }


def test_every_encoding(rig: Rig, model, pictures: list[Picture]) -> None:
    wanted: dict[bytes, Poses] = {}  # several encodings give the very same picture
    for name, message in encodings(pictures[0]).items():
        poses, _ = poses_from_messages(*rig.process_image(message))
        picture = image_to_bgr(message)
        if picture.tobytes() not in wanted:
            wanted[picture.tobytes()] = expected(model, picture).poses
        assert len(poses) > 0, name
        assert_same(poses, wanted[picture.tobytes()])


def test_compressed_images_and_cut_ones(rig: Rig, model, pictures: list[Picture]) -> None:
    rig.reconfigure(compressed=True)
    publisher = rig.node.create_publisher(CompressedImage, "image_raw/compressed", rig.image_qos)
    rig.wait(lambda: publisher.get_subscription_count() > 0, "a subscription to compressed images")
    message = bgr_to_compressed(pictures[0], make_header(0, "", message_class), message_class)
    wanted = expected(model, cv2.imdecode(np.frombuffer(message.data, np.uint8), cv2.IMREAD_COLOR)).poses
    sent = rig.give_stamp(message)
    publisher.publish(message)
    rig.wait(lambda: sent in rig.poses2d and sent in rig.poses3d, "poses of a compressed image")
    assert_same(poses_from_messages(rig.poses2d[sent], rig.poses3d[sent])[0], wanted)

    message.data = message.data[: len(message.data) // 2]
    publisher.publish(message)
    status = rig.diagnosed(lambda s: value(s, "bad messages") == "1", "a bad message")
    assert "the JPEG is cut short" in status.message
    rig.node.destroy_publisher(publisher)
    rig.reconfigure(compressed=False)
    rig.wait_ready()


def test_bad_messages_are_counted_told_and_skipped(rig: Rig) -> None:
    rig.reconfigure()
    rig.wait_ready()
    good = np.zeros((48, 64, 3), np.uint8)
    bad = {
        "encoding 'foo9' is not supported": image_message(good),
        "needs rows of 192 bytes, but step is 10": image_message(good),
        "the size is 0 x 48": image_message(good),
        "needs 9216 bytes, got 9215": image_message(good),
        "needs 9216 bytes, got 18432": image_message(good),
    }
    encoding, step, size, cut, long = bad.values()
    encoding.encoding = "foo9"
    step.step = 10
    size.width = 0
    cut.data = cut.data[:-1]
    long.data = long.data * 2
    skipped_before = rig.process.log.count("an image is skipped: image message:")
    for number, (reason, message) in enumerate(bad.items(), start=1):
        rig.send(message)
        status = rig.diagnosed(lambda s, n=number: value(s, "bad messages") == str(n), "a bad message")
        assert status.level == DiagnosticStatus.WARN
        assert reason in status.message
        rig.process_image(good)
    told = rig.process.log.count("an image is skipped: image message:") - skipped_before
    assert 1 <= told <= len(bad)


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
    poses2d, poses3d = rig.process_image(pictures[0])
    wanted = expected(model, pictures[0], max_input_pixels=5000)
    assert poses2d.seen_width * poses2d.seen_height <= 5000
    assert_same(poses_from_messages(poses2d, poses3d)[0], wanted.poses)
    overlay = rig.wait(lambda: rig.overlays.get(stamp(poses2d)), "an overlay")
    assert (overlay.width, overlay.height) == wanted.resolution.seen
    status = rig.diagnosed(lambda s: value(s, "image size") == "360 x 640", "the sizes")
    assert value(status, "pixels fed") == str(wanted.resolution.pixels)
    assert value(status, "privacy guard").startswith("at most 5000 pixels of an image are used; frames of 360 x 640")
    assert "at most 5000 pixels by the privacy guard" in rig.process.log
    rig.reconfigure(max_input_pixels=0)


def test_overlay_can_be_switched_off(rig: Rig, pictures: list[Picture]) -> None:
    assert rig.set(publish_overlay=False).successful
    rig.process_image(pictures[0])
    last = max(rig.poses2d)
    assert rig.set(publish_overlay=True).successful
    after = stamp(rig.process_image(pictures[0])[0])
    rig.wait(lambda: after in rig.overlays, "an overlay")
    assert last not in rig.overlays


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
    assert "images are coming again" in rig.process.log


def test_incompatible_qos_is_told(rig: Rig) -> None:
    quality = QoSProfile(depth=5, reliability=ReliabilityPolicy.BEST_EFFORT)
    publisher = rig.node.create_publisher(Image, "image_raw", quality)
    picture = np.zeros((48, 64, 3), np.uint8)
    status = rig.diagnosed(lambda s: "QoS" in s.message, "a QoS problem", meanwhile=lambda: rig.process_image(picture))
    rig.node.destroy_publisher(publisher)
    assert "publisher offers incompatible QoS or type on /orpose/image_raw: " in status.message
    assert "best effort publisher" in status.message
    rig.diagnosed(is_ok, "the end of the problem", meanwhile=lambda: rig.process_image(picture))


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

    assert rig.set(model=MODEL, engine="openvino").successful
    assert not rig.change_state(CONFIGURE)
    status = rig.diagnosed(lambda s: "openvino" in s.message, "the reason")
    assert f"model '{MODEL}' runs on onnxruntime, not on openvino" in status.message
    assert rig.set(engine="auto").successful

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


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_it_starts_ends_it_well(number: signal.Signals, tmp_path: Path) -> None:
    process = NodeProcess(tmp_path, {"ROS_DOMAIN_ID": str(DOMAIN)})
    maps = Path(f"/proc/{process.process.pid}/maps")
    end = time.monotonic() + LIMIT
    # rclpy is being imported
    while "librcl" not in maps.read_text() and time.monotonic() < end:
        time.sleep(0.01)
    assert process.end(number) == 0, process.log
    assert process.log == ""


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["-p", "downsample:=40.0"], "out of range"),
        (["-p", "downsample:=true"], "DOUBLE"),
        (["-p", "image_reliability:=maybe"], "must be one of"),
        (["--params-file", "nowhere.yaml"], "parameter file nowhere.yaml: no such file or directory"),
        (["-p", "max_input_pixel:=2000"], "there is no parameter 'max_input_pixel'; is 'max_input_pixels' meant?"),
        (
            ["-p", "model:=nonesuch", "-p", "end_if_unconfigured:=true"],
            "did not become active: model 'nonesuch' is",
        ),
        (["--log-level", "loud"], "ROS cannot be started: "),
    ],
)
def test_a_bad_start_ends_the_node_with_the_reason(arguments: list[str], reason: str, tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "orpose_ros.pose_node", "--ros-args", *arguments],
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
        env={**os.environ, "ROS_DOMAIN_ID": str(DOMAIN), "ROS_LOG_DIR": str(tmp_path)},
    )
    assert ended.returncode == 2
    assert ended.stderr.splitlines()[-1].startswith("error: ")
    assert reason in ended.stderr
    assert "Traceback" not in ended.stderr


def test_what_is_given_for_a_parameter_that_there_is_not_is_told(tmp_path: Path) -> None:
    given = {"frame_rate": 30, "downsample": 4, "use_sim_time": False, "autostart": False}
    process = NodeProcess(tmp_path, {"ROS_DOMAIN_ID": str(DOMAIN)}, **given)
    try:
        end = time.monotonic() + LIMIT
        while "is ignored" not in process.log and process.process.poll() is None and time.monotonic() < end:
            time.sleep(0.05)
        assert process.end(signal.SIGINT) == 0, process.log
        told = [line.partition("]: ")[2] for line in process.log.splitlines()]
        assert told == ["there is no parameter 'frame_rate', it is ignored"]
    finally:
        process.kill()
