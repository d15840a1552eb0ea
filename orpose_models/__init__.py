"""orpose as a library: 2D and 3D poses of everybody in an operating room, in plain Python, without ROS or torch.

    import orpose_models as orpose

    model = orpose.load("orpose-all-light")
    poses = model.predict(orpose.read_image("room.jpg"))

The names below are what programs may rely on: docs/library.md. Each is imported when it is first used.
"""

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

# ONNX Runtime's wheels report to its maker, over the network, what is run; they read this when they are imported.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

if TYPE_CHECKING:
    from orpose_models.datasets.camera_file import read_camera
    from orpose_models.datasets.frames import open_frames
    from orpose_models.datasets.image_file import read_image
    from orpose_models.drawing.overlays import draw_poses
    from orpose_models.files.predictions import Predictions
    from orpose_models.registry.pipelines import load_pipeline as load
    from orpose_models.runs.bag_images import open_bag_images
    from orpose_models.runs.pictures import draw_scene3d
    from orpose_models.runtime.pipeline import Pipeline
    from orpose_models.vocabulary.cameras import Camera
    from orpose_models.vocabulary.errors import OrposeError
    from orpose_models.vocabulary.poses import Poses
    from orpose_models.vocabulary.skeletons import COCO17, H36M17

_WHERE = {
    "COCO17": "vocabulary.skeletons",
    "Camera": "vocabulary.cameras",
    "H36M17": "vocabulary.skeletons",
    "OrposeError": "vocabulary.errors",
    "Pipeline": "runtime.pipeline",
    "Poses": "vocabulary.poses",
    "Predictions": "files.predictions",
    "draw_poses": "drawing.overlays",
    "draw_scene3d": "runs.pictures",
    "load": "registry.pipelines",
    "open_bag_images": "runs.bag_images",
    "open_frames": "datasets.frames",
    "read_camera": "datasets.camera_file",
    "read_image": "datasets.image_file",
}
_OTHER_NAMES = {"load": "load_pipeline"}

__all__ = [
    "COCO17",
    "H36M17",
    "Camera",
    "OrposeError",
    "Pipeline",
    "Poses",
    "Predictions",
    "draw_poses",
    "draw_scene3d",
    "load",
    "open_bag_images",
    "open_frames",
    "read_camera",
    "read_image",
]


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_WHERE[name]}"), _OTHER_NAMES.get(name, name))
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
