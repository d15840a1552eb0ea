import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orpose_models.datasets.bags.reader import open_bag
from orpose_models.datasets.bags.types import message_class, typestore
from orpose_models.datasets.bags.writer import new_bag
from orpose_models.messages.fields import make_header, stamp_of
from orpose_models.messages.images import bgr_to_image

pytest.importorskip("rclpy", reason="ROS is not in this environment (make build; source tools/ros_env.sh)")

import rclpy
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile
from sensor_msgs.msg import Image
from std_msgs.msg import String

from orpose_ros.tools.bag_player import restamped

DOMAIN = 71
STEP = 50_000_000


@pytest.fixture
def bag(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    with new_bag(tmp_path / "bag") as writer:
        writer.add_topic("/image", "sensor_msgs/msg/Image")
        writer.add_topic("/name", "std_msgs/msg/String", transient_local=True)
        writer.write("/name", message_class("std_msgs/msg/String")("ceiling"), 0)
        for i in range(10):
            header = make_header(i * STEP, "camera", message_class)
            image = rng.integers(0, 256, (240, 320, 3), np.uint8)
            writer.write("/image", bgr_to_image(image, header, message_class), i * STEP)
    return tmp_path / "bag"


class Listener:
    """Collects what arrives on one topic: bytes, and when."""

    def __init__(self, topic: str, kind: Any = Image, latched: bool = False) -> None:
        self.received: list[tuple[float, bytes]] = []
        self._context = Context()
        rclpy.init(args=[], context=self._context, domain_id=DOMAIN)
        self._node = Node("listener", context=self._context)
        durability = DurabilityPolicy.TRANSIENT_LOCAL if latched else DurabilityPolicy.VOLATILE
        self._node.create_subscription(kind, topic, self._take, QoSProfile(depth=50, durability=durability), raw=True)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self._node)

    def _take(self, data: bytes) -> None:
        self.received.append((time.monotonic(), data))

    def spin(self, player: "subprocess.Popen[str]", enough: int | None = None) -> None:
        """Listen until the player ends, or enough has arrived."""
        end = time.monotonic() + 60
        while player.poll() is None and (enough is None or len(self.received) < enough):
            self._executor.spin_once(timeout_sec=0.05)
            assert time.monotonic() < end
        for _ in range(20):
            self._executor.spin_once(timeout_sec=0.01)

    def close(self) -> None:
        self._executor.shutdown()
        self._node.destroy_node()
        rclpy.shutdown(context=self._context)


@pytest.fixture
def listener(request: pytest.FixtureRequest) -> Iterator[Listener]:
    made = Listener(*getattr(request, "param", ("/image",)))
    yield made
    made.close()


def play(bag: Path, *options: str) -> "subprocess.Popen[str]":
    code = "from orpose_ros.tools.command import main; main()"
    command = [sys.executable, "-c", code, "bag", "play", str(bag), *options]
    return subprocess.Popen(
        command,
        env={**os.environ, "ROS_DOMAIN_ID": str(DOMAIN)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        # A shell's background job ignores SIGINT, and so would its children.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )


def output(player: "subprocess.Popen[str]") -> str:
    return player.communicate(timeout=30)[0]


def test_every_byte_arrives_at_its_time(bag: Path, listener: Listener) -> None:
    player = play(bag, "--wait", "20", "--rate", "0.5")
    listener.spin(player)
    text = output(player)
    assert player.returncode == 0, text
    assert "11 messages" in text
    assert [data for _, data in listener.received] == [message.data for message in open_bag(bag).messages(["/image"])]
    # Half as fast as recorded, 9 intervals of 50 ms take 0.9 s; never less, save for the delivery's own delay.
    times = [at for at, _ in listener.received]
    assert times[-1] - times[0] > 0.8


@pytest.mark.parametrize("listener", [("/name", String, True)], indirect=True)
def test_a_latched_topic_stays_latched(bag: Path, listener: Listener) -> None:
    # Without waiting: the message is sent before the subscriber is found. The player is still there then.
    player = play(bag, "--rate", "0.01")
    listener.spin(player, enough=1)
    player.send_signal(signal.SIGINT)
    assert "interrupted" in output(player)
    assert player.returncode == 0
    assert len(listener.received) == 1


def test_an_impossible_name_is_explained(bag: Path) -> None:
    player = play(bag, "--remap", "/image:=no name")
    text = output(player)
    assert player.returncode == 2, text
    assert "error: topic 'no name' cannot be published: Invalid topic name" in text


@pytest.mark.parametrize("listener", [("/elsewhere",)], indirect=True)
def test_remapped_filtered_and_restamped(bag: Path, listener: Listener) -> None:
    before = time.time_ns()
    player = play(bag, "--topic", "/image", "--remap", "/image:=/elsewhere", "--restamp", "--wait", "20")
    listener.spin(player)
    text = output(player)
    assert "10 messages" in text, text
    images = [typestore().deserialize_cdr(data, "sensor_msgs/msg/Image") for _, data in listener.received]
    stamps = [stamp_of(image.header) for image in images]
    assert len(stamps) == 10
    assert before < stamps[0] < stamps[-1] < time.time_ns()
    assert stamps == sorted(stamps)


def test_a_loop_goes_on_until_interrupted(bag: Path, listener: Listener) -> None:
    player = play(bag, "--loop", "--rate", "20", "--wait", "20")
    listener.spin(player, enough=25)
    player.send_signal(signal.SIGINT)
    text = output(player)
    assert player.returncode == 0, text
    assert "interrupted" in text
    assert len(listener.received) >= 25


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--topic", "/nope"], "no topic /nope; topics are: /image, /name"),
        (["--remap", "/nope:=/x"], "no topic /nope"),
        (["--remap", "/image"], "is not of the form FROM:=TO"),
    ],
)
def test_mistakes_are_told(bag: Path, options: list[str], reason: str) -> None:
    player = play(bag, *options)
    assert reason in " ".join(output(player).split())
    assert player.returncode == 2


def test_a_type_that_is_not_installed_is_left_out(bag: Path, tmp_path: Path) -> None:
    path = tmp_path / "foreign"
    with new_bag(path) as writer:
        writer.add_topic("/name", "std_msgs/msg/String")
        writer.add_topic("/odd", "stereo_msgs/msg/DisparityImage")
        writer.write("/name", message_class("std_msgs/msg/String")("ceiling"), 0)
    player = play(path)
    text = output(player)
    assert player.returncode == 0, text
    assert "/odd is left out: message type stereo_msgs/msg/DisparityImage is not installed" in text
    assert "1 messages" in text


def test_without_ros_it_says_what_to_do(bag: Path) -> None:
    code = "import sys; sys.modules['rclpy'] = None; from orpose_ros.tools.command import main; main()"
    command = [sys.executable, "-c", code, "bag", "play", str(bag)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "playing needs ROS 2" in done.stderr


@given(st.integers(0, 2**31 * 10**9 - 1), st.booleans())
def test_restamping_changes_nothing_but_the_stamp(stamp: int, little: bool) -> None:
    name = "std_msgs/msg/Header"
    data = bytes(typestore().serialize_cdr(make_header(5, "camera", message_class), name, little_endian=little))
    header = typestore().deserialize_cdr(restamped(data, stamp), name)
    assert (stamp_of(header), header.frame_id) == (stamp, "camera")
