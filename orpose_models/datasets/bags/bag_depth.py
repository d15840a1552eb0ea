"""The depth images of a bag, each beside the image that it belongs to."""

from collections import deque
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from orpose_models.datasets.bags.bag_pictures import decoded
from orpose_models.datasets.bags.reader import Bag, BagMessage
from orpose_models.messages.depth_images import TOLERANCE_NS, depth_from_image, nearest
from orpose_models.messages.fields import stamp_of
from orpose_models.vocabulary.errors import OrposeError

_TYPE = "sensor_msgs/msg/Image"
# Messages that are recorded later than this (ns) belong to no image of before.
_LATE = 500_000_000


def require_depth(bag: Bag, topic: str | None) -> None:
    """
    Raises:
        OrposeError: a depth topic is asked for, and the bag has no such topic of raw images.
    """
    if topic is None:
        return
    known = bag.topics.get(topic)
    if known is None or known.type != _TYPE:
        images = ", ".join(sorted(name for name, one in bag.topics.items() if one.type == _TYPE)) or "none"
        raise OrposeError(f"{bag.path}: no depth topic {topic} of {_TYPE}; topics of that type are: {images}")


def with_depth(bag: Bag, images: str, depth: str | None) -> Iterator[tuple[BagMessage, object | None]]:
    """The messages of an image topic in order, each with the decoded depth message of its moment, or None.

    Args:
        bag: where both are.
        images: the image topic.
        depth: the depth topic; None for none.
    """
    if depth is None:
        for message in bag.messages([images]):
            yield message, None
        return
    waiting: deque[BagMessage] = deque()
    near: deque[tuple[int, object]] = deque()  # times of recording, messages

    def beside(message: BagMessage) -> object | None:
        try:
            stamp = stamp_of(decoded(message).header) or message.time_ns
        except OrposeError:
            return None
        return nearest([one for _, one in near], stamp)

    for message in bag.messages([images, depth]):
        if message.topic == images:
            waiting.append(message)
        else:
            try:
                near.append((message.time_ns, decoded(message)))
            except OrposeError:
                continue
        while waiting and waiting[0].time_ns + _LATE < message.time_ns:
            yield waiting[0], beside(waiting[0])
            waiting.popleft()
        oldest = (waiting[0].time_ns if waiting else message.time_ns) - _LATE - TOLERANCE_NS
        while near and near[0][0] < oldest:
            near.popleft()
    for message in waiting:
        yield message, beside(message)


def depth_of(message: object | None, notes: list[str]) -> NDArray[np.float32] | None:
    """The depth (h, w) in metres of a message; None, with a note, if it cannot be read."""
    if message is None:
        return None
    try:
        return depth_from_image(message)
    except OrposeError as error:
        notes.append(f"depth not used: {error}")
        return None
