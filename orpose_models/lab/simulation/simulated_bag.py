"""A simulated split as a rosbag2: synchronised cameras with their intrinsics."""

import shutil
from pathlib import Path

import numpy as np

from orpose_models.datasets.bags.types import message_class
from orpose_models.datasets.bags.writer import new_bag
from orpose_models.files.disk import read_json
from orpose_models.lab.simulation.dataset import Layout
from orpose_models.messages.camera_info import camera_info_message
from orpose_models.messages.fields import make_header
from orpose_models.vocabulary.cameras import Camera
from orpose_models.vocabulary.errors import OrposeError


def write_bag(layout: Layout, out: str | Path) -> int:
    """Put the pictures of a complete split into a new bag; one that is there is replaced.

    Topics are `/camK/image_raw/compressed` (the JPEG files as they are) and `/camK/camera_info`, frames
    `camK_optical`. Pictures of one moment have the same stamp; every scene has its own room, so intrinsics
    change from scene to scene.

    Returns:
        How many pictures the bag has.

    Raises:
        OrposeError: the split is not complete.
    """
    source = layout.images if layout.truth_root != layout.root else layout.annotations
    if not source.exists():
        raise OrposeError(f"{layout.root}: the split is not complete; run `orpose simulate` to its end first")
    images = sorted(read_json(source)["images"], key=lambda image: (image["stamp_ns"], image["camera_name"]))
    shutil.rmtree(out, ignore_errors=True)
    with new_bag(out, "mcap", {"source": f"simulated operating room, {layout.split}"}) as bag:
        for name in sorted({image["camera_name"] for image in images}):
            bag.add_topic(f"/{name}/camera_info", "sensor_msgs/msg/CameraInfo")
            bag.add_topic(f"/{name}/image_raw/compressed", "sensor_msgs/msg/CompressedImage")
        compressed = message_class("sensor_msgs/msg/CompressedImage")
        for image in images:
            name, stamp, k = image["camera_name"], image["stamp_ns"], image["camera"]
            header = make_header(stamp, f"{name}_optical", message_class)
            camera = Camera(image["width"], image["height"], k["fx"], k["fy"], k["cx"], k["cy"])
            bag.write(f"/{name}/camera_info", camera_info_message(camera, header, message_class), stamp)
            data = np.frombuffer((layout.root / image["file_name"]).read_bytes(), np.uint8)
            bag.write(f"/{name}/image_raw/compressed", compressed(header, "jpeg", data), stamp)
    return len(images)
