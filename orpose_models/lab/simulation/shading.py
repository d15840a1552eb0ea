"""Shadows and ambient occlusion from depth buffers."""

import cv2
import numpy as np
from numpy.typing import NDArray

from orpose_models.lab.simulation.lights import Beam
from orpose_models.lab.simulation.rigs import HEIGHT, WIDTH

SCALE = 1.5  # supersampling
DRAWN = (round(WIDTH * SCALE), round(HEIGHT * SCALE))
# Which drawn pixel stands for each pixel of the picture where averaging makes no sense (depth).
ROWS = ((np.arange(HEIGHT) + 0.5) * SCALE).astype(int)
COLUMNS = ((np.arange(WIDTH) + 0.5) * SCALE).astype(int)


def unproject(z: NDArray, matrix: NDArray) -> NDArray[np.float32]:
    """World points (h, w, 3) of a depth buffer sampled at `ROWS` and `COLUMNS`."""
    x = ((COLUMNS + 0.5) / DRAWN[0] * 2 - 1).astype(np.float32)
    y = (1 - (ROWS + 0.5) / DRAWN[1] * 2).astype(np.float32)
    inverse = np.linalg.inv(matrix).astype(np.float64)
    ndc = 2.0 * z.astype(np.float64) - 1
    out = [row[0] * x[None] + row[1] * y[:, None] + row[2] * ndc + row[3] for row in inverse]
    return np.stack([out[k] / out[3] for k in range(3)], axis=-1).astype(np.float32)


def shadow_factor(world: NDArray, matrix: NDArray, depth: NDArray, beam: Beam) -> NDArray[np.float32]:
    """How much of a beam reaches each point (h, w), 0..1, with soft edges."""
    m = matrix.astype(np.float32)
    clip = world @ m[:, :3].T + m[:, 3]
    w = np.maximum(clip[..., 3], 1e-4)
    size = depth.shape[0]
    u, v = (clip[..., 0] / w + 1) * (size / 2), (1 - clip[..., 1] / w) * (size / 2)
    here = (clip[..., 2] / w + 1) / 2
    spread = beam.softness * size / 2 / np.tan(np.radians(min(beam.cone, 65.0))) / np.maximum(w, 0.3)
    bias = 0.15 * 0.06 / np.maximum(w, 0.3) ** 2
    lit = np.zeros(w.shape, np.float32)
    taps = ((0, 0), (0.9, 0.4), (-0.9, -0.4), (0.4, -0.9), (-0.4, 0.9))
    for dx, dy in taps:
        i = np.clip(v + dy * spread, 0, size - 1).astype(np.int32)
        j = np.clip(u + dx * spread, 0, size - 1).astype(np.int32)
        lit += depth[i, j] > here - bias
    lit /= len(taps)
    lit[(u < 0) | (u >= size) | (v < 0) | (v >= size)] = 1
    return np.asarray(cv2.GaussianBlur(lit, (0, 0), 0.8), np.float32)


def ambient_occlusion(depth: NDArray) -> NDArray[np.float32]:
    """Darkening (h, w) of creases and contacts, 0.4..1, from the depth around each pixel."""
    total = np.zeros_like(depth)
    count = 0
    for radius in (3, 8, 18):
        for k in range(6):
            angle = np.pi / 3 * k + radius
            dx, dy = round(radius * np.cos(angle)), round(radius * np.sin(angle))
            other = np.roll(depth, (dy, dx), (0, 1))
            nearer = depth - other
            reach = radius * depth / 540 * 1.5
            total += np.clip(nearer / reach, 0, 1) * (nearer < 4 * reach)
            count += 1
    return np.clip(1 - 0.85 * cv2.GaussianBlur(total / count, (0, 0), 1.2), 0.4, 1).astype(np.float32)
