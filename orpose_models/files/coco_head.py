"""What every file in COCO's layout shares: the category of persons, and annotations that belong to its images."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.skeletons import COCO17, H36M17


class _Image(Protocol):
    id: int


class _Annotation(Protocol):
    id: int
    image_id: int


A = TypeVar("A", bound=_Annotation)


def person_category() -> dict[str, Any]:
    """The category of persons with COCO's joints in 2D and Human3.6M's in 3D, as this project writes it."""
    return {
        "id": 1,
        "name": "person",
        "keypoints": list(COCO17.joints),
        "skeleton": [[a + 1, b + 1] for a, b in COCO17.edges],
        "joints3d": list(H36M17.joints),
    }


def annotations_by_image(images: Sequence[_Image], annotations: Sequence[A], path: str | Path) -> dict[int, list[A]]:
    """The annotations of each image, by its number; an image without any has an empty list.

    Args:
        images, annotations: records of the file.
        path: the file, for what is said.

    Raises:
        OrposeError: numbers of images or of annotations are not unique, or an annotation is of an unknown image.
    """
    found: dict[int, list[A]] = {image.id: [] for image in images}
    if len(found) != len(images):
        raise OrposeError(f"{path}: image ids are not unique; give every image its own id")
    seen: set[int] = set()
    for annotation in annotations:
        if annotation.id in seen:
            raise OrposeError(f"{path}: annotation id {annotation.id} is used twice; give every annotation its own id")
        seen.add(annotation.id)
        if annotation.image_id not in found:
            raise OrposeError(
                f"{path}: annotation {annotation.id} is of image {annotation.image_id}, which the file has not"
            )
        found[annotation.image_id].append(annotation)
    return found
