"""From the poses of several cameras at one moment to the persons in the room."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from orpose_models.datasets.multiview import PlacedCamera
from orpose_models.fusion.matching import Groups, group, pair_costs
from orpose_models.fusion.room_tracks import RoomTracks, place_spread
from orpose_models.fusion.sights import Floats, Sights, look
from orpose_models.fusion.solving import Solution, Solver
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.poses import Poses
from orpose_models.vocabulary.room_persons import RoomPersons
from orpose_models.vocabulary.skeletons import COCO17_TO_H36M17

MIN_CAMERAS, MAX_CAMERAS = 2, 8
MEMORY = 5.0
# A detection of one camera whose joints' rays miss a person that others see by fewer standard deviations, root mean
# square, is that person once more.
_DUPLICATE = 1.6
# Persons whom one camera alone sees need a better box score than those on whom two agree: on the simulated validation
# split this leaves out 25 of 45 false persons and 8 of 36 true ones.
MIN_SINGLE_SCORE = 0.4


class Fuser:
    """Keeps ids, motion and sizes from moment to moment. Give it the moments in order of time.

    Args:
        cameras: of the room, at the size of the images that the poses are of.
        memory: seconds after which somebody unseen is forgotten.
        single_views: whether to keep persons that one camera alone sees, where their poses are lifted.
        tracks: who is in the room already; None for nobody.

    Raises:
        OrposeError: fewer than 2 or more than 8 cameras.
    """

    def __init__(
        self,
        cameras: Sequence[PlacedCamera],
        memory: float = MEMORY,
        single_views: bool = True,
        tracks: RoomTracks | None = None,
    ) -> None:
        if not MIN_CAMERAS <= len(cameras) <= MAX_CAMERAS:
            raise OrposeError(f"fusion is of {MIN_CAMERAS} to {MAX_CAMERAS} cameras, got {len(cameras)}")
        self.cameras = list(cameras)
        self.single_views = single_views
        self._centres = np.stack([view.position for view in cameras])
        self._rotations = np.stack([view.rotation for view in cameras])
        self._focal = np.array([view.camera.fx for view in cameras])
        self.tracks = tracks or RoomTracks(memory)

    def update(self, poses: Sequence[Poses], time: float, factors: Sequence[float] | None = None) -> RoomPersons:
        """The persons at a moment.

        Args:
            poses: of each camera, in the cameras' order; empty where a camera has no image of this moment.
            time: seconds.
            factors: by how much each image was reduced before the model saw it; None for not at all.
        """
        self.tracks.begin(time)
        sights = look(self.cameras, poses, factors)
        if not len(sights):
            return RoomPersons.empty(len(self.cameras))
        before = self.tracks.before(sights.camera, sights.track)
        costs = pair_costs(sights, self._centres, self._rotations[:, 2])
        groups = [members for members in group(sights, costs, before) if self._counts(sights, members)]
        if not groups:
            return RoomPersons.empty(len(self.cameras))
        solver = Solver(sights, groups, self._centres, self._rotations)
        places = (solver.rough[:, 11] + solver.rough[:, 12]) / 2
        spreads = np.stack([self._spread(sights, members) for members in groups])
        ids_before = [[int(k) for k in before[members] if k >= 0] for members in groups]
        tracks = self.tracks.match(places, spreads, ids_before, time)
        solution = solver.solve(self.tracks.prior(tracks, time))
        kept = np.flatnonzero(~self._duplicates(sights, groups, solution))
        groups, solution = [groups[i] for i in kept], _select(solution, kept)
        own = [{int(sights.camera[k]): int(sights.track[k]) for k in members} for members in groups]
        taken = self.tracks.take([tracks[i] for i in kept], solution, own, time)
        velocity = np.array([(track.velocity[11] + track.velocity[12]) / 2 for track in taken]).reshape(-1, 3)
        ids = np.array([track.id for track in taken], np.int64)
        return self._persons(sights, solver.index[kept], solver.there[kept], solution, ids, velocity)

    def _counts(self, sights: Sights, members: list[int]) -> bool:
        if len(members) > 1:
            return True
        k = members[0]
        return self.single_views and sights.score[k] >= MIN_SINGLE_SCORE and bool(np.isfinite(sights.lifted[k]).all())

    def _spread(self, sights: Sights, members: list[int]) -> Floats:
        return place_spread(self._rotations[sights.camera[members], 2], sights.distance_std[members])

    def _duplicates(self, sights: Sights, groups: Groups, solution: Solution) -> NDArray[np.bool_]:
        """(g,) who is seen by one camera alone and stands where another person does, as that camera sees it."""
        many = [i for i, members in enumerate(groups) if len(members) > 1]
        duplicates = np.zeros(len(groups), np.bool_)
        for i, members in enumerate(groups):
            if len(members) > 1 or not many:
                continue
            k = members[0]
            seen = sights.seen[k]
            away = solution.points[many][:, seen] - self._centres[sights.camera[k]]
            across = away - (away * sights.rays[k][seen]).sum(axis=2, keepdims=True) * sights.rays[k][seen]
            miss = np.linalg.norm(across, axis=2) / sights.sigma[k][seen]
            duplicates[i] = bool(seen.any()) and bool((np.minimum(miss, 4.0) ** 2).mean(axis=1).min() < _DUPLICATE**2)
        return duplicates

    def _persons(
        self,
        sights: Sights,
        index: NDArray[np.int64],
        there: NDArray[np.bool_],
        solution: Solution,
        ids: NDArray[np.int64],
        velocity: Floats,
    ) -> RoomPersons:
        n, c = len(index), len(self.cameras)
        cameras, trust = sights.camera[index], solution.trust
        weight = trust / sights.sigma[index] ** 2
        total = weight.sum(axis=2)
        mean = (weight * np.nan_to_num(solution.errors) ** 2).sum(axis=2) / np.maximum(total, 1e-12)
        hips = solution.points[:, [11, 12]].mean(axis=1)
        distance = np.linalg.norm(hips[:, None] - self._centres[cameras], axis=2)
        pixels = np.where(total > 0, np.sqrt(mean) * self._focal[cameras] / distance, np.nan)
        rows, columns = np.nonzero(there)
        views, errors = np.full((n, c), -1), np.full((n, c), np.nan)
        views[rows, cameras[there]] = sights.person[index][rows, columns]
        errors[rows, cameras[there]] = pixels[rows, columns]
        scores = sights.score[index].max(axis=1)
        keypoint_scores = (sights.joint_scores[index] * np.where(trust > 0.3, 1.0, trust)).max(axis=1)
        matrix = COCO17_TO_H36M17.matrix
        covariances = (matrix @ solution.covariances.reshape(n, 17, 9)).reshape(n, 17, 3, 3)
        covariances[:, 0] = solution.pelvis_covariances
        order = np.argsort(-scores, kind="stable")
        return RoomPersons(
            ids[order],
            scores[order],
            solution.points[order],
            keypoint_scores[order],
            matrix @ solution.points[order],
            np.asarray(COCO17_TO_H36M17.scores(keypoint_scores[order]), np.float64),
            covariances[order],
            velocity[order],
            views[order],
            errors[order],
        )


def _select(solution: Solution, index: NDArray[np.int64]) -> Solution:
    return Solution(
        solution.points[index],
        solution.covariances[index],
        solution.pelvis_covariances[index],
        solution.errors[index],
        solution.trust[index],
    )
