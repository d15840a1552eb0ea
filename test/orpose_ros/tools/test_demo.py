"""The demonstration's machinery with the real node, model and DDS, on a few images."""

import json
from pathlib import Path
from urllib.request import urlopen

import cv2
import numpy as np
import pytest

pytest.importorskip("rclpy", reason="ROS is not in this environment (make build; source tools/ros_env.sh)")

from orpose_models.datasets.bags.create import BagPlan, create_bag
from orpose_models.datasets.bags.reader import open_bag
from orpose_models.datasets.bags.topics import POSES2D, POSES3D
from orpose_models.datasets.bags.types import typestore
from orpose_models.datasets.frames import open_frames
from orpose_models.files.assets import asset
from orpose_models.messages.fields import stamp_of
from orpose_models.messages.pose_messages import poses_from_messages
from orpose_models.registry.pipelines import load_pipeline
from orpose_models.runs.bag_run import run_bag
from orpose_models.vocabulary.cameras import Camera
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.poses import Poses
from orpose_ros.tools.demo import Arrivals, live_view, run_demo
from orpose_ros.tools.marker_picture import save_marker_picture

PLAN = BagPlan(short_side=360, rate=0.5)
CAMERA = Camera(1088, 1920, 1673.7, 1673.8, 534.5, 963.2)


@pytest.fixture(autouse=True)
def own_domain(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ROS_DOMAIN_ID", "72")
    monkeypatch.setenv("ROS_LOG_DIR", str(tmp_path / "log"))


def play(bag: Path, **parameters: object) -> Arrivals:
    settings = {"model": "teacher-fast", "threads": 1, **parameters}
    return run_demo(bag, PLAN.topic, "/orpose/camera_info", settings, 1.0, bag.parent / "log.txt")


def run_in_code(bag: Path, out: Path) -> dict[int, Poses]:
    pipeline = load_pipeline("teacher-fast", score_threshold=0.3, tracking=True, threads=1)
    run_bag(open_bag(bag), out, pipeline, PLAN.topic)
    read = (
        [typestore().deserialize_cdr(m.data, m.type) for m in open_bag(out).messages([topic])]
        for topic in (POSES2D, POSES3D)
    )
    return {stamp_of(a.header): poses_from_messages(a, b)[0] for a, b in zip(*read, strict=True)}


def test_nobody_in_the_images_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    for i in range(2):
        cv2.imwrite(str(tmp_path / "images" / f"{i}.png"), np.zeros((480, 270, 3), np.uint8))
    create_bag(open_frames(tmp_path / "images"), tmp_path / "bag", PLAN, CAMERA.resized(270, 480))
    with pytest.raises(OrposeError, match=r"no poses with persons arrived over DDS \([0-2] images seen published\)"):
        play(tmp_path / "bag")


def test_a_node_without_its_model_is_a_failure(tmp_path: Path) -> None:
    with pytest.raises(OrposeError, match="the node did not become active: not configured: model 'nope' is not known"):
        play(tmp_path / "bag", model="nope")


def test_what_arrives_over_dds_is_what_the_code_computes(tmp_path: Path) -> None:
    frames = open_frames(asset("multiperson") / "cam02.mp4")
    create_bag(frames, tmp_path / "bag", BagPlan(short_side=360, rate=0.5, stride=30), CAMERA)
    arrivals = play(tmp_path / "bag")
    arrived = arrivals.poses()
    computed = run_in_code(tmp_path / "bag", tmp_path / "poses")
    assert len(computed) == 4
    assert arrived.keys() == computed.keys()
    for stamp, poses in computed.items():
        assert len(poses) >= 2
        for name, array in vars(poses).items():
            if name != "ids":
                np.testing.assert_array_equal(getattr(arrived[stamp], name), array, err_msg=name)
    assert any("4 with poses" in line for line in arrivals.summary())
    save_marker_picture(arrivals.markers, tmp_path / "markers.png")
    picture = cv2.imread(str(tmp_path / "markers.png"))
    assert picture is not None
    # Left is orange, right is blue: coloured pixels are there.
    spread = picture.max(axis=2).astype(int) - picture.min(axis=2)
    assert (spread > 100).sum() > 500


def test_the_live_view_shows_what_arrives(tmp_path: Path) -> None:
    frames = open_frames(asset("multiperson") / "cam02.mp4")
    create_bag(frames, tmp_path / "bag", BagPlan(short_side=360, rate=0.5, stride=60), CAMERA)
    said: list[str] = []
    with live_view([0.0, 1.0, 0.0], tmp_path / "view.txt", said.append):
        play(tmp_path / "bag")
        address = said[0].split()[2].rstrip(",")
        with urlopen(f"{address}state.json") as answer:
            state = json.load(answer)
        with urlopen(f"{address}picture/cam02.jpg") as answer:
            assert answer.read(2) == b"\xff\xd8"
    assert len(state["persons"]) >= 2
    joints = np.array([p for p in state["persons"][0]["joints"] if p is not None])
    assert 0.5 < np.ptp(joints[:, 2]) < 2.2
    assert any("poses" in line["name"] for line in state["health"])


def test_a_live_view_that_does_not_start_is_a_failure(tmp_path: Path) -> None:
    with (
        pytest.raises(OrposeError, match=r"the live view does not start; see .*view\.txt"),
        live_view([float("nan")] * 3, tmp_path / "view.txt", print),
    ):
        pass
