"""Cameras as sensor_msgs/CameraInfo, and back; and which of a camera's messages belongs to an image.

Works with rclpy's classes and rosbags' alike (see `fields`).
"""

from bisect import bisect_right
from collections import deque
from dataclasses import dataclass, replace
from threading import Condition
from typing import Any

import numpy as np

from orpose_models.messages.fields import MessageTypes, copy_header, number_sequence, stamp_of
from orpose_models.vocabulary.cameras import Camera, usual_distortion
from orpose_models.vocabulary.errors import OrposeError

# What is said where `is_rectified` goes by the topic's name.
BY_NAME = "{} is taken for rectified by its name: its camera is P, without distortion"


def camera_info_message(camera: Camera, header: Any, types: MessageTypes) -> Any:
    """A sensor_msgs/CameraInfo of a monocular, unrectified camera. Gravity has no place in it."""
    cls = types("sensor_msgs/msg/CameraInfo")
    distortion = camera.distortion or (0.0,) * 5
    return cls(
        header=copy_header(header, types),
        height=camera.height,
        width=camera.width,
        distortion_model="rational_polynomial" if len(distortion) == 8 else "plumb_bob",
        # plumb_bob has five coefficients.
        d=number_sequence(cls, np.array((*distortion, *(0.0,) * (5 - len(distortion))))),
        k=camera.matrix.reshape(-1),
        r=np.eye(3).reshape(-1),
        p=np.hstack([camera.matrix, np.zeros((3, 1))]).reshape(-1),
        binning_x=0,
        binning_y=0,
        roi=types("sensor_msgs/msg/RegionOfInterest")(x_offset=0, y_offset=0, height=0, width=0, do_rectify=False),
    )


def is_rectified(topic: str, setting: str = "auto") -> bool:
    """Whether the images of a topic are rectified: free of distortion, as image_proc makes them.

    Args:
        topic: of the images; may end in '/compressed'.
        setting: 'true' and 'false' decide; 'auto' goes by the topic's name: image_rect, image_rect_color and so on.
    """
    if setting != "auto":
        return setting == "true"
    return topic.removesuffix("/compressed").rpartition("/")[2].startswith("image_rect")


def camera_from_info(info: Any, rectified: bool = False) -> Camera | None:
    """The camera of a sensor_msgs/CameraInfo, for the image as it is published: cut to the region of interest, binned.

    Args:
        info: the message.
        rectified: whether the image is; its camera is the projection matrix P and has no distortion. Else it is K
            with the distortion D.

    Returns:
        None if the camera is uncalibrated (k[0] is 0). Gravity is left unknown.

    Raises:
        OrposeError: a distortion model other than plumb_bob and rational_polynomial, a region of interest that is not
            in the image, or impossible numbers.
    """
    k, p = ([float(number) for number in numbers] for numbers in (info.k, info.p))
    if k[0] == 0:
        return None
    fx, fy, cx, cy = (p[0], p[5], p[2], p[6]) if rectified and p[0] else (k[0], k[4], k[2], k[5])
    try:
        distortion = () if rectified and p[0] else usual_distortion(info.distortion_model, info.d)
        if rectified and not p[0] and distortion:
            raise ValueError("the images are rectified, but the projection matrix P is zero")
        camera = _in_region(Camera(int(info.width), int(info.height), fx, fy, cx, cy, distortion), info.roi)
        binning = max(1, int(info.binning_x)), max(1, int(info.binning_y))
        return camera.resized(camera.width // binning[0], camera.height // binning[1])
    except ValueError as error:
        raise OrposeError(f"camera info: {error}") from None


def _in_region(camera: Camera, roi: Any) -> Camera:
    """The camera cut to a region of interest, which is in pixels of the whole sensor; all zeros stand for all of it."""
    x, y, width, height = (int(number) for number in (roi.x_offset, roi.y_offset, roi.width, roi.height))
    if not (x or y or width or height):
        return camera
    if not (width and height) or x + width > camera.width or y + height > camera.height:
        raise ValueError(
            f"the region of interest of {width} x {height} pixels at ({x}, {y}) is not in the image of "
            f"{camera.width} x {camera.height}; width and height are those of the whole sensor"
        )
    return replace(camera, width=width, height=height, cx=camera.cx - x, cy=camera.cy - y)


@dataclass(frozen=True)
class Intrinsics:
    """What a camera's messages say.

    Attributes:
        camera: None if uncalibrated, or not usable.
        problem: why it is not usable; empty if it is.
    """

    camera: Camera | None = None
    problem: str = ""


class IntrinsicsByTime:
    """The intrinsics at the stamp of any image. May be filled in one thread and asked in another.

    Args:
        rectified: whether the images are.
        keep: how many changes are remembered at most; None for all.
    """

    _A_NEW_BEGINNING = 10_000_000_000  # nanoseconds that stamps step back when time begins anew

    def __init__(self, rectified: bool = False, keep: int | None = None) -> None:
        self._rectified = rectified
        self._keep = keep
        self._begins: list[int] = []  # stamps from which on another camera holds
        self._contents: list[tuple[bytes, Intrinsics]] = []
        self._newest = 0
        self._recent: deque[int] = deque(maxlen=256)  # stamps
        self._in_pairs = True
        self._arrived = Condition()

    def __len__(self) -> int:
        """How many times they changed."""
        return len(self._begins)

    def add(self, info: Any) -> Intrinsics | None:
        """Take a sensor_msgs/CameraInfo; what it says if that is new, or None."""
        stamp, content = stamp_of(info.header), _content(info)
        with self._arrived:
            if stamp < self._newest - self._A_NEW_BEGINNING:
                self._begins, self._contents, self._newest = [], [], stamp
            self._newest = max(self._newest, stamp)
            self._recent.append(stamp)
            self._arrived.notify_all()
            i = bisect_right(self._begins, stamp)
            if i > 0 and self._contents[i - 1][0] == content:
                return None
            said = self._read(info)
            if i > 0 and self._begins[i - 1] == stamp:
                self._contents[i - 1] = content, said
            else:
                self._begins.insert(i, stamp)
                self._contents.insert(i, (content, said))
            if self._keep is not None:
                del self._begins[: -self._keep], self._contents[: -self._keep]
            return said

    def at(self, stamp: int, patience: float = 0.0) -> Intrinsics:
        """
        Args:
            stamp: of an image in nanoseconds.
            patience: seconds to wait for the message of the same stamp, which may arrive after the image. Nobody waits
                if the image before had none.

        Returns:
            What the latest message until then says, or the first one if all are later; nothing if there is none.
        """
        with self._arrived:
            if self._in_pairs and patience > 0:
                self._arrived.wait_for(lambda: self._newest >= stamp, patience)
            self._in_pairs = stamp in self._recent
            if not self._begins:
                return Intrinsics()
            return self._contents[max(0, bisect_right(self._begins, stamp) - 1)][1]

    def _read(self, info: Any) -> Intrinsics:
        try:
            return Intrinsics(camera_from_info(info, self._rectified))
        except OrposeError as error:
            return Intrinsics(problem=str(error))


def _content(info: Any) -> bytes:
    """All that a message says but its header; equal also where numbers are NaN."""
    roi = info.roi
    integers = (info.width, info.height, info.binning_x, info.binning_y)
    region = (roi.x_offset, roi.y_offset, roi.width, roi.height)
    numbers = np.concatenate([np.asarray(part, np.float64).reshape(-1) for part in (info.k, info.p, info.d)])
    return repr((*integers, *region, info.distortion_model)).encode() + numbers.tobytes()
