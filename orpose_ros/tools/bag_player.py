"""Publishes the messages of a bag as they were recorded: same bytes, same intervals."""

import os
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import rclpy
from rclpy.duration import Duration
from rclpy.exceptions import InvalidTopicNameException
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rclpy.signals import SignalHandlerOptions

from orpose_models.datasets.bags.reader import Bag, BagMessage
from orpose_models.vocabulary.errors import OrposeError
from orpose_ros.dds import use_large_image_profile
from orpose_ros.message_types import message_class

# After the first subscriber appeared, those of other topics are a moment behind; some topics may have none.
_OTHERS_TIMEOUT = 2.0
# A subscriber that is known here may not know this publisher yet, and would miss the first messages.
_SETTLING = 0.5
_LAST_DELIVERY = Duration(seconds=2)


@dataclass(frozen=True)
class PlayPlan:
    """How a bag is played.

    Attributes:
        rate: how many times as fast as recorded.
        loop: whether to begin again at the end.
        topics: only these; empty for all.
        remaps: other names for topics.
        depth: queue depth of the publishers.
        wait: seconds to wait for the first subscriber at most; then playing begins without one. 0 does not wait.
        restamp: whether to set header stamps to the time of publication.
    """

    rate: float = 1.0
    loop: bool = False
    topics: tuple[str, ...] = ()
    remaps: dict[str, str] = field(default_factory=dict)
    depth: int = 10
    wait: float = 0.0
    restamp: bool = False


def play_bag(bag: Bag, plan: PlayPlan, say: Callable[[str], None] = lambda note: None) -> str:
    """Play a bag until its end, or until interrupted.

    Args:
        bag: what to play.
        plan: how.
        say: called with one sentence when something should be known.

    Returns:
        What was played, in one sentence.

    Raises:
        OrposeError: a chosen or remapped topic is not in the bag, or no type of its messages is installed, or the
            name to publish under is impossible.
    """
    if unknown := {*plan.topics, *plan.remaps} - bag.topics.keys():
        raise OrposeError(
            f"{bag.path}: no topic {', '.join(sorted(unknown))}; topics are: {', '.join(sorted(bag.topics))}"
        )
    use_large_image_profile(os.environ)
    player = None
    try:
        # An interruption is to end the loop below, not to pull the context away from under it.
        with rclpy.init(args=[], signal_handler_options=SignalHandlerOptions.NO):
            player = _Player(bag, plan, say)
            try:
                player.play()
            except KeyboardInterrupt:
                say("interrupted")
            player.finish()
    except ExternalShutdownException:
        pass
    assert player is not None
    return player.summary()


class _Player:
    def __init__(self, bag: Bag, plan: PlayPlan, say: Callable[[str], None]) -> None:
        self._bag = bag
        self._plan = plan
        self._say = say
        self._node = Node("orpose_bag_player")
        self._publishers: dict[str, Publisher] = {}
        self._stamped: set[str] = set()
        self._played = 0
        self._lateness: list[float] = []
        self._begin = time.monotonic()
        for name in sorted(plan.topics or bag.topics):
            self._advertise(name)
        if not self._publishers:
            raise OrposeError(f"{bag.path}: no type of its messages is installed in this ROS environment")

    def play(self) -> None:
        self._wait_for_subscriber()
        self._begin = time.monotonic()
        while True:
            played = self._played
            self._play_once()
            if not self._plan.loop or self._played == played:
                return

    def finish(self) -> None:
        """Give the last messages the time to arrive."""
        for publisher in self._publishers.values():
            publisher.wait_for_all_acked(_LAST_DELIVERY)
        self._node.destroy_node()

    def summary(self) -> str:
        seconds = time.monotonic() - self._begin
        late = sorted(self._lateness)[int(0.95 * len(self._lateness))] * 1000 if self._lateness else 0.0
        return f"{self._played} messages in {seconds:.1f} s; 95 % were at most {late:.1f} ms late"

    def _advertise(self, name: str) -> None:
        topic = self._bag.topics[name]
        try:
            cls = message_class(topic.type)
        except (ImportError, AttributeError) as error:
            self._say(f"{name} is left out: message type {topic.type} is not installed ({error})")
            return
        qos = QoSProfile(
            depth=self._plan.depth,
            reliability=ReliabilityPolicy.RELIABLE,
            durability=DurabilityPolicy.TRANSIENT_LOCAL if topic.transient_local else DurabilityPolicy.VOLATILE,
        )
        published = self._plan.remaps.get(name, name)
        try:
            self._publishers[name] = self._node.create_publisher(cls, published, qos)
        except InvalidTopicNameException as error:
            raise OrposeError(f"topic {published!r} cannot be published: {' '.join(str(error).split())}") from None
        if next(iter(cls.get_fields_and_field_types().values()), "") == "std_msgs/Header":
            self._stamped.add(name)

    def _wait_for_subscriber(self) -> None:
        if self._plan.wait == 0:
            return
        publishers = self._publishers.values()
        if not _until(lambda: any(p.get_subscription_count() for p in publishers), self._plan.wait):
            self._say(f"nobody subscribed within {self._plan.wait:g} s; playing all the same")
            return
        _until(lambda: all(p.get_subscription_count() for p in publishers), _OTHERS_TIMEOUT)
        time.sleep(_SETTLING)

    def _play_once(self) -> None:
        recorded = None
        for message in self._bag.messages(self._publishers):
            if recorded is None:
                recorded, begin = message.time_ns, time.monotonic()
            due = begin + (message.time_ns - recorded) / 1e9 / self._plan.rate
            if (left := due - time.monotonic()) > 0:
                time.sleep(left)
            self._publish(message)
            self._lateness.append(time.monotonic() - due)

    def _publish(self, message: BagMessage) -> None:
        data = message.data
        if self._plan.restamp and message.topic in self._stamped:
            data = restamped(data, self._node.get_clock().now().nanoseconds)
        self._publishers[message.topic].publish(data)
        self._played += 1


def _until(condition: Callable[[], bool], timeout: float) -> bool:
    """Wait for a condition at most `timeout` seconds; whether it holds."""
    end = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def restamped(data: bytes, time_ns: int) -> bytes:
    """The CDR bytes of a message that begins with a std_msgs/Header, with another stamp."""
    little = data[1] & 1  # the second byte of CDR's own header says the byte order
    stamp = struct.pack("<iI" if little else ">iI", *divmod(time_ns, 1_000_000_000))
    return data[:4] + stamp + data[12:]
