"""Topics of bags, and the names that ours have."""

from dataclasses import dataclass

POSES2D = "/orpose/poses2d"
POSES3D = "/orpose/poses3d"
SKELETON_INFO = "/orpose/skeleton_info"


@dataclass(frozen=True)
class BagTopic:
    """A topic of a bag; `transient_local` if its publisher kept the latest message for late subscribers."""

    name: str
    type: str
    count: int
    transient_local: bool = False


def compressed_topic(images: str) -> str:
    """Where the compressed images of an image topic are; a topic that is one of compressed images is that itself."""
    return images if images.endswith("/compressed") else f"{images}/compressed"


def camera_info_topic(images: str) -> str:
    """Where a camera's intrinsics are by convention: `camera_info` beside its images, compressed or not."""
    return f"{images.removesuffix('/compressed').rpartition('/')[0]}/camera_info"
