import numpy as np
import pytest

from orpose_models.vocabulary.faces import hide_faces


@pytest.mark.parametrize(("left_of_right", "share"), [(-40, 1), (0, 1), (20, 1), (32.5, 0.6), (45, 0.2), (70, 0.2)])
def test_who_is_seen_from_behind_has_no_face(left_of_right: float, share: float) -> None:
    """Of a person whose silhouette is 100 x 100 pixels: how far the left shoulder is left of the right one."""
    keypoints, scores = np.zeros((1, 17, 2)), np.full((1, 17), 0.5, np.float32)
    keypoints[0, 6, 0] = left_of_right
    lowered = hide_faces(keypoints, scores, np.array([1e4]))
    np.testing.assert_allclose(lowered[0], [0.5 * share] * 3 + [0.5] * 14, rtol=1e-6)
    np.testing.assert_array_equal(scores, 0.5)
    scores[0, 5] = 0.19
    np.testing.assert_array_equal(hide_faces(keypoints, scores, np.array([1e4])), scores)


def test_nobody_has_no_face() -> None:
    assert hide_faces(np.zeros((0, 17, 2)), np.zeros((0, 17)), np.zeros(0)).shape == (0, 17)
