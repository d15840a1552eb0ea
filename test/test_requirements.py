"""What is required: what is imported is named, the node needs no more than it must, locks fit the ranges."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from support.imports import ROOT, file_of, foreign, imports

from orpose_models.vocabulary.installing import extra_with, pip_install

REQUIREMENTS = ROOT / "requirements"
# What a package is imported by, where it is not its name.
MODULES = {
    "opencv-python-headless": "cv2",
    "pillow": "PIL",
    "pyyaml": "yaml",
    "typing-extensions": "typing_extensions",
    "mannequin-x": "mannequin",
    "pyvista": "vtkmodules pyvista",
}
# Of a ROS installation, not of pip; or taken where a user has it.
ROS = [
    "rclpy",
    "rcl_interfaces",
    "lifecycle_msgs",
    "sensor_msgs",
    "std_msgs",
    "std_srvs",
    "geometry_msgs",
    "visualization_msgs",
    "diagnostic_msgs",
    "builtin_interfaces",
    "ament_index_python",
    "cv_bridge",
    "tf2_ros",
    "launch",
    "launch_ros",
    "orpose_msgs",
]
OPTIONAL = ["detectron2", "mediapipe", "openvino", "rerun"]


def named(file: str) -> dict[str, list[Requirement]]:
    """What a file requires, by name, with what it includes."""
    found: dict[str, list[Requirement]] = {}
    for line in (REQUIREMENTS / file).read_text().splitlines():
        line = line.partition("#")[0].strip()
        if line.startswith("-r "):
            for name, parts in named(line[3:]).items():
                found.setdefault(name, []).extend(parts)
        elif line:
            requirement = Requirement(line)
            found.setdefault(canonicalize_name(requirement.name), []).append(requirement)
    return found


def modules(file: str) -> set[str]:
    return {module for name in named(file) for module in MODULES.get(name, name.replace("-", "_")).split()}


def locked(file: str) -> dict[str, str]:
    """The versions in a lock, by name."""
    text = (REQUIREMENTS / "lock" / file).read_text()
    return {canonicalize_name(name): version for name, version in re.findall(r"^([\w.-]+)==([^\s;]+)", text, re.M)}


def test_the_node_imports_what_runtime_names() -> None:
    node, runtime = file_of("orpose_ros.node"), file_of("orpose_models.runtime.student")
    assert node is not None
    assert runtime is not None
    assert sorted((foreign(node) | foreign(runtime)) - modules("runtime.txt") - set(ROS)) == []


def test_everything_imported_is_named() -> None:
    tops = {
        module.partition(".")[0]
        for folder in ("orpose_models", "orpose_ros", "launch")
        for path in (ROOT / folder).rglob("*.py")
        for module in imports(path)
    }
    ours = {"orpose_models", "orpose_ros", ""}
    assert sorted(tops - ours - set(sys.stdlib_module_names) - modules("lab.txt") - set(ROS) - set(OPTIONAL)) == []


def test_the_runtime_has_nothing_of_the_command_line() -> None:
    assert (
        set(named("runtime.txt")) & {"matplotlib", "pycocotools", "typer", "rich", "rosbags", "onnx", "torch", "av"}
        == set()
    )


@pytest.mark.parametrize("version", ["1.26.4", "2.0.0", "2.5.5"])
def test_numpy_1_and_2_are_allowed(version: str) -> None:
    assert all(requirement.specifier.contains(version) for requirement in named("lab.txt")["numpy"])


@pytest.mark.parametrize(
    ("lock", "files"),
    [
        ("command.txt", ["command.txt", "build.txt"]),
        ("test.txt", ["test.txt"]),
        ("ros.txt", ["ros.txt", "runtime.txt"]),
    ],
)
def test_locks_fit_the_ranges_and_have_hashes(lock: str, files: list[str]) -> None:
    versions = locked(lock)
    for file in files:
        for name, requirements in named(file).items():
            assert all(requirement.specifier.contains(versions[name]) for requirement in requirements), name
    text = (REQUIREMENTS / "lock" / lock).read_text()
    assert all("--hash=sha256:" in entry for entry in re.split(r"\n(?=[\w])", text) if "==" in entry)


def test_locks_agree() -> None:
    """One is installed on top of the other."""
    test = locked("test.txt")
    for lock in ("command.txt", "ros.txt"):
        both = locked(lock).keys() & test.keys()
        assert {name: locked(lock)[name] for name in both} == {name: test[name] for name in both}
        assert len(both) > 10


def test_a_predict_with_what_the_node_has() -> None:
    """In a process in which nothing can be imported that only the command line, training or the laboratory need."""
    code = """
import sys

class Nowhere:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in REFUSED:
            raise ModuleNotFoundError(name, name=name)

REFUSED = set(sys.argv[1].split())
sys.meta_path.insert(0, Nowhere())
import numpy as np
from orpose_models.registry.models import DEFAULT_MODEL, load_model
from orpose_models.runtime.pipeline import Pipeline
from orpose_models.vocabulary.cameras import Camera

result = Pipeline(load_model(DEFAULT_MODEL, 1)).process(np.zeros((96, 128, 3), np.uint8), Camera.from_fov(128, 96))
print(len(result.poses), sorted(REFUSED & {name.partition(".")[0] for name in sys.modules}))
try:
    load_model("teacher")
except Exception as error:
    print(type(error).__name__, error)
"""
    refused = " ".join(sorted(modules("lab.txt") - modules("runtime.txt")))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
    command = [sys.executable, "-c", code, refused]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "0 []",
        f"OrposeError the teacher needs onnx: {pip_install('command')}",
    ]


def test_each_module_is_of_the_smallest_extra_that_installs_it() -> None:
    extras = ("command", "train", "lab")
    smaller = modules("runtime.txt") | {"setuptools"}  # which no module of ours imports
    for extra in extras:
        found = modules(f"{extra}.txt") - smaller
        assert {module: extra_with(f"{module}.part") for module in found} == dict.fromkeys(found, extra)
        smaller |= found


def test_the_command_without_its_packages_says_what_to_install() -> None:
    code = "import sys; sys.modules['typer'] = None; from orpose_ros.tools.command import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.strip() == f"error: the command orpose needs typer: {pip_install('command')}"


@pytest.mark.parametrize("colcon", ["0", "1"])
def test_what_setup_installs(tmp_path: Path, colcon: str) -> None:
    """colcon installs no laboratory; the name and the version of Python are as declared.

    As colcon does with --symlink-install, setup.py is run by a link to it in a folder without the requirements.
    """
    pytest.importorskip("setuptools", reason="environments of Python 3.12 and later have no setuptools of their own")
    for name in ("setup.py", "orpose_models", "orpose_ros"):
        (tmp_path / name).symlink_to(ROOT / name)
    code = (
        "import runpy, setuptools; setuptools.setup = lambda **given: print(given['python_requires'], "
        "'orpose_models.lab' in given['packages'], len(given['install_requires']), sorted(given['extras_require']));"
        "runpy.run_path('setup.py')"
    )
    environment = {**os.environ, "COLCON": colcon}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    runtime = sum(len(parts) for parts in named("runtime.txt").values())
    extras = ["command", "lab", "openvino", "test", "train"]
    assert done.stdout.strip() == f">=3.10 {colcon != '1'} {runtime} {extras}"
