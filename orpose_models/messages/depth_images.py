"""Depth images as metres: sensor_msgs/Image of 16UC1 (millimetres) and 32FC1 (metres), REP 118."""

from collections import deque
from threading import Condition
from typing import Any

import numpy as np
from numpy.typing import NDArray

from orpose_models.messages.fields import stamp_of
from orpose_models.vocabulary.errors import OrposeError

# Nanoseconds between an image and the depth that belongs to it, at most.
TOLERANCE_NS = 50_000_000
ENCODINGS = ("16UC1", "mono16", "32FC1")


def depth_from_image(message: Any) -> NDArray[np.float32]:
    """Distances along the optical axis (h, w) in metres; NaN where nothing was measured (0, negative, not finite).

    Row padding (`step`) and `is_bigendian` are honoured.

    Raises:
        OrposeError: another encoding, or fewer bytes than the size says.
    """
    if message.encoding not in ENCODINGS:
        raise OrposeError(f"depth of encoding {message.encoding!r} is not read; use 16UC1 (mm) or 32FC1 (m)")
    width, height, step = int(message.width), int(message.height), int(message.step)
    kind = np.dtype("f4" if message.encoding == "32FC1" else "u2").newbyteorder(">" if message.is_bigendian else "<")
    data = np.frombuffer(message.data, np.uint8)
    if (
        width <= 0
        or height <= 0
        or step < width * kind.itemsize
        or len(data) < step * (height - 1) + width * kind.itemsize
    ):
        raise OrposeError(
            f"depth of {width} x {height} pixels in rows of {step} bytes cannot be in "
            f"{len(data)} bytes of {message.encoding}"
        )
    padded = np.zeros(step * height, np.uint8)
    padded[: min(len(data), len(padded))] = data[: len(padded)]
    rows = np.ascontiguousarray(padded.reshape(height, step)[:, : width * kind.itemsize])
    values = rows.view(kind).astype(np.float32)
    if kind.kind == "u":
        values /= np.float32(1000)
    return np.where(np.isfinite(values) & (values > 0), values, np.float32(np.nan))


class DepthByTime:
    """The latest depth messages of a camera, found by stamp. May be filled in one thread and asked in another.

    Args:
        keep: how many are kept.
    """

    def __init__(self, keep: int = 8) -> None:
        self._messages: deque[Any] = deque(maxlen=keep)
        self._arrived = Condition()

    def add(self, message: Any) -> None:
        """Take a sensor_msgs/Image."""
        with self._arrived:
            self._messages.append(message)
            self._arrived.notify_all()

    def at(self, stamp: int, patience: float = 0.0) -> Any | None:
        """The message nearest to an image's stamp (ns), at most `TOLERANCE_NS` away; None if there is none.

        Args:
            patience: seconds to wait for the message of the same stamp, which may arrive after the image.
        """
        with self._arrived:
            if patience > 0 and self._messages:
                self._arrived.wait_for(lambda: any(stamp_of(m.header) >= stamp for m in self._messages), patience)
            return nearest(self._messages, stamp)


def nearest(messages: "deque[Any] | list[Any]", stamp: int) -> Any | None:
    """The message with the stamp nearest to one, at most `TOLERANCE_NS` away; of equally near ones the first."""
    best = min(messages, key=lambda m: abs(stamp_of(m.header) - stamp), default=None)
    return best if best is not None and abs(stamp_of(best.header) - stamp) <= TOLERANCE_NS else None
