"""The launch files, wherever launch is installed; ROS 2 from pip wheels has none."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip(
    "orpose_msgs.msg._skeleton_info", reason="the ROS packages are not built or not sourced: source tools/ros_env.sh"
)
pytest.importorskip("launch_ros", reason="launch is not part of ROS 2 from pip wheels")

from launch.actions import IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource

from orpose_models.files.assets import asset
from orpose_ros.dds import share_folder
from orpose_ros.launching import NODE_ARGUMENTS
from orpose_ros.parameters import PARAMETERS

from support.rig import LIMIT, Rig  # isort: skip
from support.room_recordings import rig_text, room_cameras  # isort: skip

DOMAIN = 84
FOLDER = share_folder() / "launch"
RUNNER = Path(__file__).parents[1] / "support" / "launch_file.py"


class LaunchProcess:
    """A launch file in a process group of its own, as a terminal would have it."""

    def __init__(self, folder: Path, file: str, *arguments: str) -> None:
        self.log_file = folder / "launch.txt"
        with self.log_file.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, str(RUNNER), str(FOLDER / file), *arguments],
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, "ROS_DOMAIN_ID": str(DOMAIN), "ROS_LOG_DIR": str(folder)},
                start_new_session=True,
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
            )

    @property
    def log(self) -> str:
        return self.log_file.read_text()

    @property
    def runs(self) -> bool:
        return self.process.poll() is None

    def wait_for(self, words: str) -> None:
        """Until the log has these words."""
        end = time.monotonic() + LIMIT
        while words not in self.log:
            assert self.runs, self.log
            assert time.monotonic() < end, self.log
            time.sleep(0.02)

    def interrupt(self) -> int:
        """Ctrl-C, which a terminal sends to the whole group; the exit code."""
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(LIMIT)

    def leaves_nobody(self) -> bool:
        """Whether every process of the group ends."""
        end = time.monotonic() + LIMIT
        while time.monotonic() < end:
            try:
                os.killpg(self.process.pid, 0)
            except ProcessLookupError:
                return True
            time.sleep(0.05)
        return False

    def kill(self) -> None:
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return
        self.process.wait()


def test_every_parameter_is_an_argument() -> None:
    source = PythonLaunchDescriptionSource(str(FOLDER / "orpose.launch.py"))
    description = IncludeLaunchDescription(
        source
    ).launch_description_source.try_get_launch_description_without_context()
    assert description is not None
    arguments = {argument.name: argument.description for argument in description.get_launch_arguments()}
    assert set(arguments) == {*PARAMETERS, *NODE_ARGUMENTS}
    assert all(arguments[name].startswith(parameter.description) for name, parameter in PARAMETERS.items())


@pytest.mark.parametrize("file", ["orpose.launch.py", "multi_camera.launch.py"])
@pytest.mark.parametrize(
    ("argument", "reason"),
    [
        ("downsample:=40", "parameter 'downsample' cannot be 40.0: it must be within 1 .. 12"),
        ("downsampel:=4", "there is no launch argument 'downsampel'; is 'downsample' meant?"),
        ("rviz:=maybe", "launch argument 'rviz' cannot be 'maybe'"),
        ("params_file:=/nowhere.yaml", "parameter file /nowhere.yaml: no such file or directory"),
        ("params_file:=FILE", "holds nothing for /orpose/"),
    ],
)
def test_what_cannot_be_meant_ends_the_launch_with_the_reason(
    tmp_path: Path, file: str, argument: str, reason: str
) -> None:
    parameters = tmp_path / "mine.yaml"
    parameters.write_text("/orpose/pose_nod:\n  ros__parameters:\n    max_input_pixels: 5000\n")
    cameras = ["cameras:=left,right"] if file.startswith("multi") else []
    launch = LaunchProcess(tmp_path, file, *cameras, argument.replace("FILE", str(parameters)))
    try:
        assert launch.process.wait(LIMIT) == 1, launch.log
        assert reason in launch.log
        assert "process started" not in launch.log
        assert "Traceback" not in launch.log
    finally:
        launch.kill()


@pytest.mark.parametrize("argument", ["model:=nonesuch", "log_level:=loud"])
def test_a_node_that_does_not_start_ends_the_launch(tmp_path: Path, argument: str) -> None:
    launch = LaunchProcess(tmp_path, "orpose.launch.py", argument)
    try:
        assert launch.process.wait(LIMIT) == 1, launch.log
        assert "error: " in launch.log
        assert "/orpose/pose_node did not start" in launch.log
        assert "Traceback" not in launch.log
        assert launch.leaves_nobody()
    finally:
        launch.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_no_node_outlives_the_launch(tmp_path: Path, number: signal.Signals) -> None:
    launch = LaunchProcess(tmp_path, "multi_camera.launch.py", "cameras:=left,right", "autostart:=false")
    try:
        launch.wait_for("[pose_node-2]: process started")
        launch.process.send_signal(number)
        launch.process.wait(LIMIT)
        assert launch.leaves_nobody()
    finally:
        launch.kill()


@pytest.mark.parametrize("seconds", [0.0, 0.05, 0.1, 0.2, 0.5, 1.0])
def test_an_interrupt_while_the_node_starts_shows_no_traceback(tmp_path: Path, seconds: float) -> None:
    launch = LaunchProcess(tmp_path, "orpose.launch.py", "autostart:=false")
    try:
        launch.wait_for("process started")
        time.sleep(seconds)
        assert launch.interrupt() == 0, launch.log
        assert "Traceback" not in launch.log
        assert "process has finished cleanly" in launch.log
    finally:
        launch.kill()


@pytest.fixture
def weights() -> None:
    for name in ("movenet-multipose", "movenet-thunder"):
        asset(name)


@pytest.mark.usefixtures("weights")
@pytest.mark.parametrize(
    ("file", "arguments", "namespaces"),
    [
        ("orpose.launch.py", ("namespace:=orpose/ceiling",), ("/orpose/ceiling",)),
        ("multi_camera.launch.py", ("cameras:=left,right",), ("/orpose/left", "/orpose/right")),
    ],
)
def test_the_nodes_become_active_and_end_on_interrupt(
    tmp_path: Path, file: str, arguments: tuple[str, ...], namespaces: tuple[str, ...]
) -> None:
    parameters = tmp_path / "parameters.yaml"
    parameters.write_text("/**:\n  ros__parameters:\n    downsample: 2.0\n    marker_lifetime: 0.25\n")
    given = (f"params_file:={parameters}", "downsample:=3", "threads:=1", "model:=teacher-fast")
    launch = LaunchProcess(tmp_path, file, *arguments, *given)
    rigs = []
    try:
        for namespace in namespaces:
            rig = Rig(launch, DOMAIN, namespace)  # type: ignore[arg-type]
            rigs.append(rig)
            rig.wait(lambda rig=rig: rig.state() == "active", "activation")
            assert (rig.get_double("downsample"), rig.get_double("marker_lifetime")) == (3.0, 0.25)
        assert launch.interrupt() == 0, launch.log
        assert launch.log.count("process has finished cleanly") == len(namespaces)
    finally:
        launch.kill()
        for rig in rigs:
            rig.close()


@pytest.fixture
def rig(tmp_path: Path) -> str:
    (tmp_path / "rig.yaml").write_text(rig_text(room_cameras(2)))
    return f"rig_file:={tmp_path / 'rig.yaml'}"


@pytest.mark.parametrize(
    ("cameras", "argument", "reason"),
    [
        ("cam1,cam2", "tolerance:=2", "parameter 'tolerance' cannot be 2.0: it must be within 0 .. 1"),
        ("cam1,cam2", "rig_fil:=rig.yaml", "there is no launch argument 'rig_fil'; is 'rig_file' meant?"),
        ("cam1,cam2", "rig_file:=/nowhere.yaml", "/nowhere.yaml: no such file"),
        ("cam1", "tolerance:=0.1", "fusion is of 2 to 8 cameras, got 1"),
    ],
)
def test_a_room_that_cannot_be_meant_ends_the_launch_with_the_reason(
    tmp_path: Path, rig: str, cameras: str, argument: str, reason: str
) -> None:
    launch = LaunchProcess(tmp_path, "room.launch.py", f"cameras:={cameras}", rig, argument)
    try:
        assert launch.process.wait(LIMIT) == 1, launch.log
        assert reason in launch.log, launch.log
        assert "Traceback" not in launch.log
    finally:
        launch.kill()


def test_a_room_waits_for_its_cameras_and_ends_on_interrupt(tmp_path: Path, rig: str) -> None:
    launch = LaunchProcess(tmp_path, "room.launch.py", "cameras:=cam1,cam2", rig)
    try:
        launch.wait_for("waiting for poses of cam1, cam2")
        assert launch.interrupt() == 0, launch.log
        assert launch.leaves_nobody()
        assert "Traceback" not in launch.log
    finally:
        launch.kill()
