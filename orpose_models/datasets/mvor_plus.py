"""MVOR+: MVOR with every person annotated in 2D with COCO's 17 joints; MVOR's 3D is joined where it is at hand."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from orpose_models.datasets.coco import read_coco
from orpose_models.datasets.mvor import ANNOTATIONS, locate, read_mvor
from orpose_models.datasets.truth import ImageTruth, Truth
from orpose_models.vocabulary.assignment import one_to_one
from orpose_models.vocabulary.similarity import box_iou
from orpose_models.vocabulary.skeletons import MVOR10

MVOR_PLUS_ANNOTATIONS = "camma_mvor_2019_color.json"


def read_mvor_plus(path: str | Path, images: str | Path | None = None) -> Truth:
    """Read MVOR+, MVOR with every person annotated in 2D with COCO's 17 joints.

    Where MVOR's own annotations lie beside it, their 3D and cameras are joined: images by file name, persons
    one-to-one by box IoU >= 0.5, best first.

    Args:
        path: the annotation file or a folder with it.
        images: folder that file names are relative to; by default looked for around the file.

    Raises:
        OrposeError: as `read_coco`.
    """
    path = locate(path, MVOR_PLUS_ANNOTATIONS)
    truth = read_coco(path, images, "MVOR+")
    beside = path.with_name(ANNOTATIONS)
    if not beside.is_file():
        note = f"no 3D: {ANNOTATIONS} does not lie beside the annotations"
        return replace(truth, skeleton3d=MVOR10, images=_with_3d(truth, None), notes=(*truth.notes, note))
    mvor = read_mvor(beside)
    note = "3D and cameras are MVOR's, persons joined one-to-one by box IoU >= 0.5"
    return replace(truth, skeleton3d=MVOR10, images=_with_3d(truth, mvor), notes=(*truth.notes, note))


def _with_3d(truth: Truth, mvor: Truth | None) -> tuple[ImageTruth, ...]:
    others = {image.file_name: image for image in mvor.images} if mvor else {}
    images = []
    for image in truth.images:
        persons, other = image.persons, others.get(image.file_name)
        joints3d = np.full((len(persons), len(MVOR10), 3), np.nan)
        flags3d = np.zeros((len(persons), len(MVOR10)), np.int64)
        if other is not None:
            source = other.persons.select(other.persons.has3d)
            for i, j in one_to_one(box_iou(persons.boxes, source.boxes), 0.5):
                joints3d[i], flags3d[i] = source.joints3d[j], source.visibility3d[j]
        joined = replace(persons, joints3d=joints3d, visibility3d=flags3d)
        camera = image.camera or (other.camera if other else None)
        name = image.camera_name or (other.camera_name if other else "")
        group = image.group or (other.group if other else "")
        images.append(replace(image, persons=joined, camera=camera, camera_name=name, group=group))
    return tuple(images)
