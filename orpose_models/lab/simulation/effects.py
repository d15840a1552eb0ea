"""What a cheap ceiling camera makes of the light: exposure, white balance, blur, vignette, noise."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from orpose_models.lab.simulation.splits import generator


@dataclass(frozen=True)
class Sensor:
    """The settings of one camera during one scene.

    Attributes:
        brightness: mean grey level its exposure control aims for, 0..255.
        gamma: below 1 lifts the shadows.
        balance: (r, g, b) gains left over by its white balance.
        saturation: 1 keeps colours as they are.
        defocus: blur radius (standard deviation) in pixels.
        vignette: darkening of the corners, 0..1.
        noise: standard deviation in grey levels at mid grey.
        shake: length in pixels of the blur when it is bumped or the scene moves; 0 mostly.
        quality: of the JPEG.
    """

    brightness: float
    gamma: float
    balance: tuple[float, float, float]
    saturation: float
    defocus: float
    vignette: float
    noise: float
    shake: float
    quality: int

    @classmethod
    def draw(cls, rng: np.random.Generator) -> "Sensor":
        """Settings as they occur."""
        red, blue = rng.normal(1, 0.045, 2)
        return cls(
            float(rng.normal(142, 15)),
            float(rng.uniform(0.8, 1.05)),
            (float(red), 1.0, float(blue)),
            float(rng.uniform(0.6, 1.0)),
            float(rng.uniform(0.2, 0.65)),
            float(rng.uniform(0, 0.15)),
            float(rng.uniform(1.0, 4.0)),
            float(rng.uniform(2, 6)) if rng.random() < 0.08 else 0.0,
            int(rng.integers(75, 96)),
        )


def expose(colour: NDArray[np.float32], sensor: Sensor, rng: np.random.Generator) -> NDArray[np.uint8]:
    """A picture (h, w, 3) uint8 RGB from rendered light (h, w, 3)."""
    height, width = colour.shape[:2]
    linear = np.maximum(colour, 0) / np.float32(255)
    level = float(np.percentile(linear.mean(axis=2), 60))
    gain = np.clip((sensor.brightness / 255) ** (1 / sensor.gamma) / max(level, 1e-3), 0.5, 4.0)
    x = linear * np.float32(gain)
    x = np.where(x > 0.75, 0.75 + 0.25 * (1 - np.exp(-(x - 0.75) / 0.25)), x)  # highlights roll off
    x = np.asarray(np.power(x, np.float32(sensor.gamma)), np.float32)
    grey = x.mean(axis=2, keepdims=True)
    x = (grey + (x - grey) * np.float32(sensor.saturation)) * np.array(sensor.balance, np.float32)
    radius2 = ((np.arange(width) / width - 0.5) ** 2)[None] + ((np.arange(height) / height - 0.5) ** 2)[:, None]
    x *= (1 - sensor.vignette * radius2 * 2).astype(np.float32)[..., None]
    if sensor.shake:
        x = np.asarray(cv2.filter2D(x, -1, _streak(sensor.shake, float(rng.uniform(0, np.pi)))), np.float32)
    x = np.asarray(cv2.GaussianBlur(x, (0, 0), sensor.defocus), np.float32)
    grain = rng.standard_normal((height, width, 3), np.float32)
    grain = 0.6 * cv2.GaussianBlur(grain, (0, 0), 0.7) * np.float32(1.8) + 0.5 * grain.mean(axis=2, keepdims=True)
    strength = sensor.noise / 255 * np.sqrt(0.4 + 1.2 * np.clip(x, 0, 1))
    return np.clip((x + grain * strength) * 255 + 0.5, 0, 255).astype(np.uint8)


def _streak(length: float, angle: float) -> NDArray[np.float32]:
    """A motion-blur kernel."""
    size = int(np.ceil(length)) | 1
    kernel = np.zeros((size, size), np.float32)
    centre = size // 2
    tip = (np.array([np.cos(angle), np.sin(angle)]) * length / 2).round().astype(int)
    start, end = (int(centre - tip[0]), int(centre - tip[1])), (int(centre + tip[0]), int(centre + tip[1]))
    cv2.line(kernel, start, end, 1.0, 1)
    return kernel / kernel.sum()


def encode(picture: NDArray[np.uint8], sensor: Sensor) -> bytes:
    """The picture as a JPEG file."""
    return cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, sensor.quality])[1].tobytes()


def sensor_of(split: str, seed: int, scene: int, camera: str) -> Sensor:
    """The settings of a camera in a scene."""
    return Sensor.draw(generator("sensor", split, seed, scene, camera))
