"""Pictures of a run: what the model saw with the poses over it, beside the 3D skeletons from the side."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from orpose_models.datasets.frames import FrameSource
from orpose_models.drawing import overlays
from orpose_models.drawing.overlays import draw_poses, side_by_side
from orpose_models.files.picture_writer import PictureWriter
from orpose_models.files.predictions import ImagePrediction
from orpose_models.lifting.placing import likely_roots
from orpose_models.vocabulary.cameras import Camera
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.poses import Poses
from orpose_models.vocabulary.reporting import Reporter, counter
from orpose_models.vocabulary.resolution import Size, resize_down, resize_up

_HEIGHT, _WIDTH = 720, 16_384  # pixels at most; JPEG holds no more than 65,535
_USUAL_FPS = 25.0


def picture_target(frames: FrameSource, out: Path) -> Path:
    """The video or the folder that the pictures of a run go to."""
    return out / "overlay.mp4" if frames.is_video else out / "overlays"


def write_pictures(
    frames: FrameSource,
    stride: int,
    images: Sequence[ImagePrediction],
    camera: Callable[[Size], Camera],
    target: Path,
    threshold: float,
    reporter: Reporter,
) -> list[str]:
    """Draw every image of a run, the persons of a score of at least `threshold` in it.

    Args:
        frames: where the images come from.
        stride: which of them the run looked at.
        images: what it found.
        camera: of an image of a size.
        target: see `picture_target`.

    Returns:
        One sentence for each image that can no longer be read.
    """
    by_id = {image.image_id: image for image in images}
    problems = []
    advance = counter(reporter, "pictures", len(by_id))
    with PictureWriter(target, fps=(frames.fps or _USUAL_FPS) / stride) as writer:
        for shot in frames.shots(stride):
            if image := by_id.get(shot.index + 1):
                try:
                    pixels = shot.read()
                except OrposeError as error:
                    problems.append(f"not drawn: {error}")
                else:
                    drawn = picture(pixels, image, camera(image.resolution.full), threshold)
                    writer.write(shot.name, drawn, shot.stamp_ns)
                advance()
    return problems


def picture(
    image: NDArray[np.uint8], prediction: ImagePrediction, camera: Camera, threshold: float
) -> NDArray[np.uint8]:
    """What the model saw of an image (h, w, 3) with the poses over it, beside the 3D skeletons from the side."""
    resolution = prediction.resolution
    poses = prediction.poses.select(prediction.poses.box_scores >= threshold)
    seen = resize_up(resize_down(image, resolution.seen), resolution.full)
    shown = _shrunk(draw_poses(seen, poses))
    side = min(shown.shape[0], _HEIGHT)
    return side_by_side(shown, draw_scene3d(poses, resolution.full, camera, (side, side)))


def draw_scene3d(
    poses: Poses,
    full_size: Size,
    camera: Camera | None = None,
    size: Size = (480, 480),
    turn_deg: float = 50.0,
    elevation_deg: float = 12.0,
) -> NDArray[np.uint8]:
    """Draw the 3D skeletons of an image as seen from the side, standing on a floor grid of 1 m squares.

    Persons stand at `poses.root` where known, else where `camera`, or a guessed one, would place them; the
    caption says which. Up is against gravity where the camera knows it, else the image's up.

    Args:
        poses: the persons.
        full_size: width, height of the original image.
        camera: of the original image.
        size: width, height of the picture in pixels.
        turn_deg: how far the viewer has walked round the scene from the camera's place.
        elevation_deg: how far the viewer looks down.

    Returns:
        (h, w, 3) uint8 BGR.
    """
    roots = likely_roots(poses, full_size, camera)
    return overlays.draw_scene3d(poses, roots, camera, size, turn_deg, elevation_deg)


def remove_earlier(overlays: Path, ours: bool, reporter: Reporter) -> None:
    """Remove the pictures of an earlier run, which may show more than this one's; if not surely `ours`, only say so.

    Only JPEGs go, and no links: this program makes nothing else there.
    """
    pictures = [path for path in overlays.rglob("*.jpg") if path.is_file() and not path.is_symlink()]
    if not pictures:
        return
    if not ours or overlays.is_symlink():
        text = f"{len(pictures)} pictures were in {overlays} before; those that are not drawn anew stay: delete them "
        reporter.note("not removed", text + "if they show more than they should")
        return
    for path in pictures:
        path.unlink()
    reporter.note("note", f"removed {len(pictures)} pictures of an earlier run from {overlays}")


def _shrunk(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = image.shape[:2]
    scale = min(1.0, _HEIGHT / height, _WIDTH / width)
    if scale == 1.0:
        return image
    return resize_down(image, (max(1, round(width * scale)), max(1, round(height * scale))))
