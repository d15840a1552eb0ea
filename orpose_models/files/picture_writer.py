"""Pictures on disk: a folder of JPEGs or a video, complete or not there at all."""

from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, BinaryIO

import cv2
import numpy as np
from numpy.typing import NDArray
from typing_extensions import Self

from orpose_models.files.disk import atomic_path
from orpose_models.files.names import printable
from orpose_models.vocabulary.errors import OrposeError, reason_of

if TYPE_CHECKING:
    from av.container import OutputContainer
    from av.video.stream import VideoStream

_TICKS = 30_000  # a second, of a video: whole for all usual rates; MPEG-4 allows 65535
_QUALITY = 3  # of MPEG-4: 1 is best, 31 worst


def write_picture(path: str | Path, picture: NDArray[np.uint8], jpeg_quality: int = 92) -> None:
    """Write an (h, w, 3) BGR picture as the suffix says, JPEG or PNG, atomically.

    Raises:
        OrposeError: it cannot be stored so, or the disk does not take it.
    """
    path = Path(path)
    options = {
        ".jpg": [cv2.IMWRITE_JPEG_QUALITY, jpeg_quality],
        ".png": [cv2.IMWRITE_PNG_COMPRESSION, 9],
    }[path.suffix]
    # OpenCV is given no name: it crashes at one that is not UTF-8.
    done, data = cv2.imencode(path.suffix, picture, options)
    if not done:
        raise OrposeError(f"{printable(path)}: a picture of shape {picture.shape} cannot be stored")
    try:
        with atomic_path(path) as temporary:
            temporary.write_bytes(data.tobytes())
    except OSError as error:
        raise OrposeError(f"{printable(path)}: the picture could not be written, {reason_of(error)}") from None


class PictureWriter:
    """Writes pictures one after another: into a video if the target ends in .mp4, else as JPEGs into a folder.

    A video appears under its name only when it is complete. All its frames get the size of the first.

    Raises:
        OrposeError: while writing or on leaving, the disk does not take the video; nothing of it is left, an older
            one of its name stays.
    """

    def __init__(self, target: str | Path, fps: float = 25.0) -> None:
        self._target = Path(target)
        self._is_video = self._target.suffix.lower() == ".mp4"
        self._fps = fps
        self._video: _Video | None = None
        self._temporary = self._target.with_name(f".{self._target.stem}.part.mp4")

    def __enter__(self) -> Self:
        (self._target.parent if self._is_video else self._target).mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self._video is not None:
                video, self._video = self._video, None
                video.close(complete=error is None)
                if error is None:
                    self._temporary.replace(self._target)
        except OSError as problem:
            raise self._not_written(problem) from None
        finally:
            self._temporary.unlink(missing_ok=True)

    def write(self, name: str, picture: NDArray[np.uint8], stamp_ns: int | None = None) -> None:
        """Add an (h, w, 3) BGR picture.

        Args:
            name: names its file in a folder: a.jpg is a.jpg, a.png is a.png.jpg.
            picture: of any size.
            stamp_ns: its time in a video, in nanoseconds; without it, pictures follow each other at the video's rate.

        Raises:
            OrposeError: it could not be written.
        """
        if not self._is_video:
            # The suffix stays, because a.png and a.tif may lie side by side.
            write_picture(self._target / (name if name.endswith(".jpg") else f"{name}.jpg"), picture)
            return
        try:
            if self._video is None:
                self._video = _Video(self._temporary, self._fps, (picture.shape[1], picture.shape[0]))
            self._video.write(picture, stamp_ns)
        except OSError as problem:
            raise self._not_written(problem) from None

    def _not_written(self, problem: OSError) -> OrposeError:
        what = f"the video could not be written ({reason_of(problem)}); is the disk full?"
        return OrposeError(f"{printable(self._target)}: {what}")


class _Video:
    """MPEG-4 in a file that Python has opened, so that the disk's errors arrive."""

    def __init__(self, path: Path, fps: float, size: tuple[int, int]) -> None:
        import av

        # Most players want even sides.
        self._size = max(2, size[0] // 2 * 2), max(2, size[1] // 2 * 2)
        self._step = max(1, round(_TICKS / fps))
        self._last: int | None = None
        self._file: BinaryIO = path.open("w+b")
        self._container: OutputContainer = av.open(self._file, "w", format="mp4")
        options = {"flags": "+qscale", "global_quality": str(118 * _QUALITY)}
        stream = self._container.add_stream("mpeg4", rate=Fraction(_TICKS, self._step), options=options)
        self._stream: VideoStream = stream  # type: ignore[assignment]
        self._stream.width, self._stream.height = self._size
        self._stream.pix_fmt = "yuv420p"
        self._stream.codec_context.time_base = Fraction(1, _TICKS)

    def write(self, picture: NDArray[np.uint8], stamp_ns: int | None) -> None:
        import av

        if (picture.shape[1], picture.shape[0]) != self._size:
            picture = np.asarray(cv2.resize(picture, self._size), np.uint8)
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="bgr24")
        wanted = 0 if self._last is None else self._last + self._step
        if stamp_ns is not None:
            wanted = round(stamp_ns * _TICKS / 10**9)
        self._last = wanted if self._last is None else max(wanted, self._last + 1)
        frame.pts, frame.time_base = self._last, Fraction(1, _TICKS)
        self._container.mux(self._stream.encode(frame))

    def close(self, complete: bool) -> None:
        try:
            if complete:
                self._container.mux(self._stream.encode(None))
            self._container.close()
            self._file.flush()
        except Exception:
            if complete:
                raise
        finally:
            self._file.close()
