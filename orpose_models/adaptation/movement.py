"""How steadily a model sees people who move: what can be measured without labels."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np
from numpy.typing import NDArray

from orpose_models.files.predictions import ImagePrediction
from orpose_models.runs.image_run import tracked
from orpose_models.tracking.tracker import Tracker
from orpose_models.vocabulary.skeletons import COCO17

_PERSON, _JOINT = 0.3, 0.3  # scores from which on somebody and a joint count
_FEWEST = 20  # of anything, to say something of it


@dataclass(frozen=True)
class Movement:
    """Of stretches of consecutive images; None where too little was seen to say.

    Attributes:
        persons: how many person-images there are.
        jitter: mean second difference of the joints' places, as a share of the square root of the box's area.
        changes: new ids in the middle of a stretch, of 100 person-images: people lost and found again, or made up.
        limbs: mean relative change of a limb's length in the image from one image to the next.
    """

    persons: int
    jitter: float | None
    changes: float | None
    limbs: float | None

    def as_plain(self) -> dict[str, float | None]:
        """For a file."""
        return asdict(self)


def movement(stretches: Sequence[Sequence[ImagePrediction]]) -> Movement:
    """Measure stretches, each of consecutive images of one camera, in order."""
    second: list[float] = []
    limbs: list[float] = []
    persons = changes = 0
    for stretch in stretches:
        tracks: dict[int, dict[int, tuple[NDArray, NDArray, float]]] = {}
        known = [_sure(image) for image in stretch]
        for place, image in enumerate(tracked(known, Tracker(smoothing=False))):
            poses = image.poses
            persons += len(poses)
            for i, own in enumerate(poses.ids):
                changes += int(place > 0 and int(own) not in tracks)
                scale = float(np.sqrt(np.prod(np.maximum(poses.boxes[i, 2:] - poses.boxes[i, :2], 1))))
                one = (poses.keypoints[i].astype(np.float64), poses.keypoint_scores[i] >= _JOINT, scale)
                tracks.setdefault(int(own), {})[place] = one
        for track in tracks.values():
            second += _second_differences(track)
            limbs += _limb_changes(track)
    return Movement(
        persons,
        float(np.mean(second)) if len(second) >= _FEWEST else None,
        100 * changes / persons if persons >= _FEWEST else None,
        float(np.mean(limbs)) if len(limbs) >= _FEWEST else None,
    )


def _sure(image: ImagePrediction) -> ImagePrediction:
    return replace(image, poses=image.poses.select(image.poses.box_scores >= _PERSON))


def _second_differences(track: dict[int, tuple[NDArray, NDArray, float]]) -> list[float]:
    found: list[float] = []
    for place, (points, seen, scale) in track.items():
        if place - 1 in track and place + 1 in track:
            (before, seen_before, _), (after, seen_after, _) = track[place - 1], track[place + 1]
            apart = np.linalg.norm(before - 2 * points + after, axis=1) / scale
            found += apart[seen & seen_before & seen_after].tolist()
    return found


def _limb_changes(track: dict[int, tuple[NDArray, NDArray, float]]) -> list[float]:
    found: list[float] = []
    for place, (points, seen, _) in track.items():
        if place + 1 not in track:
            continue
        after, seen_after, _ = track[place + 1]
        for a, b in COCO17.edges:
            if seen[a] and seen[b] and seen_after[a] and seen_after[b]:
                first, second = (float(np.linalg.norm(p[a] - p[b])) for p in (points, after))
                if first > 1 and second > 1:
                    found.append(abs(float(np.log(second / first))))
    return found
