"""Which predicted image is which annotated image."""

from collections.abc import Mapping
from dataclasses import dataclass

from orpose_models.datasets.truth import Truth
from orpose_models.files.predictions import Predictions
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.poses import Poses


@dataclass(frozen=True)
class Matched:
    """Predictions of annotated images.

    Attributes:
        poses: by the dataset's image id.
        factor: by how much the images were downsampled; None if not all alike.
        missing: annotated images without a prediction: nobody was found there.
    """

    poses: Mapping[int, Poses]
    factor: float | None
    missing: tuple[int, ...]


def match_images(truth: Truth, predictions: Predictions) -> Matched:
    """Match by file name where the predictions' names are the dataset's, else by image id.

    Raises:
        OrposeError: the dataset has no image, the predictions have images that the dataset has not, an
            image twice, or another image size.
    """
    if not truth.images:
        raise OrposeError(f"{truth.name}: has no images, so there is nothing to evaluate")
    by_name = {image.file_name: image for image in truth.images}
    use_names = len(by_name) == len(truth.images) and any(p.file_name in by_name for p in predictions.images)
    poses: dict[int, Poses] = {}
    unknown = []
    for predicted in predictions.images:
        image = by_name.get(predicted.file_name) if use_names else truth.by_image_id.get(predicted.image_id)
        if image is None:
            unknown.append(predicted)
            continue
        if image.image_id in poses:
            raise OrposeError(f"the predictions have image {predicted.file_name} (id {predicted.image_id}) twice")
        if predicted.resolution.full != image.size:
            raise OrposeError(
                f"image {image.file_name} is {image.size[0]} x {image.size[1]} in {truth.name}, but the predictions "
                f"are in pixels of {predicted.resolution.full[0]} x {predicted.resolution.full[1]}; "
                "predict on images of the dataset's size"
            )
        poses[image.image_id] = predicted.poses
    if unknown:
        first = unknown[0]
        raise OrposeError(
            f"{len(unknown)} of {len(predictions.images)} predicted images are not in {truth.name}, the first is "
            f"{first.file_name} (id {first.image_id}); is it the right dataset?"
        )
    factors = {predicted.resolution.factor for predicted in predictions.images}
    missing = tuple(image.image_id for image in truth.images if image.image_id not in poses)
    return Matched(poses, factors.pop() if len(factors) == 1 else None, missing)
