"""How long the fusion of one moment takes: 4 cameras round a made-up room and 6 people who walk, by default.

OMP_NUM_THREADS=1 python tools/measure_fusion.py [--cameras 4] [--people 6] [--moments 300]
"""

import argparse
import time

import numpy as np
from numpy.typing import NDArray

from orpose_models.datasets.multiview import PlacedCamera
from orpose_models.fusion.fuser import Fuser
from orpose_models.vocabulary.cameras import Camera
from orpose_models.vocabulary.poses import Poses
from orpose_models.vocabulary.skeletons import COCO17_TO_H36M17

Floats = NDArray[np.float64]

# COCO's joints of somebody who stands at the origin, metres, z up.
BODY: Floats = np.array(
    [
        (0.10, 0.0, 1.60), (0.08, 0.03, 1.64), (0.08, -0.03, 1.64), (0.0, 0.08, 1.62), (0.0, -0.08, 1.62),
        (0.0, 0.18, 1.43), (0.0, -0.18, 1.43), (0.05, 0.22, 1.15), (0.05, -0.22, 1.15), (0.25, 0.2, 1.0),
        (0.25, -0.2, 1.0), (0.0, 0.11, 0.89), (0.0, -0.11, 0.89), (0.02, 0.11, 0.5), (0.02, -0.11, 0.5),
        (0.0, 0.11, 0.09), (0.0, -0.11, 0.09),
    ]
)  # fmt: skip
NOISE = 4.0  # pixels


def camera(index: int, count: int) -> PlacedCamera:
    """One of the cameras of 640 x 480 pixels on a circle at 2.5 m, which look at its middle."""
    angle = 2 * np.pi * index / count
    position = np.array([3.6 * np.cos(angle), 3.6 * np.sin(angle), 2.5])
    forward = np.array([0, 0, 1.0]) - position
    forward /= np.linalg.norm(forward)
    right = np.cross(forward, [0, 0, 1.0])
    right /= np.linalg.norm(right)
    rotation = np.stack([right, np.cross(forward, right), forward])
    intrinsics = Camera(640, 480, 540, 540, 319.5, 239.5).with_gravity(rotation @ [0, 0, -1.0])
    return PlacedCamera(f"cam{index + 1}", intrinsics, rotation, position)


def seen(view: PlacedCamera, people: Floats, rng: np.random.Generator) -> Poses:
    """What a camera sees of people (n, 17, 3), with noise."""
    optical = view.to_optical(people)
    pixels = view.camera.project(optical) + rng.normal(0, NOISE, (*people.shape[:2], 2))
    boxes = np.concatenate([pixels.min(axis=1), pixels.max(axis=1)], axis=1)
    scores = rng.uniform(0.5, 0.95, people.shape[:2])
    joints = COCO17_TO_H36M17.points(optical)
    return Poses.from_arrays(
        boxes, np.full(len(people), 0.9), pixels, scores, joints3d=joints - joints[:, :1], root=joints[:, 0],
        root_std=0.09 * joints[:, 0, 2],
    )  # fmt: skip


def main() -> None:
    """Print the median and the 95th percentile."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("cameras", 4), ("people", 6), ("moments", 300)):
        parser.add_argument(f"--{name}", type=int, default=default)
    given = parser.parse_args()
    rng = np.random.default_rng(0)
    cameras = [camera(k, given.cameras) for k in range(given.cameras)]
    fuser = Fuser(cameras)
    phases, found = rng.uniform(0, 2 * np.pi, given.people), 0
    costs: list[tuple[float, float]] = []
    for moment in range(given.moments):
        angles = phases + 0.3 * moment / 10
        radii = 0.4 + 0.25 * np.arange(given.people)
        places = np.stack([radii * np.cos(angles), radii * np.sin(angles), np.zeros(given.people)], axis=1)
        poses = [seen(view, BODY + places[:, None], rng) for view in cameras]
        before = time.perf_counter(), time.process_time()
        found += len(fuser.update(poses, moment / 10))
        costs.append((time.perf_counter() - before[0], time.process_time() - before[1]))
    print(f"{given.cameras} cameras, {given.people} people, milliseconds a moment (median, 95th percentile):")
    for what, values in zip(("on the clock", "of processor time"), np.array(costs[10:]).T * 1e3, strict=True):
        print(f"  {what}: {np.median(values):.2f}, {np.percentile(values, 95):.2f}")
    print(f"{found / given.moments:.2f} persons found at a moment")


if __name__ == "__main__":
    main()
