"""Names of the topics that bags are made with."""

POSES2D = "/orpose/poses2d"
POSES3D = "/orpose/poses3d"
SKELETON_INFO = "/orpose/skeleton_info"


def camera_info_topic(images: str) -> str:
    """Where a camera's intrinsics are by convention: `camera_info` beside its images, compressed or not."""
    return f"{images.removesuffix('/compressed').rpartition('/')[0]}/camera_info"
