from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from orpose_models.datasets.bags.reader import Bag, open_bag
from orpose_models.datasets.bags.topics import POSES2D, POSES3D
from orpose_models.datasets.bags.types import message_class
from orpose_models.datasets.bags.writer import new_bag
from orpose_models.datasets.truth import Truth
from orpose_models.evaluation.bag_poses import match_bag, poses_topic
from orpose_models.evaluation.evaluate import Settings, evaluate
from orpose_models.messages.fields import make_header
from orpose_models.messages.pose_messages import poses2d_message, poses3d_message
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.poses import Poses
from orpose_models.vocabulary.resolution import Resolution

FULL = Resolution((640, 480), (640, 480), 1.0)
CENTRES: list[tuple[float, float]] = [(100, 150), (400, 200)]


def record(path: Path, poses: dict[int, Poses], in_space: bool = True) -> Bag:
    """A bag of poses by stamp in nanoseconds."""
    with new_bag(path, "mcap", {}) as writer:
        writer.add_topic(POSES2D, "orpose_msgs/msg/PersonPose2DArray")
        if in_space:
            writer.add_topic(POSES3D, "orpose_msgs/msg/PersonPose3DArray")
        for stamp, persons in poses.items():
            header = make_header(stamp, "camera", message_class)
            writer.write(POSES2D, poses2d_message(persons, FULL, header, message_class), stamp)
            if in_space:
                writer.write(POSES3D, poses3d_message(persons, FULL, header, message_class), stamp)
    return open_bag(path)


def test_nothing_matches(make_truth: Callable[..., Truth], tmp_path: Path) -> None:
    bag = record(tmp_path / "bag", {5_000: Poses.empty()})
    with pytest.raises(OrposeError, match="none of the 1 pose messages on /orpose/poses2d has the stamp of an"):
        match_bag(make_truth(CENTRES), bag, POSES2D)


def test_the_bag_gives_the_folders_figures(
    make_truth: Callable[..., Truth], make_poses: Callable[..., Poses], tmp_path: Path
) -> None:
    truth = make_truth(CENTRES, CENTRES, [])  # stamps 0, 100, 200
    poses = {1: make_poses(CENTRES), 2: make_poses([(103, 155), (250, 200)], [0.8, 0.4])}
    bag = record(tmp_path / "bag", {0: poses[1], 100: poses[2], 200: Poses.empty()})
    match = match_bag(truth, bag, POSES2D)
    settings = Settings(draws=20)
    of_bag = evaluate(truth, match.predictions, "m", "m", settings)
    of_folder = evaluate(truth, truth.predictions(poses, {}), "m", "m", settings)
    assert of_bag.metrics == of_folder.metrics
    assert of_bag.tables == of_folder.tables
    assert of_bag.metrics["MPJPE strict, hips unmapped"].value is not None


def test_unmatched_on_both_sides_are_said(
    make_truth: Callable[..., Truth], make_poses: Callable[..., Poses], tmp_path: Path
) -> None:
    truth = make_truth(CENTRES, CENTRES, CENTRES)
    persons = make_poses(CENTRES)
    bag = record(tmp_path / "bag", {3: persons, 100: persons, 105: persons, 9_999: persons})
    exact = match_bag(truth, bag, POSES2D)
    assert [image.image_id for image in exact.predictions.images] == [2]
    assert (exact.messages, exact.unmatched_messages, exact.unmatched_images) == (4, (3, 105, 9_999), (1, 3))
    near = match_bag(truth, bag, POSES2D, tolerance_ns=10)
    assert [image.image_id for image in near.predictions.images] == [1, 2]
    assert near.unmatched_messages == (105, 9_999)  # 100 is nearer to the second image
    result = evaluate(truth, near.predictions, "m", "m", Settings(draws=0))
    assert result.missing == [3]
    assert result.metrics["recall"].value == pytest.approx(2 / 3)


def test_2d_alone(make_truth: Callable[..., Truth], make_poses: Callable[..., Poses], tmp_path: Path) -> None:
    bag = record(tmp_path / "bag", {0: make_poses(CENTRES)}, in_space=False)
    truth = make_truth(CENTRES)
    result = evaluate(truth, match_bag(truth, bag, POSES2D).predictions, "m", "m", Settings())
    assert result.metrics["keypoint AP"].value == pytest.approx(1)
    assert not [name for name in result.metrics if "MPJPE" in name]


def test_topics(make_poses: Callable[..., Poses], tmp_path: Path) -> None:
    bag = record(tmp_path / "bag", {0: make_poses(CENTRES)})
    assert poses_topic(bag) == poses_topic(bag, POSES2D) == POSES2D
    with pytest.raises(OrposeError, match=r"no topic /other of .*PersonPose2DArray; there are: /orpose/poses2d"):
        poses_topic(bag, "/other")
    topics = {**bag.topics, "/b/poses2d": replace(bag.topics[POSES2D], name="/b/poses2d")}
    with pytest.raises(OrposeError, match="choose one with --topic: /b/poses2d, /orpose/poses2d"):
        poses_topic(Bag(bag.path, topics))
    with pytest.raises(OrposeError, match="was it recorded with the poses"):
        poses_topic(Bag(bag.path, {}))


def test_annotations_without_stamps_or_of_several_cameras(
    make_truth: Callable[..., Truth], make_poses: Callable[..., Poses], tmp_path: Path
) -> None:
    bag = record(tmp_path / "bag", {0: make_poses(CENTRES)})
    truth = make_truth(CENTRES, CENTRES)
    images = truth.images
    with pytest.raises(OrposeError, match="1 of 2 images have no stamp_ns"):
        match_bag(replace(truth, images=(images[0], replace(images[1], stamp_ns=None))), bag, POSES2D)
    twice = replace(truth, images=(images[0], replace(images[1], stamp_ns=0)))
    with pytest.raises(OrposeError, match="two images have the same stamp_ns; evaluate one camera at a time"):
        match_bag(twice, bag, POSES2D)
    assert len(match_bag(twice.of_camera("cam0"), bag, POSES2D).predictions.images) == 1
    with pytest.raises(OrposeError, match="no image is of camera 'cam7'; cameras are: cam0, cam1"):
        twice.of_camera("cam7")
