"""Faces of persons who are seen from behind."""

import numpy as np
from numpy.typing import NDArray

from orpose_models.vocabulary.skeletons import COCO17

# A person begins to turn the back at the first distance of the shoulders, in roots of the silhouette's area, and has
# turned it at the second; what is left of the face's scores then. On simulated people seven noses of ten are visible
# at the first, one of ten at the second.
_TURNED = (0.2, 0.45)
_FACE_FROM_BEHIND = 0.2
_SEEN = 0.2


def hide_faces(
    keypoints: NDArray[np.floating], scores: NDArray[np.floating], areas: NDArray[np.floating]
) -> NDArray[np.float32]:
    """Scores with those of nose and eyes lowered where a person is seen from behind.

    Networks place a face on the back of every head. Seen from behind is whose left shoulder is clearly left of the
    right one in the image.

    Args:
        keypoints: (n, 17, 2) pixels.
        scores: (n, 17).
        areas: (n,) square pixels, the silhouettes of the persons.

    Returns:
        (n, 17) scores.
    """
    left, right = COCO17.index("left_shoulder"), COCO17.index("right_shoulder")
    turned = (keypoints[:, right, 0] - keypoints[:, left, 0]) / np.sqrt(np.maximum(areas, 1.0))
    turned = np.where(np.minimum(scores[:, left], scores[:, right]) >= _SEEN, turned, 0)
    share = np.interp(turned, _TURNED, (1.0, _FACE_FROM_BEHIND))
    lowered = np.array(scores, np.float32)
    lowered[:, [COCO17.index(name) for name in ("nose", "left_eye", "right_eye")]] *= share[:, None]
    return lowered
