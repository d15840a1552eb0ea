"""3D truth from several calibrated cameras: who is who across the views, and where the joints are."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from orpose_models.datasets.multiview import PlacedCamera
from orpose_models.vocabulary.poses import Poses

MIN_JOINTS = 6


@dataclass(frozen=True, eq=False)
class TriangulatedPerson:
    """One person seen by at least two cameras.

    Attributes:
        points: (17, 3) COCO-17 joints in the world, metres; NaN where they could not be triangulated.
        errors: (17,) root mean square reprojection error in pixels; NaN likewise.
        views: for each camera the index of the person in its poses, or -1.
    """

    points: NDArray[np.float64]
    errors: NDArray[np.float64]
    views: tuple[int, ...]


def triangulate(
    cameras: Sequence[PlacedCamera],
    pixels: NDArray[np.floating],
    weights: NDArray[np.floating],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Triangulate points by weighted linear least squares (direct linear transform on viewing rays).

    Args:
        cameras: c cameras.
        pixels: (c, n, 2) where each sees each point.
        weights: (c, n) non-negative; 0 where a camera does not see a point.

    Returns:
        Points (n, 3) in the world in metres and their root mean square reprojection error (n,) in
        pixels over the cameras that see them; NaN for points seen by fewer than two cameras.
    """
    count = pixels.shape[1]
    points = np.full((count, 3), np.nan)
    # A point X on the viewing ray d from centre c: (I - d d^T)(X - c) = 0.
    rays = np.stack([view.camera.rays(p) @ view.rotation for view, p in zip(cameras, pixels, strict=True)])
    centres = np.stack([view.position for view in cameras])
    for i in range(count):
        seen = weights[:, i] > 0
        if seen.sum() < 2:
            continue
        across = np.eye(3) - rays[seen, i, :, None] * rays[seen, i, None, :]
        across = across * weights[seen, i, None, None]
        matrix = across.sum(axis=0)
        if np.linalg.cond(matrix) < 1e6:
            points[i] = np.linalg.solve(matrix, np.einsum("cij,cj->i", across, centres[seen]))
    return points, reprojection_error(cameras, pixels, weights, points)


def reprojection_error(
    cameras: Sequence[PlacedCamera],
    pixels: NDArray[np.floating],
    weights: NDArray[np.floating],
    points: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Root mean square distance (n,) in pixels between points (n, 3) and where cameras see them."""
    squared = np.stack(
        [
            np.sum((view.camera.project(view.to_optical(points)) - p) ** 2, axis=1)
            for view, p in zip(cameras, pixels, strict=True)
        ]
    )
    seen = weights > 0
    total = np.where(seen, squared, 0).sum(axis=0)
    return np.asarray(np.sqrt(np.divide(total, seen.sum(0), out=np.full(len(points), np.nan), where=seen.any(0))))


def match_persons(
    cameras: Sequence[PlacedCamera],
    poses: Sequence[Poses],
    score_threshold: float = 0.3,
    max_error: float = 0.012,
) -> list[TriangulatedPerson]:
    """Find who is who in images of several cameras taken at the same time, and triangulate them.

    Every combination of one person per camera (or none) is triangulated; combinations are taken
    greedily, more views first, then smaller error, each detection once. A joint is kept where its
    reprojection error is small.

    Args:
        cameras: the cameras, at the size of the images.
        poses: the persons in each camera's image.
        score_threshold: keypoints with lower scores do not count.
        max_error: largest median reprojection error of a person, and largest error of a joint, as a
            fraction of the image diagonal.
    """
    limits = [max_error * float(np.hypot(view.camera.width, view.camera.height)) for view in cameras]
    limit = float(np.mean(limits))
    candidates = []
    for choice in product(*[range(-1, len(p)) for p in poses]):
        chosen = [i for i, person in enumerate(choice) if person >= 0]
        if len(chosen) < 2:
            continue
        views = [cameras[i] for i in chosen]
        pixels = np.stack([poses[i].keypoints[choice[i]] for i in chosen]).astype(np.float64)
        scores = np.stack([poses[i].keypoint_scores[choice[i]] for i in chosen]).astype(np.float64)
        weights = np.where(scores >= score_threshold, scores, 0)
        points, errors = triangulate(views, pixels, weights)
        counted = np.isfinite(errors)
        if counted.sum() < MIN_JOINTS:
            continue
        error = float(np.median(errors[counted]))
        if error <= limit:
            good = counted & (errors <= limit)
            person = TriangulatedPerson(
                np.where(good[:, None], points, np.nan), np.where(good, errors, np.nan), tuple(choice)
            )
            candidates.append((-len(chosen), error, person))
    persons: list[TriangulatedPerson] = []
    for _, _, person in sorted(candidates, key=lambda candidate: candidate[:2]):
        taken = [other.views for other in persons]
        if all(a < 0 or a != b for views in taken for a, b in zip(person.views, views, strict=True)):
            persons.append(person)
    return persons
