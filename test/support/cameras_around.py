"""Calibrated cameras around the origin, and what they see."""

import numpy as np

from orpose_models.datasets.multiview import PlacedCamera
from orpose_models.vocabulary.cameras import Camera
from orpose_models.vocabulary.poses import Poses


def looking_at_origin(azimuth_deg: float, height: float = 2.0, distance: float = 3.0) -> PlacedCamera:
    azimuth = np.radians(azimuth_deg)
    position = np.array([distance * np.cos(azimuth), distance * np.sin(azimuth), height])
    forward = -position / np.linalg.norm(position)
    right = np.cross(forward, [0, 0, 1.0])
    right /= np.linalg.norm(right)
    rotation = np.stack([right, np.cross(forward, right), forward])
    camera = Camera(640, 480, 540, 540, 320, 240).with_gravity(rotation @ [0, 0, -1])
    return PlacedCamera(f"{azimuth_deg:g}", camera, rotation, position)


CAMERAS = [looking_at_origin(a) for a in (0, 80, 200)]


def seen_by(view: PlacedCamera, persons: np.ndarray) -> Poses:
    pixels = view.camera.project(view.to_optical(persons))
    boxes = np.concatenate([pixels.min(axis=1), pixels.max(axis=1)], axis=1)
    return Poses.from_arrays(boxes, np.ones(len(persons)), pixels, np.full(persons.shape[:2], 0.9))
