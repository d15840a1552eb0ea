"""Cameras that come, go, stall, change the size of their images, send damaged ones and lie about stamps."""

import random
import time
from array import array
from collections import Counter
from typing import Any

import cv2
import numpy as np
from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CameraInfo, Image

from orpose_models.messages.camera_info import camera_info_message
from orpose_models.messages.fields import make_header, stamp_of
from orpose_models.vocabulary.cameras import Camera
from orpose_ros.message_types import message_class

NAMESPACE = "/orpose_soak"
_SIZES = ((320, 240), (640, 480), (480, 640), (64, 48))
_FAR = 4_000_000_000 * 10**9  # nanoseconds; a stamp's seconds are 32 bits with a sign
_STAMPS = ("zero", "far ahead", "a minute back", "repeated", "negative")
_DAMAGES = ("too few bytes", "an unknown encoding", "no pixels", "a wrong step")


class Eye:
    """One camera: what it does next is drawn from its own random numbers.

    Attributes:
        sent: stamps of the images that were published, and how many of each kind.
        poses: how many poses came; `strange` of those bear no stamp that was sent.
    """

    def __init__(self, node: Node, name: str, pictures: list[np.ndarray], seed: str, rate: float) -> None:
        self.name, self._node, self._pictures, self._rate = name, node, pictures, rate
        self._rng = random.Random(seed)
        self._prefix = f"{NAMESPACE}/{name}"
        self._publishers: tuple[Publisher, Publisher] | None = None
        self._size, self._state, self._until, self._next, self._last = _SIZES[0], "gone", 0.0, 0.0, 0
        self.stamps: set[int] = set()
        self.sent: Counter[str] = Counter()
        self.poses = self.strange = 0
        node.create_subscription(
            message_class("orpose_msgs/msg/PersonPose3DArray"), f"{self._prefix}/poses3d", self._on, 50
        )

    def act(self, now: float) -> None:
        """Do what is due."""
        if now >= self._until:
            self._begin(now)
        if self._state == "sends" and now >= self._next:
            self._next = now + 1 / self._rate
            self.send()

    def _begin(self, now: float) -> None:
        rng = self._rng
        self._state = rng.choice(("sends", "sends", "sends", "stalls", "gone"))
        self._until = now + rng.uniform(1, 20)
        if rng.random() < 0.4:
            self._size = rng.choice(_SIZES)
            self.sent["changes of size"] += 1
        if self._state == "gone":
            self.go()
            self.sent["times gone"] += 1
        else:
            self.come()
            self.sent["times stalled"] += self._state == "stalls"

    def come(self) -> None:
        """Have publishers."""
        if self._publishers is None:
            qos = QoSProfile(depth=5, reliability=ReliabilityPolicy.RELIABLE)
            create = self._node.create_publisher
            self._publishers = (
                create(Image, f"{self._prefix}/image_raw", qos),
                create(CameraInfo, f"{self._prefix}/camera_info", qos),
            )

    def go(self) -> None:
        """Have none."""
        for publisher in self._publishers or ():
            self._node.destroy_publisher(publisher)
        self._publishers = None

    def send(self, honest: bool = False) -> None:
        """Publish an image and its intrinsics; either may be wrong unless `honest`."""
        rng, kind = self._rng, "good images"
        image = cv2.resize(rng.choice(self._pictures), _SIZES[0] if honest else self._size)
        height, width = image.shape[:2]
        message = Image(height=height, width=width, encoding="bgr8", step=3 * width, data=array("B", image.tobytes()))
        stamp = time.time_ns()
        if not honest and rng.random() < 0.1:
            kind = rng.choice(_STAMPS)
            stamp = {"zero": 0, "far ahead": _FAR, "a minute back": stamp - 60 * 10**9, "repeated": self._last}.get(
                kind, -(10**9)
            )
            kind = f"stamp: {kind}"
        elif not honest and rng.random() < 0.1:
            kind = rng.choice(_DAMAGES)
            _damage(message, kind)
            kind = f"damaged: {kind}"
        self._last = stamp
        message.header.frame_id = self.name
        seconds, nanoseconds = divmod(stamp, 10**9)
        message.header.stamp.sec, message.header.stamp.nanosec = min(seconds, 2**31 - 1), nanoseconds
        self.stamps.add(stamp_of(message.header))
        self.sent[kind] += 1
        camera = Camera(width, height, width, width, width / 2, height / 2)
        info = camera_info_message(
            camera, make_header(stamp_of(message.header), self.name, message_class), message_class
        )
        if not honest and rng.random() < 0.02:
            info.k[0] = float("nan")
        assert self._publishers is not None
        images, infos = self._publishers
        infos.publish(info)
        images.publish(message)

    def _on(self, message: Any) -> None:
        self.poses += 1
        self.strange += stamp_of(message.header) not in self.stamps


def _damage(message: Image, kind: str) -> None:
    if kind == "too few bytes":
        message.data = message.data[: len(message.data) // 2]
    elif kind == "an unknown encoding":
        message.encoding = "mono7"
    elif kind == "no pixels":
        message.height = message.width = message.step = 0
        message.data = array("B")
    else:
        message.step = 1
