"""The executable: how it starts and ends."""

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


from support.node_checks import DOMAIN  # isort: skip
from support.rig import LIMIT, NodeProcess  # isort: skip


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_it_starts_ends_it_well(number: signal.Signals, tmp_path: Path) -> None:
    process = NodeProcess(tmp_path, {"ROS_DOMAIN_ID": str(DOMAIN)})
    maps = Path(f"/proc/{process.process.pid}/maps")
    end = time.monotonic() + LIMIT
    # rclpy is being imported
    while "librcl" not in maps.read_text() and time.monotonic() < end:
        time.sleep(0.01)
    assert process.end(number) == 0, process.log
    assert process.log == ""


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["-p", "downsample:=40.0"], "out of range"),
        (["-p", "downsample:=true"], "DOUBLE"),
        (["-p", "image_reliability:=maybe"], "must be one of"),
        (["--params-file", "nowhere.yaml"], "parameter file nowhere.yaml: no such file or directory"),
        (["-p", "max_input_pixel:=2000"], "there is no parameter 'max_input_pixel'; is 'max_input_pixels' meant?"),
        (
            ["-p", "model:=nonesuch", "-p", "end_if_unconfigured:=true"],
            "did not become active: model 'nonesuch' is",
        ),
        (["--log-level", "loud"], "ROS cannot be started: "),
    ],
)
def test_a_bad_start_ends_the_node_with_the_reason(arguments: list[str], reason: str, tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "orpose_ros.pose_node", "--ros-args", *arguments],
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
        env={**os.environ, "ROS_DOMAIN_ID": str(DOMAIN), "ROS_LOG_DIR": str(tmp_path)},
    )
    assert ended.returncode == 2
    assert ended.stderr.splitlines()[-1].startswith("error: ")
    assert reason in ended.stderr
    assert "Traceback" not in ended.stderr


def test_what_is_given_for_a_parameter_that_there_is_not_is_told(tmp_path: Path) -> None:
    given = {"frame_rate": 30, "downsample": 4, "use_sim_time": False, "autostart": False}
    process = NodeProcess(tmp_path, {"ROS_DOMAIN_ID": str(DOMAIN)}, **given)
    try:
        end = time.monotonic() + LIMIT
        while "is ignored" not in process.log and process.runs and time.monotonic() < end:
            time.sleep(0.05)
        assert process.end(signal.SIGINT) == 0, process.log
        told = [line.partition("]: ")[2] for line in process.log.splitlines()]
        assert told == ["there is no parameter 'frame_rate', it is ignored"]
    finally:
        process.kill()
