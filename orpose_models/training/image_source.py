"""One source of unlabelled images, and what is taken of it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from orpose_models.datasets.camera_file import View
from orpose_models.datasets.image_file import size_of
from orpose_models.files.disk import atomic_path
from orpose_models.files.names import printable
from orpose_models.vocabulary.cameras import Camera
from orpose_models.vocabulary.errors import OrposeError

_JPEG_QUALITY = 95


@dataclass(frozen=True, eq=False)
class Item:
    """An image to be labelled.

    Attributes:
        index: its place in its source.
        file_name: relative to the source's `images`.
        read: gives the image, (h, w, 3) uint8 BGR; raises OrposeError if it is damaged.
        camera: of an image of a size, where anything is known of it.
        camera_name, group, stamp_ns: as in `labels.ImageLabels`.
        notes: `read` may add what should be known of the image, one sentence each.
    """

    index: int
    file_name: str
    read: Callable[[], NDArray[np.uint8]]
    camera: Callable[[tuple[int, int]], Camera | None]
    camera_name: str = ""
    group: str = ""
    stamp_ns: int | None = None
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Choice:
    """Which images of a source are taken, and what is known of its camera.

    Attributes:
        view: the camera; a simulated split knows its own, a bag's camera_info comes first.
        stride: every n-th image is taken.
        at_most: the stride is raised, evenly, so that there are not more images than this; None for no limit.
        topics: image topics of a bag; none for all but those of depth.
        rectified: whether the images of bags are: "true", "false", or "auto" for what each topic's name says.
    """

    view: View = field(default_factory=View)
    stride: int = 1
    at_most: int | None = None
    topics: tuple[str, ...] = ()
    rectified: str = "auto"

    def stride_of(self, count: int) -> int:
        """The stride for a source of `count` images."""
        taken = -(-count // self.stride)
        return self.stride * (-(-taken // self.at_most) if self.at_most and taken else 1)


@dataclass(frozen=True, eq=False)
class Source:
    """One folder, video, simulated split or image topic of a bag.

    Attributes:
        path: where it is.
        kind: what it is.
        images: the folder that holds its images; for a video or bag the one that they are written to.
        count: how many images to expect (for a video what its header says).
        items: those of its images whose index is `wanted`.
        stride: every n-th of its images is taken.
        content: digest of all its images, see `contents`; an image's index means something only together with it.
        view: what is known of its camera from outside.
        topic: of a bag.
        notes: what is wrong, one sentence each.
        left_out: what lies in a folder and is not labelled, one sentence each.
        rectified: see `Choice`; of a bag.
    """

    path: Path
    kind: Literal["folder", "video", "simulation", "bag"]
    images: Path
    count: int
    items: Callable[[Callable[[int], bool]], Iterator[Item]]
    stride: int
    content: str
    view: View = field(default_factory=View)
    topic: str | None = None
    notes: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    rectified: str = "auto"

    def settings(self) -> dict[str, Any]:
        """What the labels depend on."""
        return {
            "path": printable(self.path.resolve()),
            "kind": self.kind,
            "stride": self.stride,
            "content": self.content,
            "intrinsics": self.view.intrinsics(),
            "gravity": self.view.gravity,
            "topic": self.topic,
            **({} if self.rectified == "auto" else {"rectified": self.rectified}),
        }


def keep_image(path: Path, image: NDArray[np.uint8]) -> None:
    """Write an image of a video or bag, so that training can open it in any order.

    Raises:
        OrposeError: JPEG does not hold such an image.
        OSError: it cannot be written, such as on a full disk.
    """
    good, jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    if not good:
        width, height = size_of(image)
        raise OrposeError(f"{path}: an image of {width} x {height} pixels cannot be kept as JPEG")
    with atomic_path(path) as temporary:
        temporary.write_bytes(jpeg.tobytes())


def known_camera(view: View, size: tuple[int, int]) -> Camera | None:
    """The camera of an image; None where nothing is known of it."""
    return view.camera(size) if view.intrinsics_camera is not None or view.gravity is not None else None
