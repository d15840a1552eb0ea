"""The 8-bit network that is shipped finds on every processor what the other one finds."""

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from orpose_models.datasets.frames import open_frames
from orpose_models.files.assets import asset
from orpose_models.registry.models import shipped_models
from orpose_models.runtime.student import load_runtime_student
from orpose_models.vocabulary.resolution import reduce_image
from orpose_models.vocabulary.similarity import box_iou

MODEL = shipped_models()["orpose-all-light"]
LARGEST_WEIGHT = 64  # of 7 bits


def test_weights_take_7_bits() -> None:
    """Two products of 8-bit weights overflow the 16 bits that processors without VNNI add them in."""
    graph = onnx.load(MODEL / "network-int8.onnx").graph
    values = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    made = [node for node in graph.node if node.op_type == "Cast" and node.input[0] in values]
    casts = {node.output[0]: values[node.input[0]] for node in made}
    largest = []
    for node in graph.node:
        if node.op_type == "QuantizeLinear" and node.input[0] in casts:
            weights, scale = casts[node.input[0]].astype(np.float32), values[node.input[1]]
            largest.append(np.abs(weights / scale.reshape(-1, *[1] * (weights.ndim - 1))).max())
    assert len(largest) == 51
    assert LARGEST_WEIGHT - 1 < max(largest) <= LARGEST_WEIGHT + 0.5


@pytest.mark.parametrize("factor", [1, 8, 12])
def test_it_finds_the_same_persons(factor: int) -> None:
    whole, eight = (load_runtime_student(MODEL, engine, 1) for engine in ("onnxruntime", "onnxruntime-int8"))
    for camera in ("cam01", "cam02", "cam03"):
        image = next(open_frames(asset("multiperson") / f"{camera}.mp4").frames()).image
        seen, resolution = reduce_image(image, factor)
        expected, found = (model.predict(seen, resolution.full, min_score=0.5) for model in (whole, eight))
        assert len(expected) > 0
        assert (box_iou(expected.boxes, found.boxes).max(axis=1) > 0.75).mean() >= 0.5, camera
        assert abs(expected.box_scores.max() - found.box_scores.max()) < 0.1
