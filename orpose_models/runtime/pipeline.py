"""From a camera image to published poses: reduce, find the persons, select, place, track."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from orpose_models.lifting.depth import roots_by_depth
from orpose_models.lifting.placing import nominal_roots
from orpose_models.lifting.root import solve_root
from orpose_models.model_format.pose_model import PoseModel, View, predict_all
from orpose_models.tracking.appearance import describe
from orpose_models.tracking.tracker import Tracker
from orpose_models.vocabulary.cameras import Camera
from orpose_models.vocabulary.poses import Poses
from orpose_models.vocabulary.resolution import Resolution, reduce_depth, reduce_image

# An image whose short side has no more pixels than this, as a privacy camera delivers it, is small already.
SMALL_SIDE = 64
_log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Result:
    """What came of one image.

    Attributes:
        poses: the persons, best box score first.
        resolution: original size and the size that the model saw.
        seen: (h, w, 3) uint8 BGR, the very image that the model saw.
        camera: the intrinsics that were given.
    """

    poses: Poses
    resolution: Resolution
    seen: NDArray[np.uint8]
    camera: Camera | None = None

    @cached_property
    def display_roots(self) -> NDArray[np.float32]:
        """(n, 3) where the pelvises are shown, see `nominal_roots`; what is not in `poses.root` is not measured."""
        return nominal_roots(self.poses, self.resolution.full, self.camera)


@dataclass
class Pipeline:
    """A pose model with everything around it. The attributes may be changed between two images.

    Attributes:
        model: finds the persons.
        downsample: factor 1..12 by which images are reduced before the model sees them; those that are small already
            are not, which is said once.
        max_input_pixels: the privacy guard: an image is reduced to at most this many pixels, whatever
            `downsample` is; None for no limit. Nothing but the reduced image reaches the model.
        score_threshold: persons with a lower box score are left out; of a tracker that steadies it is the steadied one.
        max_persons: at most this many, those with the best box scores; None for all.
        tracker: gives lasting ids and steadies persons; None leaves `ids` at -1.
        appearance: whether it is noted what persons look like, also without a tracker: for one that comes later.
    """

    model: PoseModel
    downsample: float = 1.0
    max_input_pixels: int | None = None
    score_threshold: float = 0.0
    max_persons: int | None = None
    tracker: Tracker | None = None
    appearance: bool = False
    _warned: bool = field(default=False, init=False, repr=False)

    def predict(self, image: NDArray[np.uint8], camera: Camera | None = None, time: float = 0.0) -> Poses:
        """The persons of one image: `process` without what else came of it."""
        return self.process(image, camera, time).poses

    def process(
        self,
        image: NDArray[np.uint8],
        camera: Camera | None = None,
        time: float = 0.0,
        depth: NDArray[np.float32] | None = None,
    ) -> Result:
        """Find the persons of one image.

        Args:
            image: (h, w, 3) uint8, BGR, original size.
            camera: its intrinsics; without them, or with guessed ones, `root` stays unknown.
            time: acquisition time in seconds, for the tracker.
            depth: (h, w) metres along the optical axis, of the same view at any size, NaN where unknown. It is reduced
                to the size of the reduced image at most. Says where calibrated persons stand.

        Raises:
            ValueError: the image is not (h, w, 3) uint8, or the camera is of another image size.
        """
        shot = Shot(self, image, camera, time, depth)
        seen, resolution = self._reduced(shot)
        return self._result(
            shot, seen, resolution, self.model.predict(seen, resolution.full, camera, self.lowest_score)
        )

    @property
    def steadies(self) -> bool:
        """Whether who is shown depends on what was seen of a person before."""
        return self.tracker is not None and self.tracker.smoothing

    @property
    def lowest_score(self) -> float:
        """The lowest score of a person that it has a use for."""
        return self.score_threshold if self.tracker is None else self.tracker.lowest(self.score_threshold)

    def _reduced(self, shot: "Shot") -> tuple[NDArray[np.uint8], Resolution]:
        image, camera = shot.image, shot.camera
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or image.size == 0:
            raise ValueError(f"expected an (h, w, 3) uint8 image, got {image.shape} {image.dtype}")
        seen, resolution = reduce_image(image, self._factor(image), self.max_input_pixels)
        if camera is not None and (camera.width, camera.height) != resolution.full:
            raise ValueError(
                f"the camera's intrinsics are for {camera.width} x {camera.height} pixels, "
                f"the image has {resolution.full[0]} x {resolution.full[1]}"
            )
        return seen, resolution

    def _result(self, shot: "Shot", seen: NDArray[np.uint8], resolution: Resolution, poses: Poses) -> Result:
        best_first = np.argsort(-poses.box_scores, kind="stable")
        best_first = best_first[poses.box_scores[best_first] >= self.lowest_score]
        poses = poses.select(best_first if self.steadies else best_first[: self.max_persons])
        camera = shot.camera
        if camera is not None and not camera.guessed:
            root, root_std = solve_root(poses.keypoints, poses.keypoint_scores, poses.joints3d, camera)
            poses = poses.with_arrays(root=root, root_std=root_std)
            if shot.depth is not None:
                found = roots_by_depth(poses, reduce_depth(shot.depth, resolution.seen), camera)
                poses = poses.with_arrays(root=found.root, root_std=found.root_std, joints3d=found.joints3d)
        if self.tracker is not None or self.appearance:
            poses = poses.with_arrays(appearance=describe(seen, poses, resolution.full))
        if self.tracker is not None:
            known = None if camera is None or camera.guessed else camera
            limits = self.score_threshold, self.max_persons
            poses = self.tracker.update(poses, shot.time, resolution.full, known, *limits)
        return Result(poses, resolution, seen, shot.camera)

    def _factor(self, image: NDArray[np.uint8]) -> float:
        """What to downsample this image by; says once that one is small already."""
        height, width = image.shape[:2]
        if min(height, width) > SMALL_SIDE or self.downsample == 1:
            return self.downsample
        if not self._warned:
            self._warned = True
            _log.warning(
                f"an image of {width} x {height} pixels is small already and is not downsampled by "
                f"{self.downsample:g}; leave downsample at 1"
            )
        return 1.0


@dataclass(frozen=True, eq=False)
class Shot:
    """An image on its way through a pipeline: see `Pipeline.process`."""

    pipeline: Pipeline
    image: NDArray[np.uint8]
    camera: Camera | None = None
    time: float = 0.0
    depth: NDArray[np.float32] | None = None


def process_together(shots: Sequence[Shot]) -> list[Result]:
    """What `Pipeline.process` gives of each, to rounding, with one call of the model that their pipelines share.

    Raises:
        ValueError: as `Pipeline.process`, of any of them.
    """
    if not shots:
        return []
    reduced = [shot.pipeline._reduced(shot) for shot in shots]
    views = [View(seen, resolution.full, shot.camera) for shot, (seen, resolution) in zip(shots, reduced, strict=True)]
    lowest = min(shot.pipeline.lowest_score for shot in shots)
    found = predict_all(shots[0].pipeline.model, views, lowest)
    return [
        shot.pipeline._result(shot, seen, resolution, poses)
        for shot, (seen, resolution), poses in zip(shots, reduced, found, strict=True)
    ]
