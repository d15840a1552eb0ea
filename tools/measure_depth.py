"""How far off roots are by depth: encounters with a depth that has noise, holes, and something before half of all.

orpose simulate-encounters OUT --scenes 1 --rate 5 --seed 11
python tools/measure_depth.py OUT/encounter000... [--downsample 12] [--stride 1] [--steadied]
"""

import argparse
import json
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from orpose_models.datasets.by_name import open_dataset
from orpose_models.datasets.image_file import read_image
from orpose_models.datasets.truth import Persons
from orpose_models.registry.pipelines import load_pipeline
from orpose_models.vocabulary.poses import Poses
from orpose_models.vocabulary.similarity import box_iou

# Standard deviation at a metre, metres; it grows with the square of the distance.
NOISE = 0.0025
# Share of the patches of 8 x 8 pixels that are holes.
HOLES = 0.2
# Something 1.2 m off hides so much of the width of half of the persons.
HIDDEN, NEAR = 0.4, 1.2
PAIR_IOU, MIN_SCORE = 0.5, 0.25


def measured(millimetres: NDArray[np.uint16], persons: Persons, rng: np.random.Generator) -> NDArray[np.float32]:
    """What a real camera might measure of an ideal depth image (h, w): metres, NaN where unknown."""
    depth = np.where(millimetres == 0, np.nan, millimetres / 1000)
    depth = depth + rng.normal(0, NOISE, depth.shape) * np.nan_to_num(depth) ** 2
    height, width = depth.shape
    holes = rng.random((height // 8 + 1, width // 8 + 1)) < HOLES
    depth[np.kron(holes, np.ones((8, 8), bool))[:height, :width]] = np.nan
    for x_min, y_min, x_max, y_max in persons.boxes[rng.random(len(persons.boxes)) < 0.5]:
        wide = (x_max - x_min) * HIDDEN
        left = rng.uniform(x_min, x_max - wide)
        depth[max(int(y_min), 0) : int(y_max), max(int(left), 0) : int(left + wide)] = NEAR
    return depth.astype(np.float32)


def errors(folder: Path, downsample: float, stride: int, steadied: bool) -> list[tuple[float, float, float]]:
    """Of each person found: how far off the root is, metres: without depth, with it, and with it across the sight.

    `steadied`: whether persons are as the node publishes them, and not as each image has them.
    """
    truth = open_dataset(f"sim:{folder}")
    document = json.loads((folder / "annotations.json").read_text())
    names = {image["id"]: image["depth_name"] for image in document["images"]}
    pelvis = truth.skeleton3d.joints.index("pelvis")
    without, pipeline = (load_pipeline(downsample=downsample, threads=1, tracking=steadied) for _ in range(2))
    rng = np.random.default_rng(0)
    rows = []
    for image in truth.images[::stride]:
        ideal = cv2.imread(str(folder / names[image.image_id]), cv2.IMREAD_UNCHANGED)
        depth = measured(np.asarray(ideal, np.uint16), image.persons, rng)
        picture = read_image(truth.image_root / image.file_name)
        time = (image.stamp_ns or 0) / 1e9
        plain = without.process(picture, image.camera, time).poses
        deep = pipeline.process(picture, image.camera, time, depth=depth).poses
        before, now = (_off(poses, image.persons, pelvis) for poses in (plain, deep))
        rows += [(before.get(k, (np.nan,))[0], *off) for k, off in now.items()]
    return rows


def _off(poses: Poses, persons: Persons, pelvis: int) -> dict[int, tuple[float, float]]:
    """How far off the root of each person of the truth is that is found, metres: at all, and across the sight."""
    found = {}
    alike = box_iou(poses.boxes, persons.boxes.astype(np.float32))
    for i in np.flatnonzero(poses.box_scores >= MIN_SCORE) if alike.shape[1] else ():
        k = int(alike[i].argmax())
        if alike[i, k] < PAIR_IOU or persons.ignore[k]:
            continue
        place = persons.joints3d[k, pelvis]
        off = poses.root[i] - place
        along = off @ place / np.linalg.norm(place)
        found.setdefault(k, (float(np.linalg.norm(off)), float(np.sqrt(max(float(off @ off - along**2), 0.0)))))
    return found


def main() -> None:
    """Print medians in millimetres."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--downsample", type=float, default=1.0)
    parser.add_argument("--stride", type=int, default=1)
    parser.add_argument("--steadied", action="store_true")
    given = parser.parse_args()
    rows = [row for folder in given.folders for row in errors(folder, given.downsample, given.stride, given.steadied)]
    plain, deep, across = np.nanmedian(np.array(rows) * 1000, axis=0)
    print(f"{len(rows)} persons, median error of the root in mm: {plain:.0f} without depth, {deep:.0f} with depth")
    print(f"of that across the line of sight: {across:.0f}")


if __name__ == "__main__":
    main()
