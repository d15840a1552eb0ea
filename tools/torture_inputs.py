"""Valid inputs of each kind, small ones, what reads them, and damages of their bytes: for `tools/torture.py`."""

import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from orpose_models.datasets.bags.bag_pictures import decoded, picture
from orpose_models.datasets.bags.reader import open_bag
from orpose_models.datasets.bags.types import message_class, typestore
from orpose_models.datasets.bags.writer import STORAGES, new_bag
from orpose_models.datasets.by_name import open_dataset
from orpose_models.datasets.camera_file import read_camera
from orpose_models.datasets.frames import open_frames
from orpose_models.files.picture_writer import PictureWriter
from orpose_models.files.predictions import ImagePrediction, Predictions
from orpose_models.messages.camera_info import camera_from_info, camera_info_message
from orpose_models.messages.compressed_images import bgr_to_compressed
from orpose_models.messages.fields import make_header
from orpose_models.messages.images import bgr_to_image
from orpose_models.model_format.manifest import read_manifest
from orpose_models.training.labels import ImageLabels, LabelSet
from orpose_models.vocabulary.cameras import Camera
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.poses import Poses
from orpose_models.vocabulary.resolution import Resolution

SHIPPED = Path(__file__).parents[1] / "orpose_models/models/orpose-all-light"
CAMERA = "image_width: 64\nimage_height: 48\ncamera_matrix: {rows: 3, cols: 3, data: [50, 0, 32, 0, 50, 24, 0, 0, 1]}\n"
COCO = {
    "categories": [{"id": 1, "name": "person"}],
    "images": [{"id": 1, "file_name": "a.png", "width": 64, "height": 48}],
    "annotations": [
        {"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 2, 30, 40], "area": 900, "iscrowd": 0}
        | {"keypoints": [20, 20, 2] * 17, "num_keypoints": 17}
    ],
}

Reader = Callable[[Path], Any]


def read_frames(path: Path) -> None:
    """Every frame of an image or video."""
    for _ in open_frames(path).frames():
        pass


def read_bag(path: Path) -> None:
    """Every message of a bag; pictures are decoded, and a message that is refused does not end the bag."""
    for message in open_bag(path).messages():
        read_message(message)


def read_message(message: Any) -> None:
    """An image or a camera info."""
    try:
        content = decoded(message)
        camera_from_info(content) if message.type.endswith("CameraInfo") else picture(content)
    except OrposeError:
        pass


def make_inputs(folder: Path) -> dict[str, tuple[Path, Reader]]:
    """Valid inputs of each kind, small ones, and what reads them."""
    noise = np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)
    inputs: dict[str, tuple[Path, Reader]] = {}
    for suffix in (".jpg", ".png", ".bmp", ".tiff", ".webp", ".ppm", ".jp2"):
        path = folder / f"a{suffix}"
        path.write_bytes(cv2.imencode(suffix, noise)[1].tobytes())
        inputs[f"image {suffix}"] = path, read_frames
    with PictureWriter(folder / "a.mp4", 10) as writer:
        for i in range(5):
            writer.write("", np.roll(noise, i * 5, 1))
    inputs["video .mp4"] = folder / "a.mp4", read_frames
    for storage in STORAGES:
        with new_bag(folder / storage, storage) as bag:
            header = make_header(10**9, "camera", message_class)
            messages = {
                "/raw": bgr_to_image(noise, header, message_class),
                "/jpeg": bgr_to_compressed(noise, header, message_class),
                "/camera_info": camera_info_message(Camera(64, 48, 50, 50, 32, 24), header, message_class),
            }
            for topic, message in messages.items():
                bag.add_topic(topic, message.__msgtype__)
                bag.write(topic, message, 10**9)
        path = next(file for file in (folder / storage).iterdir() if file.suffix in (".mcap", ".db3"))
        inputs[f"bag {path.suffix}"] = path, read_bag
    for message in messages.values():
        kind = message.__msgtype__
        path = folder / kind.rpartition("/")[2]
        path.write_bytes(bytes(typestore().serialize_cdr(message, kind)))
        inputs[f"message {path.name}"] = path, _Message(kind)
    (folder / "camera.yaml").write_text(CAMERA)
    inputs["camera .yaml"] = folder / "camera.yaml", read_camera
    (folder / "coco.json").write_text(json.dumps(COCO))
    inputs["annotations .json"] = folder / "coco.json", lambda path: open_dataset(f"coco:{path}", path.parent)
    (folder / "model").mkdir()
    shutil.copyfile(SHIPPED / "model.json", folder / "model" / "model.json")
    inputs["model.json"] = folder / "model" / "model.json", lambda path: read_manifest(path.parent)
    predictions().save(folder / "predictions.json")
    inputs["predictions .json"] = folder / "predictions.json", Predictions.load
    labels(folder).save(folder / "labels.json")
    inputs["labels .json"] = folder / "labels.json", LabelSet.load
    return inputs


def _person() -> Poses:
    points = np.full((1, 17, 2), 20.0, np.float32)
    return Poses.from_arrays([[1, 2, 31, 42]], [0.9], points, np.full((1, 17), 0.5), joints3d=np.zeros((1, 17, 3)))


def predictions() -> Predictions:
    """One person in one image."""
    return Predictions([ImagePrediction(1, "a.png", Resolution((64, 48), (64, 48), 1.0), _person(), 10**9)], {})


def labels(folder: Path) -> LabelSet:
    """Labels of one person in one image, which lies in `folder`."""
    camera = Camera(64, 48, 50, 50, 32, 24)
    return LabelSet([ImageLabels(1, "a.png", (64, 48), _person(), _person(), 0, camera)], [folder], {"accept": 0.3})


class _Message:
    """Reads the bytes of a message as if they came from a bag."""

    def __init__(self, kind: str) -> None:
        self.type = kind
        self.data = b""

    def __call__(self, path: Path) -> None:
        self.data = path.read_bytes()
        content = decoded(self)  # type: ignore[arg-type]
        camera_from_info(content) if self.type.endswith("CameraInfo") else picture(content)


def damaged(content: bytes, rng: random.Random) -> bytes:
    """One to four damages: bits, bytes of extreme values, a piece lost, doubled, moved or cut off, digits changed."""
    data = bytearray(content)
    for _ in range(rng.randint(1, 4)):
        place = rng.randrange(len(data) or 1)
        length = rng.choice((1, 2, 4, 8, 64, 1000))
        kind = rng.randrange(7)
        if kind == 0 and data:
            data[place] ^= 1 << rng.randrange(8)
        elif kind == 1:
            data[place : place + length] = rng.choice((b"\xff", b"\x00", b"\x7f", b"\x80")) * min(length, 8)
        elif kind == 2:
            del data[place : place + length]
        elif kind == 3:
            data[place:place] = data[place : place + length]
        elif kind == 4:
            data[place:place] = rng.randbytes(length)
        elif kind == 5:
            del data[place:]
        else:
            digits = [i for i in range(len(data)) if 48 <= data[i] <= 57][:5000]
            if digits:
                at = rng.choice(digits)
                data[at : at + 1] = rng.choice((b"-1", b"1e308", b"99999999999999999999", b"null", b'"', b"NaN", b"0"))
    return bytes(data)
