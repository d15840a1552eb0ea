"""Datasets by name, as the command line takes them: KIND:PATH."""

from collections.abc import Callable, Mapping
from pathlib import Path

from orpose_models.datasets.coco import read_coco, read_simulated
from orpose_models.datasets.image_folder import read_person_free
from orpose_models.datasets.model_labels import read_model_labels
from orpose_models.datasets.mvor import read_mvor
from orpose_models.datasets.mvor_plus import read_mvor_plus
from orpose_models.datasets.truth import Truth
from orpose_models.datasets.yolo import read_yolo
from orpose_models.vocabulary.errors import OrposeError

# What `open_dataset` knows, by kind: what the path is, and a reader (path, image folder or None) -> Truth.
DATASETS: Mapping[str, tuple[str, Callable[[Path, Path | None], Truth]]] = {
    "mvor": ("folder with camma_mvor_2018.json, or that file", read_mvor),
    "mvor+": ("folder with camma_mvor_2019_color.json, or that file", read_mvor_plus),
    "coco": ("annotation file in COCO's layout", read_coco),
    "sim": ("folder of one split of the simulated OR", read_simulated),
    "yolo": ("folder of images with boxes in YOLO's layout; FOLDER@0,1 says which classes are persons", read_yolo),
    "predictions": (
        "predictions file of a model whose answers are the truth; FILE@0.2 for another limit than 0.3",
        read_model_labels,
    ),
    "empty": ("folder of images in which nobody is", read_person_free),
}


def open_dataset(spec: str, images: Path | None = None) -> Truth:
    """Read a dataset.

    Args:
        spec: KIND:PATH, for example mvor:~/data/mvor or coco:annotations.json.
        images: folder that the image names are relative to; by default looked for around the annotations.

    Raises:
        OrposeError: no such kind, or the file cannot be read.
    """
    kind, colon, path = spec.partition(":")
    if not colon or kind not in DATASETS or not path:
        known = "; ".join(f"{name}:PATH ({what})" for name, (what, _) in DATASETS.items())
        raise OrposeError(f"dataset {spec!r} is not of the form KIND:PATH; known are {known}")
    if images is not None and not images.is_dir():
        raise OrposeError(f"{images}: no such folder")
    return DATASETS[kind][1](Path(path).expanduser(), images)
