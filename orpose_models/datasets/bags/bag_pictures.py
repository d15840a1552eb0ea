"""The images of a bag and the intrinsics that belong to them."""

from bisect import bisect_right
from collections.abc import Callable
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from orpose_models.datasets.bags.reader import Bag, BagMessage
from orpose_models.datasets.bags.types import typestore
from orpose_models.datasets.camera_file import View
from orpose_models.messages.camera_info import camera_from_info
from orpose_models.messages.compressed_images import compressed_to_bgr
from orpose_models.messages.fields import stamp_of
from orpose_models.messages.images import image_to_bgr
from orpose_models.vocabulary.cameras import Camera
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.resolution import Size

_DECODERS: dict[str, Callable[[Any], NDArray[np.uint8]]] = {
    "sensor_msgs/msg/Image": image_to_bgr,
    "sensor_msgs/msg/CompressedImage": compressed_to_bgr,
}
_CAMERA_INFO = "sensor_msgs/msg/CameraInfo"
# Encodings of registered depth images, and what the format of compressed ones may say instead.
_DEPTH, _COMPRESSED_DEPTH = ("16UC1", "32FC1"), "compressedDepth"
# So many messages of a topic are looked at for one that can be read.
_TRIED = 10


def image_topics(bag: Bag, wanted: str | None = None) -> list[str]:
    """All image topics of a bag by name, or the wanted one alone.

    Raises:
        OrposeError: there is no such topic, or no image topic.
    """
    images = sorted(name for name, topic in bag.topics.items() if topic.type in _DECODERS)
    if wanted is not None and wanted not in images:
        others = f"; image topics are: {', '.join(images)}" if images else " and no other image topic either"
        raise OrposeError(f"{bag.path}: no image topic {wanted}{others}")
    if not images:
        known = ", ".join(f"{name} ({topic.type})" for name, topic in sorted(bag.topics.items())) or "none"
        raise OrposeError(f"{bag.path}: no image topic; topics are: {known}")
    return images if wanted is None else [wanted]


def picture_topics(bag: Bag) -> list[str]:
    """The image topics of a bag without those of depth, as an RGB-D camera has them; all if all are of depth.

    Raises:
        OrposeError: no image topic.
    """
    topics = image_topics(bag)
    return [topic for topic in topics if not _is_depth(bag, topic)] or topics


def _is_depth(bag: Bag, topic: str) -> bool:
    for one in islice(bag.messages([topic]) if bag.topics[topic].count else (), _TRIED):
        try:
            message = decoded(one)
        except OrposeError:
            continue  # damaged: reading it says so
        form = getattr(message, "format", "")
        encoding = getattr(message, "encoding", form.partition(";")[0].strip())
        return encoding in _DEPTH or _COMPRESSED_DEPTH in form
    return False


def decoded(message: BagMessage) -> Any:
    """A message as an object.

    Raises:
        OrposeError: its bytes are not of its type.
    """
    try:
        return typestore().deserialize_cdr(message.data, message.type)
    except Exception as error:  # whatever foreign bytes make of the library
        raise OrposeError(f"message is no {message.type} ({type(error).__name__})") from None


def picture(message: Any) -> NDArray[np.uint8]:
    """The picture (h, w, 3) uint8 BGR of a decoded image message.

    Raises:
        OrposeError: it is damaged or of an encoding that is not supported.
    """
    return _DECODERS[message.__msgtype__](message)


def late_picture(message: BagMessage, where: str) -> tuple[int, Callable[[], NDArray[np.uint8]]]:
    """The stamp of an image message in nanoseconds, or when it was recorded, and what decodes it when it is wanted.

    That raises an OrposeError, which begins with `where`, if the message is damaged or not supported.
    """
    stamp, content, problem = message.time_ns, None, ""
    try:
        content = decoded(message)
        stamp = stamp_of(content.header) or stamp
    except OrposeError as error:
        problem = str(error)

    def read() -> NDArray[np.uint8]:
        try:
            if content is None:
                raise OrposeError(problem)
            return picture(content)
        except OrposeError as error:
            raise OrposeError(f"{where}: {error}") from None

    return stamp, read


class BagCameras:
    """The camera of any image of a bag: from the latest intrinsics until its stamp, or from the first.

    A message without a stamp stands at the time at which it was recorded.

    Args:
        bag: where the intrinsics are.
        topic: their topic.
        view: gravity, and the intrinsics of a camera that has none in the bag.
        notes: a sentence is added for each thing that is wrong.
        rectified: whether the images are, see `camera_from_info`.
    """

    def __init__(self, bag: Bag, topic: str, view: View, notes: list[str], rectified: bool = False) -> None:
        self._view = view
        self._notes = notes
        self._times: list[int] = []
        self._known: list[Camera | None] = []
        known = bag.topics.get(topic)
        if known is None or known.type != _CAMERA_INFO or known.count == 0:
            if view.intrinsics_camera is None:
                self._note(f"no intrinsics on {topic}: persons have no position in space")
            return
        for message in bag.messages([topic]):
            try:
                info = decoded(message)
                camera = camera_from_info(info, rectified)
            except OrposeError as error:
                self._note(f"intrinsics not used: {error}")
                continue
            if camera is None:
                self._note(f"intrinsics not used: {topic} is of an uncalibrated camera")
            stamp = stamp_of(info.header) or message.time_ns
            place = bisect_right(self._times, stamp)
            self._times.insert(place, stamp)
            self._known.insert(place, camera)

    def at(self, stamp_ns: int, size: Size) -> Camera:
        """The camera of an image of a stamp; guessed where intrinsics are unknown or of another shape of image."""
        known = self._known[max(0, bisect_right(self._times, stamp_ns) - 1)] if self._known else None
        try:
            return View(known or self._view.intrinsics_camera, self._view.gravity).camera(size)
        except OrposeError as error:
            self._note(f"intrinsics not used: {error}")
            return View(None, self._view.gravity).camera(size)

    def _note(self, note: str) -> None:
        if note not in self._notes:
            self._notes.append(note)
