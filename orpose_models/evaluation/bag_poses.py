"""Poses of a bag as predictions of a dataset: matched by time stamp."""

from bisect import bisect_left
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orpose_models.datasets.bags.reader import Bag, open_bag
from orpose_models.datasets.bags.types import typestore
from orpose_models.datasets.by_name import DATASETS, open_dataset
from orpose_models.datasets.truth import Truth
from orpose_models.files.predictions import ImagePrediction, Predictions
from orpose_models.messages.fields import stamp_of
from orpose_models.messages.pose_messages import poses_from_messages
from orpose_models.vocabulary.errors import OrposeError

_TYPE2D = "orpose_msgs/msg/PersonPose2DArray"
_TYPE3D = "orpose_msgs/msg/PersonPose3DArray"


@dataclass(frozen=True)
class BagMatch:
    """What of a bag belongs to a dataset.

    Attributes:
        predictions: of the annotated images that the bag has poses of.
        messages: number of 2D pose messages in the bag.
        unmatched_messages: stamps, in nanoseconds, of those without an annotated image.
        unmatched_images: annotated images without poses.
    """

    predictions: Predictions
    messages: int
    unmatched_messages: tuple[int, ...]
    unmatched_images: tuple[int, ...]

    def sentences(self, truth: Truth) -> list[str]:
        """How much belongs together, and the first things that do not."""
        whole = (
            f"{len(self.predictions.images)} of {self.messages} pose messages belong to annotated images; "
            f"{len(self.unmatched_messages)} messages have no annotation, "
            f"{len(self.unmatched_images)} of {len(truth.images)} annotated images have no message"
        )
        messages = [f"no annotation: stamp {stamp}" for stamp in self.unmatched_messages[:5]]
        images = [f"no message: {truth.by_image_id[i].file_name} (id {i})" for i in self.unmatched_images[:5]]
        return [whole, *messages, *images]


def match_recorded(
    path: Path, truth: str, images: Path | None, topic: str | None, camera: str | None, tolerance_ns: int
) -> tuple[Truth, BagMatch, list[str]]:
    """The poses of a bag against annotated images.

    Args:
        path: of the bag.
        truth: KIND:PATH, or a file in COCO's layout.
        images: folder of the images; None to look for it beside the annotations.
        topic: of the 2D poses; None for the only one.
        camera: only annotated images of this camera.
        tolerance_ns: by how much stamps may differ.

    Returns:
        The dataset, what belongs together, and one sentence for each thing that could not be read.

    Raises:
        OrposeError: as `open_dataset`, `open_bag`, `poses_topic` and `match_bag`.
    """
    dataset = open_dataset(truth if truth.partition(":")[0] in DATASETS else f"coco:{truth}", images)
    if camera is not None:
        dataset = dataset.of_camera(camera)
    bag = open_bag(path)
    return dataset, match_bag(dataset, bag, poses_topic(bag, topic), tolerance_ns), bag.problems


def poses_topic(bag: Bag, wanted: str | None = None) -> str:
    """The topic of 2D poses: the wanted one, or the only one there is.

    Raises:
        OrposeError: there is none, or there are several to choose from.
    """
    topics = sorted(name for name, topic in bag.topics.items() if topic.type == _TYPE2D)
    if wanted is not None and wanted not in topics:
        raise OrposeError(f"{bag.path}: no topic {wanted} of {_TYPE2D}; there are: {', '.join(topics) or 'none'}")
    if not topics:
        raise OrposeError(f"{bag.path}: no topic of {_TYPE2D}; was it recorded with the poses?")
    if wanted is None and len(topics) > 1:
        raise OrposeError(f"{bag.path}: several topics of poses, choose one with --topic: {', '.join(topics)}")
    return wanted or topics[0]


def match_bag(truth: Truth, bag: Bag, topic: str, tolerance_ns: int = 0) -> BagMatch:
    """Match the poses of a bag to annotated images by the stamp in their header.

    3D comes from the topic of the same name with poses3d for poses2d. Every message goes to the nearest
    stamp; of several for one image the nearest in time counts, of equally near ones the first.

    Args:
        truth: a dataset whose images have `stamp_ns`.
        bag: the recorded poses.
        topic: of the 2D poses.
        tolerance_ns: by how much stamps may differ.

    Raises:
        OrposeError: the dataset has images without a stamp or two with the same, a message cannot be read, or
            no message belongs to any image.
    """
    images = sorted(truth.images, key=lambda image: image.stamp_ns or 0)
    stamps = [image.stamp_ns for image in images if image.stamp_ns is not None]
    if len(stamps) < len(images):
        raise OrposeError(
            f"{truth.name}: {len(images) - len(stamps)} of {len(images)} images have no stamp_ns, by which they "
            "could be found in a bag; add it to the images of the annotation file"
        )
    if len(set(stamps)) < len(stamps):
        raise OrposeError(f"{truth.name}: two images have the same stamp_ns; evaluate one camera at a time")
    topic3d = topic.replace("poses2d", "poses3d")
    has3d = topic3d != topic and topic3d in bag.topics and bag.topics[topic3d].type == _TYPE3D
    in_space = {stamp_of(m.header): m for m in _decoded(bag, topic3d)} if has3d else {}
    nearest: dict[int, tuple[int, ImagePrediction]] = {}
    used: dict[int, int] = {}
    all_stamps: list[int] = []
    for message in _decoded(bag, topic):
        stamp = stamp_of(message.header)
        all_stamps.append(stamp)
        place = _nearest(stamps, stamp)
        if place is None or abs(stamps[place] - stamp) > tolerance_ns:
            continue
        distance = abs(stamps[place] - stamp)
        if place in nearest and nearest[place][0] <= distance:
            continue
        poses, resolution = poses_from_messages(message, in_space.get(stamp))
        image = images[place]
        nearest[place] = distance, ImagePrediction(image.image_id, image.file_name, resolution, poses, stamp)
        used[place] = stamp
    if not nearest:
        raise OrposeError(
            f"{bag.path}: none of the {len(all_stamps)} pose messages on {topic} has the stamp of an annotated image"
        )
    taken = set(used.values())
    predictions = Predictions([nearest[place][1] for place in sorted(nearest)], {"bag": bag.path.name, "topic": topic})
    return BagMatch(
        predictions,
        len(all_stamps),
        tuple(stamp for stamp in all_stamps if stamp not in taken),
        tuple(image.image_id for place, image in enumerate(images) if place not in nearest),
    )


def _nearest(stamps: list[int], stamp: int) -> int | None:
    if not stamps:
        return None
    right = bisect_left(stamps, stamp)
    around = [i for i in (right - 1, right) if 0 <= i < len(stamps)]
    return min(around, key=lambda i: abs(stamps[i] - stamp))


def _decoded(bag: Bag, topic: str) -> list[Any]:
    messages = []
    for message in bag.messages([topic]):
        try:
            messages.append(typestore().deserialize_cdr(message.data, message.type))
        except Exception as error:  # whatever foreign bytes make of the library
            raise OrposeError(
                f"{bag.path}: a message on {topic} is no {message.type} of this version ({type(error).__name__})"
            ) from None
    return messages
