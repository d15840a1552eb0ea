"""The paper's teacher: Cascade Mask R-CNN X-152, HRNet-W48 and a lifter, from weights that the user provides."""

import hashlib
import os
from pathlib import Path

from orpose_models.files.assets import cache_folder
from orpose_models.files.disk import sha256
from orpose_models.lifting.runtime import load_lifter
from orpose_models.teacher.cascade_rcnn import CascadeRCNNDetector
from orpose_models.teacher.hrnet import HRNetKeypoints
from orpose_models.teacher.martinez import MartinezLifter
from orpose_models.teacher.protocols import Lifter, TopDown
from orpose_models.teacher.teacher import Teacher
from orpose_models.vocabulary.errors import OrposeError

# As their publishers call them.
DETECTOR_FILE = "model_0039999_e76410.pkl"
KEYPOINT_FILE = "pose_hrnet_w48_384x288.pth"
LIFTER_FILE = "martinez_lifter.safetensors"

# Test-time augmentation: the paper says "multi-scale and flip" and no more.
SHORT_SIDES = (640, 800, 1000)
PADDINGS = (1.1, 1.25, 1.4)


def weights_folder() -> Path:
    """Where the weights are looked for: `ORPOSE_PAPER_WEIGHTS`, or `paper-teacher` in the cache folder."""
    if chosen := os.environ.get("ORPOSE_PAPER_WEIGHTS"):
        return Path(chosen).expanduser()
    return cache_folder() / "paper-teacher"


def load_paper_teacher(
    detector_weights: str | Path | None = None,
    keypoint_weights: str | Path | None = None,
    lifter_weights: str | Path | None = None,
    augment: bool = True,
    random_weights: bool = False,
    device: str = "cpu",
) -> Teacher:
    """Load the paper's teacher.

    Args:
        detector_weights, keypoint_weights, lifter_weights: files; those not given are looked for in
            `weights_folder`. Without a file for the lifter the program's own lifter, which uses intrinsics and
            gravity, takes its place.
        augment: several scales and mirrored images in stages 1 and 2; if not, one scale and HRNet's flip test.
        random_weights: read no files; for tests of the machinery only.
        device: what torch computes on ('cpu', 'cuda').

    Raises:
        OrposeError: detectron2 or weights are missing, or a file is not what it should be.
    """
    detector_file, keypoint_file = None, None
    lifter: Lifter
    if random_weights:
        lifter = MartinezLifter.random()
    else:
        detector_file = _find(detector_weights, DETECTOR_FILE, "the detector's weights, from detectron2's model zoo")
        keypoint_file = _find(keypoint_weights, KEYPOINT_FILE, "the keypoint network's weights, from HRNet's authors")
        lifter_file = Path(lifter_weights) if lifter_weights is not None else weights_folder() / LIFTER_FILE
        own = lifter_weights is None and not lifter_file.is_file()
        lifter = load_lifter() if own else MartinezLifter.load(lifter_file)
    short_sides, paddings = (SHORT_SIDES, PADDINGS) if augment else ((800,), (1.25,))
    files = [sha256(file) if file is not None else "random" for file in (detector_file, keypoint_file)]
    return Teacher(
        name="paper-teacher",
        sha256=hashlib.sha256(repr([*files, lifter.sha256, short_sides, paddings]).encode()).hexdigest(),
        finder=TopDown(
            CascadeRCNNDetector(detector_file, short_sides, flip=augment, device=device),
            HRNetKeypoints(keypoint_file, paddings, device=device),
        ),
        lifter=lifter,
        engine="torch",
    )


def _find(given: str | Path | None, name: str, what: str) -> Path:
    path = Path(given) if given is not None else weights_folder() / name
    if not path.is_file():
        hint = "" if given is not None else "; put the file there, or name its folder in ORPOSE_PAPER_WEIGHTS"
        raise OrposeError(f"{path}: no such file: it should hold {what}{hint} (docs/paper-teacher.md)")
    return path
