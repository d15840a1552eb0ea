import threading

import numpy as np
import pytest

from orpose_models.datasets.bags.types import message_class
from orpose_models.messages.depth_images import TOLERANCE_NS, DepthByTime, depth_from_image, nearest
from orpose_models.messages.fields import make_header
from orpose_models.vocabulary.errors import OrposeError


def message(rows: np.ndarray, encoding: str, stamp: int = 0, pad: int = 0, big: bool = False) -> object:
    kind = rows.dtype.newbyteorder(">" if big else "<")
    data = np.pad(rows.astype(kind).view(np.uint8).reshape(len(rows), -1), ((0, 0), (0, pad)))
    return message_class("sensor_msgs/msg/Image")(
        header=make_header(stamp, "camera", message_class), height=rows.shape[0], width=rows.shape[1],
        encoding=encoding, is_bigendian=int(big), step=data.shape[1], data=data.reshape(-1),
    )  # fmt: skip


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("pad", [0, 6])
def test_millimetres(pad: int, big: bool) -> None:
    depth = depth_from_image(message(np.array([[0, 1500], [2500, 65535]], np.uint16), "16UC1", pad=pad, big=big))
    assert depth.dtype == np.float32
    assert np.array_equal(depth, np.float32([[np.nan, 1.5], [2.5, 65.535]]), equal_nan=True)


def test_metres() -> None:
    depth = depth_from_image(message(np.array([[1.25, np.nan, np.inf, -1.0, 0.0]], np.float32), "32FC1"))
    assert np.array_equal(depth, np.float32([[1.25, np.nan, np.nan, np.nan, np.nan]]), equal_nan=True)


def test_what_is_no_depth_is_refused() -> None:
    with pytest.raises(OrposeError, match=r"depth of encoding 'bgr8' is not read; use 16UC1 \(mm\) or 32FC1 \(m\)"):
        depth_from_image(message(np.zeros((2, 2), np.uint8), "bgr8"))
    short = message(np.zeros((2, 2), np.uint16), "16UC1")
    short.height = 3  # type: ignore[attr-defined]
    with pytest.raises(OrposeError, match="depth of 2 x 3 pixels in rows of 4 bytes cannot be in 8 bytes of 16UC1"):
        depth_from_image(short)


def test_the_nearest_in_time() -> None:
    assert nearest([], 5) is None
    assert DepthByTime().at(5, patience=0.0) is None
    a, b = (message(np.ones((1, 1), np.uint16), "16UC1", stamp) for stamp in (1_000_000_000, 1_040_000_000))
    depth = DepthByTime()
    depth.add(a)
    depth.add(b)
    assert depth.at(1_010_000_000) is a
    assert depth.at(1_030_000_000) is b
    assert depth.at(1_040_000_000 + TOLERANCE_NS) is b
    assert depth.at(1_040_000_001 + TOLERANCE_NS) is None


def test_depth_that_arrives_after_its_image_is_waited_for() -> None:
    first, late = (message(np.ones((1, 1), np.uint16), "16UC1", stamp) for stamp in (1_000_000_000, 2_000_000_000))
    depth = DepthByTime()
    depth.add(first)
    timer = threading.Timer(0.05, depth.add, [late])
    timer.start()
    assert depth.at(2_000_000_000, patience=30.0) is late
    timer.join()
