"""Running models over the packaged footage, the truth's own detections being kept."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from orpose_models.datasets.frames import open_frames
from orpose_models.datasets.multiview import PlacedCamera
from orpose_models.drawing.overlays import draw_poses, side_by_side
from orpose_models.evaluation.footage_pairs import Moment, TruthPerson, truth_in_view
from orpose_models.files.prediction_journal import PredictionJournal
from orpose_models.model_format.pose_model import PoseModel
from orpose_models.runs.dataset_run import SCORE_FLOOR
from orpose_models.runs.identity import settings_of
from orpose_models.runs.image_run import RunImage, run_images
from orpose_models.runtime.pipeline import Pipeline
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.poses import Poses
from orpose_models.vocabulary.resolution import Size

PICTURE_HEIGHT = 960


@dataclass(frozen=True)
class Footage:
    """Recordings of one scene that start together.

    Attributes:
        folder: of the videos, NAME.mp4.
        cameras: at the size of the images.
        frames: the frame numbers that are used.
    """

    folder: Path
    cameras: Sequence[PlacedCamera]
    frames: Sequence[int]

    @property
    def size(self) -> Size:
        """Width, height of the images."""
        return self.cameras[0].camera.width, self.cameras[0].camera.height

    @classmethod
    def spread(cls, folder: Path, cameras: Sequence[PlacedCamera], moments: int) -> "Footage":
        """With a number of moments spread over the whole, the first frame being one of them.

        Raises:
            OrposeError: the videos have fewer frames.
        """
        count = min(len(open_frames(folder / f"{view.name}.mp4")) for view in cameras)
        if moments > count:
            raise OrposeError(f"{folder}: {moments} moments asked for, the videos have {count} frames")
        return cls(folder, cameras, tuple(range(0, moments * (count // moments), count // moments)))

    def images(self, index: int) -> list[NDArray[np.uint8]]:
        """The chosen frames of a camera.

        Raises:
            OrposeError: some cannot be read.
        """
        path = self.folder / f"{self.cameras[index].name}.mp4"
        wanted = set(self.frames)
        images = {}
        for frame in open_frames(path).frames():
            if frame.index in wanted:
                images[frame.index] = frame.image
            if frame.index >= max(wanted):
                break
        if missing := sorted(wanted - set(images)):
            raise OrposeError(
                f"{path}: frame {missing[0]} cannot be read; to mend it run: orpose fetch {path.parent.name}"
            )
        return [images[number] for number in self.frames]


@dataclass(frozen=True)
class Answers:
    """What a model found in one camera: the persons at each moment, and the images as it saw them."""

    poses: list[Poses]
    seen: list[NDArray[np.uint8]]


def footage_truth(
    footage: Footage, index: int, model: PoseModel, folder: Path, advance: Callable[[], None] = lambda: None
) -> list[list[TruthPerson]]:
    """Who is in a camera's view at each moment, by a model's answers in all the other cameras.

    Args:
        footage: the recordings.
        index: the camera measured, whose images are not looked at.
        model: what finds the persons in the other cameras' images, at full size.
        folder: where its answers are kept, in a file of the model's name and hash, so that many models can be judged
            by the same truth. What is kept is not asked again.
        advance: called for each image, once it is there.
    """
    pipeline = Pipeline(model, score_threshold=SCORE_FLOOR)
    identity = {**settings_of(pipeline), "footage": str(footage.folder.resolve())}
    journal = PredictionJournal(folder / f"{model.name}-{model.sha256[:12]}.jsonl", identity)
    others = [i for i in range(len(footage.cameras)) if i != index]
    found = {
        i: run_images(_run_images(footage, i, journal.done), pipeline, journal, advance, leave_out=False).images
        for i in others
    }
    journal.close()
    return [
        truth_in_view(
            footage.cameras[index],
            [footage.cameras[i] for i in others],
            [found[i][moment].as_filed().poses for i in others],
        )
        for moment in range(len(footage.frames))
    ]


def _run_images(footage: Footage, index: int, done: Collection[str]) -> list[RunImage]:
    """The chosen frames of a camera, which are read only if some are not done."""
    view = footage.cameras[index]
    names = [f"{view.name}.mp4#{number}" for number in footage.frames]
    images = [None] * len(names) if all(name in done for name in names) else footage.images(index)
    return [
        RunImage(number + 1, name, name, lambda image=image: image, lambda size: view.camera)  # type: ignore[misc]
        for number, name, image in zip(footage.frames, names, images, strict=True)
    ]


def footage_answers(
    footage: Footage,
    index: int,
    model: PoseModel,
    downsample: float,
    gravity: bool = True,
    advance: Callable[[], None] = lambda: None,
) -> Answers:
    """A model's answers in one camera.

    Args:
        footage: the recordings.
        index: the camera measured.
        model: what is measured.
        downsample: factor 1..12.
        gravity: whether the model is told the camera's tilt.
        advance: called after each image.
    """
    view = footage.cameras[index]
    camera = view.camera if gravity else view.camera.with_gravity(None)
    pipeline = Pipeline(model, downsample, score_threshold=SCORE_FLOOR)
    answers = Answers([], [])
    for image in footage.images(index):
        result = pipeline.process(image, camera)
        answers.poses.append(result.poses)
        answers.seen.append(result.seen)
        advance()
    return answers


def comparison_picture(
    image: NDArray[np.uint8],
    truth: Sequence[TruthPerson],
    answers: Sequence[tuple[str, NDArray[np.uint8], Poses]],
    threshold: float,
) -> NDArray[np.uint8]:
    """The truth over the full image, and beside it each answer over the image as the model saw it.

    Args:
        image: (h, w, 3) uint8 BGR, full size.
        truth: who is in view.
        answers: a name such as '8x', the image that the model was given, and its poses in pixels of the full image.
        threshold: persons with lower scores are left out.
    """
    full = image.shape[1], image.shape[0]
    size = max(1, round(full[0] * PICTURE_HEIGHT / full[1])), PICTURE_HEIGHT
    expected = Poses.from_arrays(
        [person.box for person in truth],
        np.ones(len(truth)),
        [np.nan_to_num(person.pixels) for person in truth],
        [np.isfinite(person.pixels).all(axis=1) for person in truth],
    )
    panels = [_titled(draw_poses(np.asarray(cv2.resize(image, size), np.uint8), expected, full, boxes=False), "truth")]
    for name, seen, poses in answers:
        found = poses.select(poses.box_scores >= threshold)
        enlarged = cv2.resize(
            seen, size, interpolation=cv2.INTER_NEAREST if seen.shape[0] < size[1] else cv2.INTER_AREA
        )
        panels.append(_titled(draw_poses(np.asarray(enlarged, np.uint8), found, full, score_threshold=0), name))
    return side_by_side(*panels)


def moments_of(truth: Sequence[Sequence[TruthPerson]], answers: Sequence[Poses]) -> list[Moment]:
    """Truth and answers of the same moments."""
    return [Moment(persons, poses) for persons, poses in zip(truth, answers, strict=True)]


def _titled(panel: NDArray[np.uint8], title: str) -> NDArray[np.uint8]:
    for colour, width in (((0, 0, 0), 4), ((255, 255, 255), 1)):
        cv2.putText(panel, title, (10, 28), cv2.FONT_HERSHEY_SIMPLEX, 0.8, colour, width, cv2.LINE_AA)
    return panel
