"""The node's parameters at work on images; no ROS is needed."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from orpose_models.vocabulary.cameras import Camera
from orpose_models.vocabulary.poses import Poses
from orpose_models.vocabulary.resolution import Size
from orpose_ros.parameters import PARAMETERS
from orpose_ros.processing import Processing

DEFAULTS = {name: parameter.default for name, parameter in PARAMETERS.items()}
SCORES = (0.2, 0.9, 0.5)


class Witness:
    """A model that finds the same three persons in every image and keeps what it was given."""

    name, sha256, engine = "witness", "0" * 64, "none"

    def __init__(self) -> None:
        self.seen: list[NDArray[np.uint8]] = []

    def predict(
        self,
        image: NDArray[np.uint8],
        full_size: Size | None = None,
        camera: Camera | None = None,
        min_score: float = 0.0,
    ) -> Poses:
        self.seen.append(image)
        boxes = [(10.0 * i, 0.0, 10.0 * i + 8, 20.0) for i in range(3)]
        keypoints = np.array([np.full((17, 2), (10 * i + 4, 10)) for i in range(3)], np.float32)
        return Poses.from_arrays(boxes, list(SCORES), keypoints, np.full((3, 17), 0.9))


def process(image: NDArray[np.uint8], **parameters: Any) -> tuple[Any, Witness]:
    model = Witness()
    camera = Camera.from_fov(image.shape[1], image.shape[0])
    return Processing(model, DEFAULTS | parameters).process(image, camera, 1.0), model


def noise(width: int, height: int) -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)


@given(
    width=st.integers(1, 300),
    height=st.integers(1, 300),
    limit=st.integers(1, 40_000),
    downsample=st.floats(1, 12),
)
def test_nothing_sees_more_pixels_than_the_guard_allows(width: int, height: int, limit: int, downsample: float) -> None:
    image = noise(width, height)
    result, model = process(image, max_input_pixels=limit, downsample=downsample)
    (seen,) = model.seen
    assert seen.shape[0] * seen.shape[1] <= limit
    assert result.resolution.pixels == seen.shape[0] * seen.shape[1]
    assert result.resolution.full == (width, height)
    assert result.seen is seen  # what the overlay is drawn on
    if seen.shape != image.shape:
        assert not np.shares_memory(seen, image)


def test_the_guard_reduces_to_exact_sizes() -> None:
    assert process(noise(640, 480))[0].resolution.seen == (640, 480)
    assert process(noise(640, 480), max_input_pixels=5000)[0].resolution.seen == (81, 61)
    assert process(noise(640, 480), max_input_pixels=5000, downsample=12.0)[0].resolution.seen == (53, 40)
    assert process(noise(640, 480), max_input_pixels=1)[0].resolution.seen == (1, 1)


def test_the_guard_stays_while_other_parameters_change() -> None:
    parameters = {**DEFAULTS, "max_input_pixels": 5000}
    model, image = Witness(), noise(640, 480)
    processing = Processing(model, parameters)
    camera = Camera.from_fov(640, 480)
    processing.process(image, camera, 1.0)
    parameters |= {"max_input_pixels": 0, "downsample": 1.0, "score_threshold": 0.6}
    result = processing.process(image, camera, 2.0)
    assert [seen.shape for seen in model.seen] == [(61, 81, 3)] * 2
    assert len(result.poses) == 1


@pytest.mark.parametrize(
    ("parameters", "scores"),
    [
        ({}, [0.9, 0.5]),
        ({"score_threshold": 0.0}, [0.9, 0.5, 0.2]),
        ({"score_threshold": 0.6}, [0.9]),
        ({"score_threshold": 1.0}, []),
        ({"score_threshold": 0.0, "max_persons": 2}, [0.9, 0.5]),
    ],
)
def test_thresholds_and_caps_hold_for_the_next_image(parameters: dict[str, Any], scores: list[float]) -> None:
    result, _ = process(noise(64, 48), **parameters)
    np.testing.assert_array_equal(result.poses.box_scores, np.array(scores, np.float32))
    assert result.poses.ids.tolist() == list(range(1, len(scores) + 1))
