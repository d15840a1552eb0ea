"""The same images at full and at the lowest scale: ground truth, teacher, the student before and after adaptation."""

from collections.abc import Mapping, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from orpose_models.datasets.image_file import read_image
from orpose_models.datasets.truth import NOT_LABELLED, ImageTruth, Truth, as_coco17
from orpose_models.drawing.overlays import draw_poses
from orpose_models.lab.reproduction.rows import BY_NAME
from orpose_models.runs.pictures import draw_scene3d
from orpose_models.vocabulary.cameras import Camera
from orpose_models.vocabulary.poses import Poses
from orpose_models.vocabulary.resolution import reduce_image, resize_up

SHOWN = ("teacher", "unadapted", "all")
_WIDTH, _SCENE, _CAPTION = 330, 230, 22


def choose_images(truth: Truth, number: int) -> list[ImageTruth]:
    """The images with the most labelled persons, one of a scene: chosen by who is in them, not by how they went."""
    ranked = sorted(truth.images, key=lambda image: (-int(image.persons.labelled.sum()), image.image_id))
    chosen: dict[str, ImageTruth] = {}
    for image in ranked:
        chosen.setdefault(image.group or image.file_name, image)
    return list(chosen.values())[:number]


def true_poses(truth: Truth, image: ImageTruth) -> Poses:
    """The annotated persons, to be drawn."""
    persons = image.persons.select(~image.persons.ignore)
    keypoints, visibility = as_coco17(truth, persons)
    roots = persons.joints3d[:, 0]
    return Poses.from_arrays(
        persons.boxes,
        np.ones(len(persons)),
        keypoints,
        (visibility > NOT_LABELLED).astype(float),
        joints3d=persons.joints3d - roots[:, None],
        root=roots,
    )


def comparison(
    truth: Truth,
    image: ImageTruth,
    found: Mapping[tuple[str, float], Poses],
    factors: Sequence[float],
    threshold: float,
) -> NDArray[np.uint8]:
    """One image at some scales: each as the network sees it, enlarged, with the skeletons; below in 3D from the side.

    Args:
        found: what the rows found, by row and scale; where there is nothing the place says "missing".
        threshold: box scores from which on a person is drawn.

    Returns:
        (h, w, 3) uint8 BGR.
    """
    pixels = read_image(truth.image_root / image.file_name)
    lines = []
    for factor in factors:
        seen = resize_up(reduce_image(pixels, factor)[0], image.size)
        cells = [_cell(seen, true_poses(truth, image), image.camera, f"ground truth, {factor:g}x")]
        for name in SHOWN:
            poses = found.get((name, factor))
            caption = f"{BY_NAME[name].title}, {factor:g}x"
            if poses is None:
                cells.append(_cell(seen, Poses.empty(), image.camera, f"{caption}: missing"))
            else:
                cells.append(_cell(seen, poses.select(poses.box_scores >= threshold), image.camera, caption))
        lines.append(np.hstack(cells))
    return np.asarray(np.vstack(lines), np.uint8)


def _cell(seen: NDArray[np.uint8], poses: Poses, camera: Camera | None, caption: str) -> NDArray[np.uint8]:
    height, width = seen.shape[:2]
    full = draw_poses(seen, poses, boxes=False)
    drawn = cv2.resize(full, (_WIDTH, round(height * _WIDTH / width)), interpolation=cv2.INTER_AREA)
    wide = draw_scene3d(poses, (width, height), camera, size=(width, round(_SCENE * width / _WIDTH)))
    scene = cv2.resize(wide, (_WIDTH, _SCENE), interpolation=cv2.INTER_AREA)
    head = np.full((_CAPTION, _WIDTH, 3), 255, np.uint8)
    cv2.putText(head, caption, (4, 15), cv2.FONT_HERSHEY_SIMPLEX, 0.42, (0, 0, 0), 1, cv2.LINE_AA)
    cell = np.vstack([head, drawn, scene])
    return np.asarray(cv2.copyMakeBorder(cell, 0, 4, 0, 4, cv2.BORDER_CONSTANT, value=(255, 255, 255)), np.uint8)
