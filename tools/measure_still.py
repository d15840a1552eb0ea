"""How far the root of somebody who stands still moves from image to image: `python tools/measure_still.py`.

The farthest person of cameras 1 to 3 of the multi-person footage stands; docs/tracks.md quotes the figures.
"""

import numpy as np
from numpy.typing import NDArray

from orpose_models.datasets.frames import open_frames
from orpose_models.datasets.multiview import read_qualisys
from orpose_models.files.assets import asset
from orpose_models.registry.models import DEFAULT_MODEL
from orpose_models.registry.pipelines import load_pipeline
from orpose_models.vocabulary.cameras import Camera

RATE = 60.0  # images a second
LEAST = 90  # images that somebody must be seen in, of 100


def steps(name: str, camera: Camera, downsample: float) -> NDArray[np.float64]:
    """Steps (n,) of the root in mm, of the one of the farthest median distance."""
    pipeline = load_pipeline(DEFAULT_MODEL, downsample=downsample, tracking=True)
    roots: dict[int, list[NDArray[np.float32]]] = {}
    for number, frame in enumerate(open_frames(asset("multiperson") / f"{name}.mp4").frames()):
        poses = pipeline.process(frame.image, camera, number / RATE).poses
        for person, root in zip(poses.ids.tolist(), poses.root, strict=True):
            roots.setdefault(person, []).append(root)
    known = [np.array(places) for places in roots.values() if len(places) > LEAST and np.isfinite(places).all()]
    still = max(known, key=lambda places: float(np.median(places[:, 2])))
    return 1000.0 * np.linalg.norm(np.diff(still, axis=0), axis=1).astype(np.float64)


def main() -> None:
    """Measure at full resolution and reduced by 12."""
    cameras = [camera for camera in read_qualisys(asset("multiperson") / "Calib.qca.txt") if camera.name != "cam04"]
    for factor in (1.0, 12.0):
        found = np.concatenate([steps(camera.name, camera.camera, factor) for camera in cameras])
        print(
            f"{factor:g}x: {len(found)} steps, median {np.median(found):.1f} mm, 95 % {np.percentile(found, 95):.1f} mm"
        )


if __name__ == "__main__":
    main()
