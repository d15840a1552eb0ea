"""Recordings of the made-up room, whose images say by their grey which moment they show."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from orpose_models.datasets.bags.types import message_class
from orpose_models.datasets.bags.writer import new_bag
from orpose_models.datasets.multiview import PlacedCamera
from orpose_models.messages.camera_info import camera_info_message
from orpose_models.messages.fields import make_header
from orpose_models.messages.images import bgr_to_image
from orpose_models.messages.transforms import Frame, tf_message
from orpose_models.vocabulary.cameras import Camera
from orpose_models.vocabulary.poses import Poses
from orpose_models.vocabulary.resolution import Size

from support.room import Floats, rig, seen, standing  # isort: skip

START_NS = 1_700_000_000_000_000_000
SIZE = (64, 48)
STEP = 10  # of grey from moment to moment


def room_cameras(count: int) -> list[PlacedCamera]:
    """Cameras around the room that can be told apart by their intrinsics."""
    return [replace(view, camera=replace(view.camera, cx=view.camera.cx + 10 * k)) for k, view in enumerate(rig(count))]


def people(moment: int) -> list[Floats]:
    """Who is in the room: one walks, one stands."""
    return [standing(-0.6 + 0.1 * moment, 0.5), standing(0.4, -0.5, 1.0)]


@dataclass
class RoomSeer:
    """Knows what a camera sees of the room at the moment that an image shows."""

    cameras: Sequence[PlacedCamera]
    name: str = "seer"
    sha256: str = "1" * 64
    engine: str = "numpy"
    asked: list[Size] = field(default_factory=list)

    def predict(
        self,
        image: NDArray[np.uint8],
        full_size: Size | None = None,
        camera: Camera | None = None,
        min_score: float = 0.0,
    ) -> Poses:
        self.asked.append((image.shape[1], image.shape[0]))
        assert camera is not None
        views = [view.resized(camera.width, camera.height) for view in self.cameras]
        view = min(views, key=lambda one: abs(one.camera.cx - camera.cx))
        poses = seen(view, people(round(float(image.mean()) / STEP)))
        return poses.with_arrays(root=np.full_like(poses.root, np.nan), root_std=np.full_like(poses.root_std, np.nan))


def picture(moment: int) -> NDArray[np.uint8]:
    return np.full((SIZE[1], SIZE[0], 3), STEP * moment, np.uint8)


def quaternion(rotation: Floats) -> list[float]:
    """x, y, z, w of a rotation (3, 3)."""
    _, vectors = np.linalg.eigh(_symmetric(rotation))
    return [float(v) for v in vectors[:, -1]]


def _symmetric(r: Floats) -> Floats:
    return np.array(
        [
            [r[0, 0] - r[1, 1] - r[2, 2], r[0, 1] + r[1, 0], r[0, 2] + r[2, 0], r[2, 1] - r[1, 2]],
            [r[0, 1] + r[1, 0], r[1, 1] - r[0, 0] - r[2, 2], r[1, 2] + r[2, 1], r[0, 2] - r[2, 0]],
            [r[0, 2] + r[2, 0], r[1, 2] + r[2, 1], r[2, 2] - r[0, 0] - r[1, 1], r[1, 0] - r[0, 1]],
            [r[2, 1] - r[1, 2], r[0, 2] - r[2, 0], r[1, 0] - r[0, 1], np.trace(r)],
        ]
    )


def rig_text(cameras: Sequence[PlacedCamera]) -> str:
    """A rig file."""
    lines = ["frame: theatre", "cameras:"]
    for view in cameras:
        turn = quaternion(view.rotation.T)
        lines += [f"  {view.name}:", f"    position: {view.position.tolist()}", f"    quaternion: {turn}"]
    return "\n".join(lines) + "\n"


def write_room_bag(
    path: Path, cameras: Sequence[PlacedCamera], moments: int, with_tf: bool = True, with_depth: bool = False
) -> None:  # 10 Hz, cameras 3 ms apart
    with new_bag(path) as bag:
        bag.add_topic("/tf_static", "tf2_msgs/msg/TFMessage", transient_local=True)
        for view in cameras:
            bag.add_topic(f"/{view.name}/image_raw", "sensor_msgs/msg/Image")
            bag.add_topic(f"/{view.name}/camera_info", "sensor_msgs/msg/CameraInfo")
            if with_depth:
                bag.add_topic(f"/{view.name}/depth/image_raw", "sensor_msgs/msg/Image")
        if with_tf:
            places = [Frame(f"{view.name}_optical", view.position, view.rotation.T) for view in cameras]
            header = make_header(START_NS, "room", message_class)
            bag.write("/tf_static", tf_message(places, header, message_class), START_NS)
        for moment in range(moments):
            for k, view in enumerate(cameras):
                stamp = START_NS + 100_000_000 * moment + 3_000_000 * k
                header = make_header(stamp, f"{view.name}_optical", message_class)
                camera = view.camera.resized(*SIZE)
                bag.write(f"/{view.name}/camera_info", camera_info_message(camera, header, message_class), stamp)
                bag.write(f"/{view.name}/image_raw", bgr_to_image(picture(moment), header, message_class), stamp)
                if with_depth:
                    nothing = np.zeros(2, np.uint8)
                    depth = message_class("sensor_msgs/msg/Image")(header, 1, 1, "16UC1", 0, 2, nothing)
                    bag.write(f"/{view.name}/depth/image_raw", depth, stamp)
