"""What several test folders share."""

import os
import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from support.imports import foreign

from orpose_models.datasets.bags.types import message_class as rosbags_class

# Nothing is to depend on how busy the machine is.
settings.register_profile("orpose", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("orpose")

_LABORATORY = Path(__file__).parent / "lab"  # its modules import what they need only when they are used
LEFT_OUT = pytest.StashKey[dict[str, set[str]]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    help_text = "leave out the files of tests that need torch, or another package that is not installed"
    parser.addoption("--torch-free", action="store_true", help=help_text)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Whether to leave a file of tests out: only where one asks for it, so that a broken environment shows."""
    if not config.getoption("--torch-free") or not collection_path.name.startswith("test_"):
        return None
    if collection_path.suffix != ".py":
        return None
    needed = foreign(collection_path) | ({"pyvista"} if collection_path.is_relative_to(_LABORATORY) else set())
    missing = {name for name in needed if name == "torch" or find_spec(name) is None}
    if missing:
        config.stash.setdefault(LEFT_OUT, {})[collection_path.name] = missing
    return bool(missing) or None


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say which files were left out, and for what."""
    for name, missing in sorted(config.stash.get(LEFT_OUT, {}).items()):
        terminalreporter.write_line(f"left out: {name}, which needs {', '.join(sorted(missing))}")


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
    torch = pytest.importorskip("torch")

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def student_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A light student that has learned nothing yet: COCO's network, trained lifters. Its hard branch and its layers for
    images of few pixels are a little aside.
    """
    torch = pytest.importorskip("torch")

    from orpose_models.model_format.student_config import OneStageConfig
    from orpose_models.student.one_stage import OneStageStudent
    from orpose_models.student.weights import load_coco_start, save_student

    student = OneStageStudent(OneStageConfig(small_limit=96)).eval()
    assert student.small is not None
    load_coco_start(student)
    with torch.no_grad():
        # Branches that are alike could be taken for one another unnoticed.
        student.heatmaps["hard"].output.bias -= 0.3
        student.offsets["hard"].output.bias += 0.05
        student.small.offsets["soft"].output.bias += 0.03
    path = tmp_path_factory.mktemp("checkpoint") / "start.safetensors"
    save_student(path, student, {"steps": 3, "labels": "/home/somebody/labels.json"})
    return path


@pytest.fixture(scope="session")
def exported_student(student_checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that `orpose export` makes of `student_checkpoint`."""
    torch = pytest.importorskip("torch")

    from orpose_models.cli.main import run

    out = tmp_path_factory.mktemp("exported") / "start"
    threads = torch.get_num_threads()
    settings = [part for name in ("max_persons=20", "short_side=256", "long_side=512") for part in ("--set", name)]
    assert run(["export", str(student_checkpoint), "--out", str(out), *settings]) == 0
    torch.set_num_threads(threads)
    return out


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
