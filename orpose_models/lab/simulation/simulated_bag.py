"""A simulated split as a rosbag2: synchronised cameras with their intrinsics, and where they are if they stay there."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from orpose_models.datasets.bags.types import message_class
from orpose_models.datasets.bags.writer import BagWriter, new_bag
from orpose_models.files.disk import read_json
from orpose_models.lab.simulation.dataset import Layout
from orpose_models.messages.camera_info import camera_info_message
from orpose_models.messages.fields import make_header
from orpose_models.messages.transforms import Frame, tf_message
from orpose_models.vocabulary.cameras import Camera
from orpose_models.vocabulary.errors import OrposeError


def write_bag(layout: Layout, out: str | Path) -> int:
    """Put the pictures of a complete split into a new bag; one that is there is replaced.

    Topics are `/camK/image_raw/compressed` (the JPEG files as they are) and `/camK/camera_info`, frames
    `camK_optical`. Pictures of one moment have the same stamp. Every scene has its own room and cameras, so that
    intrinsics change from scene to scene; where all scenes are in one room, `/tf_static` has the cameras' places.

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
        first, *others = read_json(layout.cameras)["scenes"].values()
        if all(places == first for places in others):
            write_places(bag, first, images[0]["stamp_ns"])
        compressed = message_class("sensor_msgs/msg/CompressedImage")
        for image in images:
            name, stamp, k = image["camera_name"], image["stamp_ns"], image["camera"]
            header = make_header(stamp, f"{name}_optical", message_class)
            camera = Camera(image["width"], image["height"], k["fx"], k["fy"], k["cx"], k["cy"])
            bag.write(f"/{name}/camera_info", camera_info_message(camera, header, message_class), stamp)
            data = np.frombuffer((layout.root / image["file_name"]).read_bytes(), np.uint8)
            bag.write(f"/{name}/image_raw/compressed", compressed(header, "jpeg", data), stamp)
    return len(images)


def write_places(bag: BagWriter, cameras: Sequence[Mapping[str, Any]], stamp_ns: int) -> None:
    """Where cameras are, as `dataset.placed_cameras` has them: one message on `/tf_static`, in the frame `room`."""
    places = [Frame(f"{c['name']}_optical", np.array(c["position"]), np.array(c["rotation"])) for c in cameras]
    bag.add_topic("/tf_static", "tf2_msgs/msg/TFMessage", transient_local=True)
    header = make_header(stamp_ns, "room", message_class)
    bag.write("/tf_static", tf_message(places, header, message_class), stamp_ns)
