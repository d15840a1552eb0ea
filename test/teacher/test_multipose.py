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
from orpose_models.teacher.multipose import MultiPose
from orpose_models.teacher.packaged import packaged_graph


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
