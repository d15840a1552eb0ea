"""Training samples for lifters: what a detector reports of a figure, and the 3D that it should be lifted to."""

from dataclasses import dataclass, field, fields

import numpy as np
from numpy.typing import NDArray

from orpose_models.lifting.features import liftable
from orpose_models.lifting.synthesis.kinematics import unit
from orpose_models.lifting.synthesis.landmarks import Definition, coco_landmarks, h36m_targets
from orpose_models.lifting.synthesis.occlusion import hidden_joints
from orpose_models.lifting.synthesis.postures import sample_postures
from orpose_models.lifting.synthesis.synthetic_bodies import Bodies, load_bodies
from orpose_models.lifting.synthesis.synthetic_detections import DetectorNoise, detect
from orpose_models.lifting.synthesis.views import GENERAL, RAISED, sample_views

TARGET = Definition()
# What a COCO-trained detector's keypoints triangulate to on real footage of three people: hips 0.19 to 0.23 m apart,
# 0.6 of the shoulders' distance, trunk 1.2 times the thigh.
DETECTED = Definition(hip_width=1.7, hip_lift=0.07, shoulder_width=1.05)


@dataclass(frozen=True)
class SampleSettings:
    """What the samples are drawn from.

    Attributes:
        target: where the joints of the 3D targets lie.
        detected: where detectors put them, on average; `detected_spread` is their relative variation.
        raised_cameras: share of cameras as in operating rooms; the others are of any kind.
        gravity_std: error of what is known of gravity, degrees about each axis: no calibration is exact.
        noise: the detectors.
    """

    target: Definition = TARGET
    detected: Definition = DETECTED
    detected_spread: float = 0.10
    raised_cameras: float = 0.75
    gravity_std: float = 1.0
    noise: DetectorNoise = field(default_factory=DetectorNoise)


@dataclass(frozen=True, eq=False)
class Samples:
    """n samples, float32.

    Attributes:
        plane: (n, 17, 2) COCO-17 keypoints as normalised image coordinates x/z, y/z; 0 where missed.
        scores: (n, 17) in 0..1; 0 where missed.
        gravity: (n, 3) unit direction of gravity in the optical frame, as far as it is known.
        joints3d: (n, 17, 3) Human3.6M-17 joints relative to joint 0, metres, optical axes.
        root: (n, 3) joint 0 in the optical frame, metres.
    """

    plane: NDArray[np.float32]
    scores: NDArray[np.float32]
    gravity: NDArray[np.float32]
    joints3d: NDArray[np.float32]
    root: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.plane)


def generate(
    n: int, seed: int | tuple[int, ...], settings: SampleSettings | None = None, bodies: Bodies | None = None
) -> Samples:
    """n samples in which enough joints are detected to be lifted. The same arguments give the same arrays."""
    settings = settings or SampleSettings()
    bodies = bodies or load_bodies()
    rng = np.random.default_rng(seed)
    parts: list[Samples] = []
    missing = n
    while missing > 0:
        part = _draw(max(int(missing * 1.1), 64), bodies, settings, rng)
        parts.append(part)
        missing -= len(part)
    if not parts:
        parts = [_draw(0, bodies, settings, rng)]
    return Samples(**{f.name: np.concatenate([getattr(p, f.name) for p in parts])[:n] for f in fields(Samples)})


def _draw(n: int, bodies: Bodies, settings: SampleSettings, rng: np.random.Generator) -> Samples:
    postures = sample_postures(bodies.draw(n, rng), rng)
    target = coco_landmarks(postures, settings.target)
    seen = coco_landmarks(postures, settings.detected, rng, settings.detected_spread)
    chest = target[:, 5:7].mean(axis=1)
    views = sample_views(
        chest, postures.floor, (RAISED, GENERAL), (settings.raised_cameras, 1 - settings.raised_cameras), rng
    )
    hidden = hidden_joints(postures, seen, views, rng)
    plane = views.normalised(seen)
    depth = views.to_camera(chest[:, None])[:, 0, 2]
    length = np.linalg.norm(chest - target[:, 11:13].mean(axis=1), axis=-1)
    found, scores = detect(plane, length / depth, hidden, views.inside(plane), settings.noise, rng)
    joints3d, root = h36m_targets(views.to_camera(target))
    usable = liftable(scores) & (views.to_camera(target)[..., 2] > 0.3).all(axis=1)
    gravity = views.gravity + rng.normal(0, np.radians(settings.gravity_std), (n, 3))
    arrays = (found, scores, unit(gravity), joints3d, root)
    return Samples(*(array[usable].astype(np.float32) for array in arrays))
