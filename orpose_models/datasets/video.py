"""Frames of a video file, with the times that they have in it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from orpose_models.files.names import printable
from orpose_models.vocabulary.errors import OrposeError, reason_of

if TYPE_CHECKING:
    from av import VideoFrame
    from av.container import InputContainer
    from av.video.stream import VideoStream

_MAX_PIXELS = 1 << 27
# Containers of one file; others, such as play lists, would have FFmpeg open further files.
_FORMATS = "mov,mp4,avi,matroska,webm,mpeg,mpegts,mpegvideo,asf,flv,ogg,mjpeg,m4v,h264,hevc"
_NS = 10**9
_SHORT_NS = _NS  # a video that ends earlier than announced by more than this was cut short
USUAL_FPS = 25.0


@dataclass(frozen=True)
class VideoFacts:
    """What a video says of itself.

    Attributes:
        fps: its average rate in frames per second.
        count: about how many frames it has: what the header says, or how many pieces the file has.
    """

    fps: float
    count: int


@dataclass(frozen=True, eq=False)
class VideoShot:
    """A frame.

    Attributes:
        index: its place among the frames that can be decoded, from 0.
        stamp_ns: time since the first frame, in nanoseconds, as the container has it.
        read: gives it as (h, w, 3) uint8 BGR, turned as the container says; raises OrposeError if it is too large.
    """

    index: int
    stamp_ns: int
    read: Callable[[], NDArray[np.uint8]]


def video_facts(path: Path) -> VideoFacts:
    """Open a video and decode its first frame.

    Raises:
        OrposeError: it is empty, or no frame of it can be read.
    """
    if next(video_shots(path, []), None) is None:
        raise OrposeError(
            f"{printable(path)}: no frame can be read from this video; it is damaged or of an unknown codec"
        )
    with _opened(path) as (container, stream):
        rate = stream.average_rate or stream.guessed_rate
        fps = float(rate) if rate and rate > 0 else USUAL_FPS
        count = stream.frames or sum(packet.size > 0 for packet in _packets(container, stream, []))
    return VideoFacts(fps, max(1, count))


def video_shots(path: Path, problems: list[str]) -> Iterator[VideoShot]:
    """The frames of a video, in order.

    Args:
        path: the file.
        problems: is added a sentence if some of it cannot be decoded, or if it ends before the time that it announces.

    Raises:
        OrposeError: it cannot be opened.
    """
    name = printable(path)
    with _opened(path) as (container, stream):
        clock = _Clock(container, stream)
        damage: list[str] = []
        index = 0
        for frame in _decoded(container, stream, damage):
            yield VideoShot(index, clock.of(frame), partial(_upright, frame, name))
            index += 1
        if damage:
            problems.append(f"{name}: {len(damage)} pieces cannot be decoded, {index} frames can ({damage[0]})")
        elif clock.announced_ns is not None and clock.end_ns < clock.announced_ns - _SHORT_NS:
            problems.append(
                f"{name}: cut short, it ends at {clock.end_ns / _NS:.1f} s of the {clock.announced_ns / _NS:.1f} s "
                f"that it announces; the {index} frames until then are read"
            )


@contextmanager
def _opened(path: Path) -> "Iterator[tuple[InputContainer, VideoStream]]":
    """FFmpeg is given the open file, never its name: it reads names as patterns and protocols."""
    import av
    from av.error import FFmpegError

    name = printable(path)
    unreadable = f"{name}: no frame can be read from this video"
    if not path.is_file():
        raise OrposeError(f"{name}: {'not a file' if path.exists() else 'no such file'}")
    if path.stat().st_size == 0:
        raise OrposeError(f"{name}: the video file is empty (0 bytes)")
    with path.open("rb") as file:
        try:
            container = av.open(file, "r", options={"format_whitelist": _FORMATS})
        except (FFmpegError, ValueError) as error:
            raise OrposeError(f"{unreadable}; {reason_of(error)}") from None
        with container:
            # A cover picture is not the video.
            streams = [s for s in container.streams.video if "attached_pic" not in str(s.disposition)]
            if not streams:
                raise OrposeError(f"{unreadable}; it holds no pictures")
            stream = streams[0]
            if stream.codec_context is None:
                raise OrposeError(f"{unreadable}; it is of an unknown codec")
            stream.thread_type = "AUTO"
            stream.codec_context.options = {"max_pixels": str(_MAX_PIXELS)}
            yield container, stream


def _packets(container: "InputContainer", stream: "VideoStream", damage: list[str]) -> Iterator:
    from av.error import FFmpegError

    try:
        for packet in container.demux(stream):
            if packet.size or packet.dts is None:  # the last one, which is empty, gets what the decoder still holds
                yield packet
    except (FFmpegError, OSError) as error:
        damage.append(reason_of(error))


def _decoded(container: "InputContainer", stream: "VideoStream", damage: list[str]) -> "Iterator[VideoFrame]":
    from av.error import FFmpegError

    for packet in _packets(container, stream, damage):
        try:
            yield from packet.decode()
        except (FFmpegError, ValueError) as error:
            damage.append(reason_of(error))


class _Clock:
    """Times of frames since the first one.

    Attributes:
        end_ns: when the latest frame ends, by the container's own clock.
        announced_ns: how long the video is to last; None if that is unknown.
    """

    def __init__(self, container: "InputContainer", stream: "VideoStream") -> None:
        self._first: int | None = None
        self._usual = _in_ns(1, 1 / (stream.average_rate or stream.guessed_rate or Fraction(25)))
        self.end_ns = 0
        self.announced_ns: int | None = None
        if stream.duration and stream.time_base:
            self.announced_ns = _in_ns(stream.duration, stream.time_base)
        elif container.duration and len(container.streams) == 1:  # with sound it may be the sound's
            self.announced_ns = _in_ns(container.duration, Fraction(1, 1_000_000))

    def of(self, frame: "VideoFrame") -> int:
        """The time of a frame; one without follows the frame before."""
        ticks = frame.pts if frame.pts is not None else frame.dts
        duration = _in_ns(frame.duration, frame.time_base) if frame.duration and frame.time_base else self._usual
        now = self.end_ns if ticks is None or frame.time_base is None else _in_ns(ticks, frame.time_base)
        self._first = now if self._first is None else self._first
        self.end_ns = now + duration
        return now - self._first


def _in_ns(ticks: int, base: Fraction) -> int:
    return round(ticks * base * _NS)


def _upright(frame: "VideoFrame", name: str) -> NDArray[np.uint8]:
    if frame.width * frame.height > _MAX_PIXELS:
        raise OrposeError(f"{name}: frames of {frame.width} x {frame.height} pixels are too large")
    image = frame.to_ndarray(format="bgr24")
    return np.ascontiguousarray(np.rot90(image, round(frame.rotation / 90) % 4))
