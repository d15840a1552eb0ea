"""The recordings that a student is adapted to: videos, image topics of bags and folders, all gone through alike."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from orpose_models.datasets.bags.bag_pictures import BagCameras, image_topics, late_picture, picture_topics
from orpose_models.datasets.bags.reader import BagMessage, open_bag
from orpose_models.datasets.bags.topics import camera_info_topic
from orpose_models.datasets.camera_file import View
from orpose_models.datasets.frames import Shot, open_frames
from orpose_models.datasets.held_back import refuse_held_back
from orpose_models.datasets.multiview import PlacedCamera
from orpose_models.files.names import printable
from orpose_models.messages.camera_info import is_rectified
from orpose_models.training.contents import digest_of_list, digest_of_recording
from orpose_models.training.sources import is_bag
from orpose_models.vocabulary.cameras import Camera
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.resolution import Size


@dataclass(frozen=True, eq=False)
class Recording:
    """Images of one camera, in their order.

    Attributes:
        name: of files, unique among the recordings.
        path: where it is. topic: of a bag.
        count: about how many images it has.
        content: digest of it, see `training.contents`.
        timed: whether the images have times.
        shots: its images, in order, each read when it is wanted.
        camera: of an image of a size; None where nothing is known of it.
        view: what is known of the camera from outside. placed: where it is, if it is one of several calibrated ones.
        problems: what cannot be read, one sentence each; grows while it is gone through.
    """

    name: str
    path: Path
    topic: str | None
    count: int
    content: str
    timed: bool
    shots: Callable[[], Iterator[Shot]]
    camera: Callable[[Size], Camera | None]
    view: View = field(default_factory=View)
    problems: list[str] = field(default_factory=list)
    placed: PlacedCamera | None = None

    def identity(self) -> dict[str, Any]:
        """What everything that is made of it depends on."""
        return {
            "path": printable(self.path.resolve()),
            "topic": self.topic,
            "content": self.content,
            "intrinsics": self.view.intrinsics(),
            "gravity": self.view.gravity,
            "position": None if self.placed is None else [round(float(v), 6) for v in self.placed.position],
        }


def open_recordings(
    paths: Sequence[Path],
    views: Sequence[View],
    topics: Sequence[str] = (),
    fps: float | None = None,
    placed: Sequence[PlacedCamera] = (),
) -> list[Recording]:
    """Open recordings.

    Args:
        paths: videos, bags (folder, .mcap, .db3), folders of images.
        views: what is known of the camera of each; a bag's camera_info comes first.
        topics: image topics of the bags; none for all but those of depth.
        fps: images a second of folders; without it their images have no times.
        placed: calibrated cameras; videos and folders of their names are theirs, and are taken at the same time.

    Raises:
        OrposeError: nothing there, nothing in it, or held back for measuring.
    """
    opened: list[Recording] = []
    for path, view in zip(paths, views, strict=True):
        opened += _of_bag(path, view, topics) if is_bag(path) else [_of_frames(path, view, fps)]
    cameras = {camera.name: camera for camera in placed}
    opened = [replace(one, placed=cameras.get(one.path.stem) if one.topic is None else None) for one in opened]
    names: dict[str, int] = {}
    renamed = []
    for one in opened:
        names[one.name] = names.get(one.name, 0) + 1
        number = names[one.name]
        renamed.append(one if number == 1 else replace(one, name=f"{one.name}-{number}"))
    if len({one.content + (one.topic or "") for one in opened}) < len(opened):
        raise OrposeError("two of the recordings are the same; give each once")
    return renamed


def together(recordings: Sequence[Recording]) -> list[int]:
    """Which recordings are of calibrated cameras that see the same moments: none, or two and more."""
    found = [number for number, one in enumerate(recordings) if one.placed is not None and one.timed]
    return found if len(found) > 1 else []


def _of_frames(path: Path, view: View, fps: float | None) -> Recording:
    refuse_held_back(path)
    source = open_frames(path)
    if source.is_video:
        content = digest_of_recording(source.files)
    else:
        content = digest_of_list((file.relative_to(path).as_posix(), file) for file in source.files)

    def shots() -> Iterator[Shot]:
        for shot in source.shots():
            stamp = round(shot.index / fps * 1e9) if fps and not source.is_video else shot.stamp_ns
            yield Shot(shot.index, shot.name, shot.read, stamp)

    known = view.intrinsics_camera is not None or view.gravity is not None
    return Recording(
        _plain(path.resolve().stem),
        path,
        None,
        len(source),
        content,
        source.is_video or fps is not None,
        shots,
        lambda size: view.camera(size) if known else None,
        view,
        source.problems,
    )


def _of_bag(path: Path, view: View, topics: Sequence[str]) -> list[Recording]:
    bag = open_bag(path)
    chosen = [image_topics(bag, topic)[0] for topic in topics] if topics else picture_topics(bag)
    full = [topic for topic in chosen if bag.topics[topic].count]
    if not full:
        raise OrposeError(f"{path}: no image on {', '.join(chosen)}")
    content = digest_of_recording(bag.files)

    def recording(topic: str) -> Recording:
        cameras = BagCameras(bag, camera_info_topic(topic), view, [], is_rectified(topic))

        def shots() -> Iterator[Shot]:
            for number, message in enumerate(bag.messages([topic])):
                yield _shot(bag.path, topic, number, message)

        def camera(size: Size) -> Camera | None:
            found = cameras.at(0, size)
            return None if found.guessed and found.gravity is None else found

        name = _plain(f"{path.resolve().stem}{topic}")
        return Recording(name, path, topic, bag.topics[topic].count, content, True, shots, camera, view, bag.problems)

    return [recording(topic) for topic in full]


def _shot(bag: Path, topic: str, number: int, message: BagMessage) -> Shot:
    stamp, read = late_picture(message, f"{bag}: {topic}, image {number}")
    return Shot(number, f"{topic}#{number}", read, stamp)


def _plain(name: str) -> str:
    """A name of files: letters, digits, '.', '_' and '-' stay."""
    return "".join(letter if letter.isascii() and (letter.isalnum() or letter in "._-") else "-" for letter in name)
