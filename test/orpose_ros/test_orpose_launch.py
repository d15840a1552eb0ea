"""The launch files, wherever launch is installed; ROS 2 from pip wheels has none."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip(
    "orpose_msgs.msg._skeleton_info", reason="the ROS packages are not built or not sourced: source tools/ros_env.sh"
)
pytest.importorskip("launch_ros", reason="launch is not part of ROS 2 from pip wheels")

from launch.actions import IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource

from launch import LaunchDescription, LaunchService
from orpose_models.files.assets import asset
from orpose_ros.dds import share_folder
from orpose_ros.parameters import PARAMETERS

from support.rig import LIMIT, Rig  # isort: skip

DOMAIN = 84
FOLDER = share_folder() / "launch"


class LaunchProcess:
    """A launch file in a process group of its own, as a terminal would have it."""

    def __init__(self, folder: Path, file: str, *arguments: str) -> None:
        self.log_file = folder / "launch.txt"
        with self.log_file.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, __file__, str(FOLDER / file), *arguments],
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, "ROS_DOMAIN_ID": str(DOMAIN), "ROS_LOG_DIR": str(folder)},
                start_new_session=True,
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
            )

    @property
    def log(self) -> str:
        return self.log_file.read_text()

    def interrupt(self) -> int:
        """Ctrl-C, which a terminal sends to the whole group; the exit code."""
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(LIMIT)

    def kill(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


def test_every_parameter_is_an_argument() -> None:
    source = PythonLaunchDescriptionSource(str(FOLDER / "orpose.launch.py"))
    description = IncludeLaunchDescription(
        source
    ).launch_description_source.try_get_launch_description_without_context()
    assert description is not None
    arguments = {argument.name: argument.description for argument in description.get_launch_arguments()}
    assert set(PARAMETERS) < set(arguments)
    assert set(arguments) - set(PARAMETERS) == {"namespace", "params_file", "log_level", "rviz", "rviz_frame"}
    assert all(arguments[name].startswith(parameter.description) for name, parameter in PARAMETERS.items())


def test_a_bad_argument_is_refused_with_the_reason(tmp_path: Path) -> None:
    launch = LaunchProcess(tmp_path, "orpose.launch.py", "downsample:=40")
    assert launch.process.wait(LIMIT) == 1
    assert "parameter 'downsample' cannot be 40.0: it must be within 1 .. 12" in launch.log
    assert "process started" not in launch.log


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
    launch = LaunchProcess(tmp_path, file, *arguments, f"params_file:={parameters}", "downsample:=3", "threads:=1")
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


if __name__ == "__main__":
    given = [argument.split(":=", 1) for argument in sys.argv[2:]]
    service = LaunchService(argv=[])
    file_source = PythonLaunchDescriptionSource(sys.argv[1])
    service.include_launch_description(
        LaunchDescription([IncludeLaunchDescription(file_source, launch_arguments=[(k, v) for k, v in given])])
    )
    sys.exit(service.run())
