"""MoveNet MultiPose against its own graph, computed node by node, on real footage."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from support.tfjs_reference import compute

from orpose_models.datasets.frames import open_frames
from orpose_models.files.assets import asset
from orpose_models.teacher import multipose
from orpose_models.teacher.centernet import View
from orpose_models.teacher.movenet import Crops
from orpose_models.teacher.multipose import MultiPose
from orpose_models.teacher.packaged import packaged_graph
from orpose_models.vocabulary.similarity import box_iou


@pytest.fixture(scope="module")
def image() -> NDArray[np.uint8]:
    """1088 x 1920, three persons."""
    return next(iter(open_frames(asset("multiperson") / "cam01.mp4").frames())).image


@pytest.fixture(scope="module")
def network() -> MultiPose:
    return MultiPose(packaged_graph("movenet-multipose"), threads=1)


@pytest.mark.parametrize("long_side", [256, 448])
def test_it_decodes_as_its_graph_does(network: MultiPose, image: NDArray[np.uint8], long_side: int) -> None:
    """Boxes, joints and scores of the six highest centres, which is what the graph gives."""
    inputs = np.round(View(0, 0, 1088, 1920, long_side).cut(image))
    height, width = inputs.shape[2:]
    one = torch.from_numpy(inputs[0].transpose(1, 2, 0)[None].astype(np.int32))
    (expected,) = compute(packaged_graph("movenet-multipose"), {"input": one}, ["Identity"])
    persons = expected.numpy()[0]
    persons = persons[persons[:, 55] >= 0.1]
    assert len(persons) >= 2, "the image shows persons"
    found = multipose.decode(network.maps(inputs), 0.1)
    assert len(found) == len(persons)
    persons = persons[np.argsort(-persons[:, 55])]
    joints = persons[:, :51].reshape(-1, 17, 3)
    np.testing.assert_allclose(found.keypoints, joints[..., [1, 0]] * [width, height], atol=0.2)
    np.testing.assert_allclose(found.boxes, persons[:, [52, 51, 54, 53]] * ([width, height] * 2), atol=0.1)
    # The graph gives a joint the highest score that any of the persons has at its place.
    own = np.abs(found.keypoint_scores - joints[..., 2]) < 1e-4
    assert own.mean() > 0.9
    assert (found.keypoint_scores < joints[..., 2])[~own].all()
    np.testing.assert_allclose(found.scores[own.all(axis=1)], persons[own.all(axis=1), 55], atol=1e-4)
    assert own.all(axis=1).any()


def maps_of(height: int, width: int) -> dict[str, NDArray[np.float32]]:
    """Maps of an image in which nobody is."""
    channels = {"centre": 1, "heatmaps": 17, "regression": 34, "offsets": 34, "box_sides": 2, "box_offset": 2}
    return {name: np.zeros((1, count, height, width), np.float32) for name, count in channels.items()}


def put_person(maps: dict[str, NDArray[np.float32]], row: int, column: int, score: float, joint_score: float) -> None:
    """A person of 8 x 6 cells whose joints all lie one cell below its centre, and half a cell to the right."""
    maps["centre"][0, 0, row, column] = score
    maps["box_sides"][0, :, row, column] = [8, 6]
    maps["box_offset"][0, :, row, column] = [0.5, -0.5]
    maps["regression"][0, ::2, row, column] = 1
    maps["heatmaps"][0, :, row + 1, column] = joint_score
    maps["offsets"][0, 1::2, row + 1, column] = 0.5


def test_nobody_in_empty_maps() -> None:
    found = multipose.decode(maps_of(64, 48), 0.1)
    assert len(found) == 0
    assert found.boxes.shape == (0, 4)
    assert found.keypoints.shape == (0, 17, 2)
    assert found.keypoint_scores.shape == (0, 17)


def test_persons_are_read_off_the_maps_best_first() -> None:
    maps = maps_of(64, 48)
    put_person(maps, 10, 10, 0.5, 0.6)
    put_person(maps, 40, 20, 0.8, 0.5)
    put_person(maps, 60, 46, 0.9, 0.1)  # the joints of this one are too faint to count
    found = multipose.decode(maps, 0.1)
    np.testing.assert_allclose(found.scores, [0.4, 0.3], atol=1e-6)
    np.testing.assert_allclose(found.boxes, [[66, 146, 90, 178], [26, 26, 50, 58]])
    np.testing.assert_allclose(found.keypoints, np.broadcast_to([[[82.0, 164.0]], [[42.0, 44.0]]], (2, 17, 2)))
    np.testing.assert_allclose(found.keypoint_scores, np.broadcast_to([[0.5], [0.6]], (2, 17)), atol=1e-6)


def test_joints_outside_of_the_box_are_somebody_elses() -> None:
    maps = maps_of(64, 64)
    put_person(maps, 10, 10, 0.5, 0.4)
    maps["heatmaps"][0, 0, 10, 14] = 1  # 4 cells to the right: the box ends after 2.5
    found = multipose.decode(maps, 0.05)
    np.testing.assert_allclose(found.keypoints[0, 0], [42, 44])
    np.testing.assert_allclose(found.keypoint_scores[0], 0.4, atol=1e-6)


def test_mirrored_views_give_the_same_persons(network: MultiPose, image: NDArray[np.uint8]) -> None:
    straight = network.look(image, View(0, 0, 1088, 1920, 448), 0.2)
    mirrored = network.look(image, View(0, 0, 1088, 1920, 448, flip=True), 0.2)
    overlap = box_iou(straight.boxes, mirrored.boxes)
    assert len(straight) == len(mirrored) == 3
    assert overlap.max(axis=1).min() > 0.8
    for i, j in enumerate(overlap.argmax(axis=1)):
        sure = (straight.keypoint_scores[i] > 0.4) & (mirrored.keypoint_scores[j] > 0.4)
        assert sure.sum() >= 6
        distance = np.linalg.norm(straight.keypoints[i, sure] - mirrored.keypoints[j, sure], axis=1)
        assert np.median(distance) < 20, "left and right are where they were"


def test_a_look_at_a_person(network: MultiPose, image: NDArray[np.uint8]) -> None:
    box = np.array([240.0, 350, 580, 1200])
    crops = Crops(np.array([[410.0, 775], [410, 775], [200, 1700]]), np.full(3, 1190.0), np.array([False, True, False]))
    points, scores = network.look_at(image, crops, np.stack([box, box, [100, 1600, 300, 1800]]))
    assert (scores[:2] > 0.3).sum(axis=1).min() >= 12
    sure = (scores[:2] > 0.4).all(axis=0)
    assert np.median(np.linalg.norm(points[0, sure] - points[1, sure], axis=1)) < 20
    assert (points[0, sure] > box[:2] - 30).all()
    assert (points[0, sure] < box[2:] + 30).all()
    np.testing.assert_array_equal(scores[2], 0)
    np.testing.assert_array_equal(points[2], 0)
    nothing = network.look_at(image, crops[slice(0, 0)], np.zeros((0, 4)))
    assert [values.shape for values in nothing] == [(0, 17, 2), (0, 17)]
