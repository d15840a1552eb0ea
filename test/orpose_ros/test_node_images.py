"""Images in, poses out: the real node in its own process, with the real model, over real DDS."""

import pytest

pytest.importorskip(
    "orpose_msgs.msg._skeleton_info", reason="the ROS packages are not built or not sourced: source tools/ros_env.sh"
)

import cv2
import numpy as np
from diagnostic_msgs.msg import DiagnosticStatus
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from orpose_models.messages.camera_info import camera_info_message
from orpose_models.messages.compressed_images import bgr_to_compressed
from orpose_models.messages.fields import make_header
from orpose_models.messages.images import image_to_bgr
from orpose_models.messages.pose_messages import poses_from_messages
from orpose_models.tracking.tracker import Tracker
from orpose_models.vocabulary.cameras import Camera
from orpose_models.vocabulary.poses import Poses
from orpose_ros.message_types import message_class

from support.node_checks import Picture, assert_same, expected, is_ok, value  # isort: skip
from support.rig import Rig, image_message, stamp  # isort: skip


def test_poses_equal_the_pipelines_and_ids_last(rig: Rig, model, pictures: list[Picture]) -> None:
    rig.reconfigure()  # a new tracker
    rig.wait_answered()
    tracker = Tracker(smoothing=False)
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
    publisher = rig.node.create_publisher(CompressedImage, "image_raw/compressed", rig.camera.quality)
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
    skipped_before = rig.program.log.count("an image is skipped: image message:")
    for number, (reason, message) in enumerate(bad.items(), start=1):
        rig.send(message)
        status = rig.diagnosed(lambda s, n=number: value(s, "bad messages") == str(n), "a bad message")
        assert status.level == DiagnosticStatus.WARN
        assert reason in status.message
        rig.process_image(good)
    told = rig.program.log.count("an image is skipped: image message:") - skipped_before
    assert 1 <= told <= len(bad)
