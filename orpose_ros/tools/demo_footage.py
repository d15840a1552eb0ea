"""The footage of the demonstration: to a bag before it is played, to pictures of what arrived after it."""

from pathlib import Path

from orpose_models.datasets.bags.bag_pictures import decoded, picture
from orpose_models.datasets.bags.create import BagPlan, create_bag
from orpose_models.datasets.bags.reader import open_bag
from orpose_models.datasets.frames import open_frames
from orpose_models.datasets.image_file import size_of
from orpose_models.drawing.overlays import draw_poses, side_by_side
from orpose_models.files.picture_writer import PictureWriter
from orpose_models.messages.fields import stamp_of
from orpose_models.runs.pictures import draw_scene3d
from orpose_models.vocabulary.cameras import Camera
from orpose_models.vocabulary.poses import Poses
from orpose_models.vocabulary.reporting import Reporter, counter


def make_bag(video: Path, bag: Path, plan: BagPlan, camera: Camera, reporter: Reporter) -> Path:
    """The bag of a video, made unless it is there."""
    if not bag.exists():
        frames = open_frames(video)
        create_bag(frames, bag, plan, camera, counter(reporter, "bag", len(frames)))
    return bag


def draw_bag(
    bag: Path, poses: dict[int, Poses], plan: BagPlan, camera: Camera, target: Path, fps: float, reporter: Reporter
) -> None:
    """A video of the images whose poses arrived, with these over them and the skeletons from the side.

    Args:
        bag: has the images.
        poses: by stamp in nanoseconds.
        plan: that the bag was made by.
        camera: of the footage.
        target: the video.
        fps: images a second.
        reporter: hears how far it is.
    """
    advance = counter(reporter, "pictures", len(poses))
    with PictureWriter(target, fps=max(1.0, fps)) as writer:
        for message in open_bag(bag).messages([plan.image_topic]):
            content = decoded(message)
            found = poses.get(stamp_of(content.header))
            if found is None:
                continue
            image = picture(content)
            size = size_of(image)
            scene = draw_scene3d(found, size, camera.resized(*size), (640, 640))
            writer.write("", side_by_side(draw_poses(image, found), scene))
            advance()
