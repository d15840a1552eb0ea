"""Pictures on disk: a folder of JPEGs or a video, complete or not there at all."""

from pathlib import Path
from types import TracebackType
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray

from orpose_models.files.disk import atomic_path
from orpose_models.vocabulary.errors import OrposeError


class PictureWriter:
    """Writes pictures one after another: into a video if the target ends in .mp4, else as JPEGs into a folder.

    A video appears under its name only when it is complete. All its frames get the size of the first.

    Raises:
        OrposeError: on leaving, the video lacks some of its frames; nothing of it is left, an older one of its
            name stays.
    """

    def __init__(self, target: str | Path, fps: float = 25.0) -> None:
        self._target = Path(target)
        self._is_video = self._target.suffix.lower() == ".mp4"
        self._fps = fps
        self._video: cv2.VideoWriter | None = None
        self._size = (0, 0)
        self._frames = 0
        self._temporary = self._target.with_name(f".{self._target.stem}.part.mp4")

    def __enter__(self) -> Self:
        (self._target.parent if self._is_video else self._target).mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self._video is not None:
                self._video.release()
                if error is None:
                    self._check_frames()
                    self._temporary.replace(self._target)
        finally:
            self._temporary.unlink(missing_ok=True)

    def write(self, name: str, picture: NDArray[np.uint8]) -> None:
        """Add an (h, w, 3) BGR picture; `name` names its file in a folder: a.jpg is a.jpg, a.png is a.png.jpg.

        Raises:
            OrposeError: it could not be written.
        """
        if self._is_video:
            self._write_frame(picture)
            return
        # The suffix stays, because a.png and a.tif may lie side by side.
        with atomic_path(self._target / (name if name.endswith(".jpg") else f"{name}.jpg")) as temporary:
            if not cv2.imwrite(str(temporary), picture, [cv2.IMWRITE_JPEG_QUALITY, 92]):
                raise OrposeError(f"{temporary}: the picture could not be written")

    def _write_frame(self, picture: NDArray[np.uint8]) -> None:
        if self._video is None:
            # Most players want even sides.
            self._size = (picture.shape[1] // 2 * 2, picture.shape[0] // 2 * 2)
            fourcc = cv2.VideoWriter.fourcc(*"mp4v")
            self._video = cv2.VideoWriter(str(self._temporary), fourcc, self._fps, self._size)
            if not self._video.isOpened():
                raise OrposeError(f"{self._target}: a video of {self._size[0]} x {self._size[1]} could not be started")
        if (picture.shape[1], picture.shape[0]) != self._size:
            picture = np.asarray(cv2.resize(picture, self._size), np.uint8)
        self._video.write(picture)
        self._frames += 1

    def _check_frames(self) -> None:
        # OpenCV's writer does not say when the disk is full: only the file tells.
        video = cv2.VideoCapture(str(self._temporary), cv2.CAP_FFMPEG)
        found = int(video.get(cv2.CAP_PROP_FRAME_COUNT)) if video.isOpened() else 0
        video.release()
        if found != self._frames:
            raise OrposeError(
                f"{self._target}: the video could not be written, {found} of its {self._frames} frames arrived; "
                "is the disk full?"
            )
