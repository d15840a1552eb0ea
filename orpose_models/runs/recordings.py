"""Recordings of several cameras of one room: a bag with their images, or a video each."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from orpose_models.datasets.bags.bag_pictures import decoded, image_topics, picture_topics
from orpose_models.datasets.bags.reader import Bag, open_bag
from orpose_models.datasets.frames import FrameSource, open_frames
from orpose_models.datasets.kinds import VIDEO_SUFFIXES
from orpose_models.datasets.rig_file import FrameTree
from orpose_models.runs.bag_images import BagImages
from orpose_models.vocabulary.cameras import Camera
from orpose_models.vocabulary.errors import OrposeError

# Stamps of videos begin at 2020-09-13 12:26:40 UTC, so that the same input gives the same bag.
START_NS = 1_600_000_000_000_000_000
_TF_TOPICS = ("/tf_static", "/tf")


@dataclass(frozen=True, eq=False)
class Taken:
    """An image of a recording.

    Attributes:
        image: (h, w, 3) uint8 BGR.
        stamp_ns: when it was taken, nanoseconds.
        camera: its intrinsics; None where the recording has none.
        frame_id: the camera's optical frame; empty where there is none.
    """

    image: NDArray[np.uint8]
    stamp_ns: int
    camera: Camera | None = None
    frame_id: str = ""


@dataclass
class Recording:
    """What one camera recorded.

    Attributes:
        name: of the camera.
        count: how many images to expect.
        problems: one sentence for each thing that could not be read, on the latest pass.
    """

    name: str
    count: int
    _open: Callable[["Recording"], Iterator[Taken]]
    problems: list[str] = field(default_factory=list)

    def __iter__(self) -> Iterator[Taken]:
        self.problems.clear()
        return self._open(self)


def open_recordings(inputs: Sequence[Path], topics: Sequence[str] = ()) -> tuple[list[Recording], Bag | None]:
    """Open a bag with the images of several cameras, or a video of each.

    A camera of a bag is called by the namespace of its images: /left/image_raw is of `left`. One of a video is called
    by the file; videos are taken to start together.

    Args:
        inputs: a bag, or videos.
        topics: which image topics of the bag; all but depth if empty.

    Returns:
        The recordings, and the bag if it is one.

    Raises:
        OrposeError: no such thing, images without times, or two cameras of one name.
    """
    if len(inputs) == 1 and not _is_video(inputs[0]):
        bag = open_bag(inputs[0])
        chosen = [topic for wanted in topics for topic in image_topics(bag, wanted)] or picture_topics(bag)
        recordings = [_of_topic(bag, topic) for topic in chosen]
    else:
        bag = None
        if topics:
            raise OrposeError("--topic is for a bag; videos have no topics")
        recordings = [_of_video(path) for path in inputs]
    names = [recording.name for recording in recordings]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise OrposeError(f"two recordings are of camera {twice[0]!r}; choose one with --topic, or rename a video")
    return recordings, bag


def transforms(bag: Bag) -> FrameTree:
    """The transforms of a bag's /tf_static and /tf; of each frame the last one counts."""
    tree = FrameTree()
    known = [
        topic for topic in _TF_TOPICS if topic in bag.topics and bag.topics[topic].type == "tf2_msgs/msg/TFMessage"
    ]
    for message in bag.messages(known):
        try:
            content = decoded(message)
            for one in content.transforms:
                t, q = one.transform.translation, one.transform.rotation
                tree.add(one.header.frame_id, one.child_frame_id, (t.x, t.y, t.z), (q.x, q.y, q.z, q.w))
        except (OrposeError, ValueError):
            continue  # a damaged one, or no rotation: others may do
    return tree


def camera_of_topic(topic: str) -> str:
    """The camera that a topic is of: the last part of its namespace."""
    return topic.removesuffix("/compressed").rpartition("/")[0].rpartition("/")[2] or "camera"


def _is_video(path: Path) -> bool:
    return path.suffix.lower() in VIDEO_SUFFIXES


def _of_topic(bag: Bag, topic: str) -> Recording:
    images = BagImages(bag, topic)

    def taken(recording: Recording) -> Iterator[Taken]:
        for one in images:
            camera = None if one.camera.guessed else one.camera
            yield Taken(one.image, one.stamp_ns, camera, one.frame_id)
        recording.problems.extend(problem for problem in images.problems if not problem.startswith("no intrinsics"))

    return Recording(camera_of_topic(topic), len(images), taken)


def _of_video(path: Path) -> Recording:
    frames: FrameSource = open_frames(path)
    if not frames.is_video:
        raise OrposeError(f"{path}: images have no times, by which views could be paired; give a bag or a video")

    def taken(recording: Recording) -> Iterator[Taken]:
        for frame in frames.frames():
            yield Taken(frame.image, START_NS + (frame.stamp_ns or 0))
        recording.problems.extend(frames.problems)

    return Recording(path.stem, len(frames), taken)
