"""What the pipeline adds to a model: reducing, the guard, selection, roots, ids."""

import logging
from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from numpy.typing import NDArray

from orpose_models.lifting.placing import NOMINAL_DEPTH, nominal_roots
from orpose_models.lifting.root import solve_root
from orpose_models.runtime.pipeline import Pipeline, Shot, process_together
from orpose_models.tracking.tracker import Tracker
from orpose_models.vocabulary.cameras import Camera
from orpose_models.vocabulary.poses import Poses

IMAGE = np.zeros((480, 640, 3), np.uint8)
CAMERA = Camera(640, 480, 540.0, 540.0, 319.5, 239.5)


def standing(*scores: float) -> Poses:
    """Persons at z = 3 m beside each other, with what they project to."""
    n = len(scores)
    rng = np.random.default_rng(0)
    joints = np.concatenate([np.zeros((n, 1, 3)), rng.uniform(-0.5, 0.5, (n, 16, 3))], axis=1)
    joints[:, 9] = joints[:, 10]
    roots = np.array([[0.5 * i - 0.5, 0.1, 3.0] for i in range(n)]).reshape(n, 3)
    # Human3.6M joints of COCO's shoulders to ankles, and the head as both ears.
    order = [10, 10, 10, 10, 10, 11, 14, 12, 15, 13, 16, 4, 1, 5, 2, 6, 3]
    keypoints = CAMERA.project(joints[:, order] + roots[:, None]) if n else np.zeros((0, 17, 2))
    boxes = [[200 * i, 100, 200 * i + 150, 400] for i in range(n)]
    return Poses.from_arrays(boxes, scores, keypoints, np.ones((n, 17)), joints3d=joints)


@dataclass
class Finder:
    """A model that finds the same persons in every image, and notes what it was given."""

    poses: Poses
    name: str = "finder"
    sha256: str = "0" * 64
    engine: str = "none"
    given: list[tuple] = field(default_factory=list)

    def predict(self, image: NDArray[np.uint8], full_size=None, camera=None, min_score: float = 0.0) -> Poses:
        self.given.append((image.shape[1::-1], full_size, camera, min_score))
        return self.poses


def test_nobody() -> None:
    result = Pipeline(Finder(Poses.empty()), tracker=Tracker()).process(IMAGE, CAMERA)
    assert len(result.poses) == 0
    assert result.poses.root.shape == (0, 3)


def test_persons_come_best_first_and_equal_ones_as_the_model_has_them() -> None:
    poses = Pipeline(Finder(standing(0.4, 0.9, 0.6, 0.9))).process(IMAGE).poses
    assert poses.box_scores.tolist() == pytest.approx([0.9, 0.9, 0.6, 0.4])
    assert poses.boxes[:, 0].tolist() == [200, 600, 400, 0]


def test_the_threshold_keeps_its_own_value_and_the_cap_the_best() -> None:
    model = Finder(standing(0.25, 0.5, 0.75))
    assert Pipeline(model, score_threshold=0.5).process(IMAGE).poses.box_scores.tolist() == [0.75, 0.5]
    assert model.given[-1][3] == 0.5
    assert len(Pipeline(model, score_threshold=0.51).process(IMAGE).poses) == 1
    assert Pipeline(model, max_persons=2).process(IMAGE).poses.box_scores.tolist() == [0.75, 0.5]
    assert len(Pipeline(model, max_persons=0).process(IMAGE).poses) == 0


def test_the_guard_holds_whatever_the_factor() -> None:
    model = Finder(standing())
    for downsample, limit, seen in ((1, None, (640, 480)), (4, None, (160, 120)), (1, 4800, (80, 60)), (12, 9, (3, 2))):
        result = Pipeline(model, downsample, limit).process(IMAGE)
        assert result.seen.shape[1::-1] == model.given[-1][0] == result.resolution.seen == seen
        assert model.given[-1][1] == result.resolution.full == (640, 480)


def test_a_small_image_is_not_downsampled_which_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    model = Finder(standing())
    pipeline = Pipeline(model, 12)
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            pipeline.process(np.zeros((40, 53, 3), np.uint8))
    assert model.given[-1][0] == (53, 40)
    assert [record.message for record in caplog.records] == [
        "an image of 53 x 40 pixels is small already and is not downsampled by 12; leave downsample at 1"
    ]
    caplog.clear()
    # The guard is kept all the same, and an image that is not small is reduced.
    Pipeline(model, 12, 100).process(np.zeros((40, 53, 3), np.uint8))
    assert np.prod(model.given[-1][0]) <= 100
    caplog.clear()
    assert Pipeline(model, 12).process(np.zeros((65, 90, 3), np.uint8)).resolution.seen == (7, 5)
    assert Pipeline(model, 1).process(np.zeros((40, 53, 3), np.uint8)).resolution.seen == (53, 40)
    assert caplog.records == []


def test_roots_need_a_camera_that_was_measured() -> None:
    pipeline = Pipeline(Finder(standing(0.9, 0.8)))
    measured = pipeline.process(IMAGE, CAMERA).poses
    np.testing.assert_allclose(measured.root, [[-0.5, 0.1, 3.0], [0.0, 0.1, 3.0]], atol=1e-3)
    expected = solve_root(measured.keypoints, measured.keypoint_scores, measured.joints3d, CAMERA)
    np.testing.assert_array_equal(measured.root_std, expected[1])
    for camera in (None, replace(CAMERA, guessed=True)):
        poses = pipeline.process(IMAGE, camera).poses
        assert np.isnan(poses.root).all()
        assert np.isnan(poses.root_std).all()
        assert pipeline.model.given[-1][2] is camera  # type: ignore[attr-defined]


def test_where_persons_are_shown_comes_with_the_result() -> None:
    pipeline = Pipeline(Finder(standing(0.9)))
    measured = pipeline.process(IMAGE, CAMERA)
    np.testing.assert_array_equal(measured.display_roots, measured.poses.root)
    guessed = replace(CAMERA, guessed=True)
    result = pipeline.process(IMAGE, guessed)
    np.testing.assert_array_equal(result.display_roots, nominal_roots(result.poses, (640, 480), guessed))
    assert pipeline.process(IMAGE).display_roots[0, 2] == NOMINAL_DEPTH


def test_ids_follow_the_tracker_and_its_time() -> None:
    model = Finder(standing(0.9, 0.8))
    assert Pipeline(model).process(IMAGE).poses.ids.tolist() == [-1, -1]
    pipeline = Pipeline(model, tracker=Tracker(memory=1.0))
    assert pipeline.process(IMAGE, time=5.0).poses.ids.tolist() == [1, 2]
    assert pipeline.process(IMAGE, time=5.5).poses.ids.tolist() == [1, 2]
    assert pipeline.process(IMAGE, time=9.0).poses.ids.tolist() == [3, 4]


def test_with_a_tracker_that_steadies_the_threshold_is_of_the_steadied_score() -> None:
    model = Finder(standing(0.9))
    pipeline = Pipeline(model, score_threshold=0.5, tracker=Tracker())
    assert len(pipeline.process(IMAGE, time=0.0).poses) == 1
    assert model.given[-1][3] == pipeline.lowest_score == pytest.approx(0.3)
    model.poses = standing(0.4)
    assert pipeline.process(IMAGE, time=0.1).poses.ids.tolist() == [1]
    assert len(replace(pipeline, tracker=Tracker()).process(IMAGE).poses) == 0
    assert len(replace(pipeline, tracker=Tracker(smoothing=False)).process(IMAGE).poses) == 0
    assert model.given[-1][3] == 0.5


def test_of_several_cameras_each_keeps_its_own_threshold_and_the_model_is_asked_for_the_lowest() -> None:
    model = Finder(standing(0.4))
    pipelines = [Pipeline(model, score_threshold=limit, tracker=Tracker()) for limit in (0.3, 0.5)]
    results = process_together([Shot(pipeline, IMAGE) for pipeline in pipelines])
    assert [len(result.poses) for result in results] == [1, 0]
    assert model.given[-1][3] == pytest.approx(0.18)


def test_the_cap_keeps_those_whose_steadied_scores_are_best() -> None:
    model = Finder(standing(0.9))
    pipeline = Pipeline(model, max_persons=1, tracker=Tracker())
    pipeline.process(IMAGE, time=0.0)
    model.poses = standing(0.4, 0.5)
    assert pipeline.process(IMAGE, time=0.1).poses.ids.tolist() == [1]


@pytest.mark.parametrize("image", [IMAGE[..., 0], IMAGE.astype(np.float32), IMAGE[:0], IMAGE[..., :2]])
def test_what_is_no_image_is_refused(image: NDArray) -> None:
    with pytest.raises(ValueError, match=r"expected an \(h, w, 3\) uint8 image"):
        Pipeline(Finder(standing())).process(image)


def test_another_images_camera_is_refused() -> None:
    with pytest.raises(ValueError, match="intrinsics are for 320 x 240 pixels, the image has 640 x 480"):
        Pipeline(Finder(standing())).process(IMAGE, CAMERA.resized(320, 240))
