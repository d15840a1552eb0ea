"""What several test folders share."""

import os
import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from orpose_models.bags.types import message_class as rosbags_class


@pytest.fixture(params=["rosbags", "rclpy"], scope="session")
def message_types(request: pytest.FixtureRequest) -> Callable[[str], Any]:
    """A lookup of message classes by name: once of rosbags' classes, once of rclpy's."""
    if request.param == "rosbags":
        return rosbags_class
    # A file of the built package: in the repository's root its source folder would pass for the package.
    if find_spec("orpose_msgs.msg._skeleton_info") is None:
        pytest.skip("the ROS packages are not built or not sourced (make build; source tools/ros_env.sh)")
    from orpose_ros.message_types import message_class

    return message_class


@pytest.fixture(scope="module")
def one_thread() -> Iterator[None]:
    """torch on one thread: several that wait for each other on busy cores take many times longer."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def detectron2() -> Iterator[None]:
    """detectron2's Python part, which `make env-detectron2` keeps apart from the environment.

    It comes last on the path, so that nothing beside it hides what the environment has.
    """
    folder = str(Path(sys.prefix) / "detectron2")
    sys.path.append(folder)
    if find_spec("detectron2") is None:
        sys.path.remove(folder)
        pytest.skip("detectron2 is not installed; run: make env-detectron2")
    yield
    sys.path.remove(folder)


@pytest.fixture(scope="session")
def mvor_folder() -> Path:
    """MVOR's annotations and published detections: ORPOSE_MVOR, or shared/data/mvor beside the checkout."""
    given = os.environ.get("ORPOSE_MVOR")
    folder = Path(given) if given else Path(__file__).resolve().parents[2] / "shared" / "data" / "mvor"
    if not (folder / "camma_mvor_2018.json").is_file():
        pytest.skip("MVOR is not here; set ORPOSE_MVOR to the folder with its annotations and published detections")
    return folder
