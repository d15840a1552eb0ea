"""Which predicted image is which annotated image."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal
from unicodedata import normalize

from orpose_models.datasets.truth import ImageTruth, Truth
from orpose_models.files.predictions import ImagePrediction, Predictions
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.poses import Poses

By = Literal["file name", "base name", "number"]


@dataclass(frozen=True)
class Matched:
    """Predictions of annotated images.

    Attributes:
        poses: by the dataset's image id.
        factor: by how much the images were downsampled; None if not all alike.
        missing: annotated images without a prediction: nobody was found there.
        by: what the images were matched by.
        example: where names differ, a pair of them, predicted and annotated.
    """

    poses: Mapping[int, Poses]
    factor: float | None
    missing: tuple[int, ...]
    by: By
    example: tuple[str, str] | None

    @property
    def sentence(self) -> str:
        """What the images were matched by, in words."""
        pair = f": {self.example[0]} is {self.example[1]}" if self.example else ""
        return f"images are matched by {self.by}{pair}"


def match_images(truth: Truth, predictions: Predictions) -> Matched:
    """Match by file name; by base name where it is one image's only; by number where no name is known.

    Names are compared composed (Unicode NFC), so that a file copied over macOS keeps its partner. Where several images
    share a base name, the one whose folders agree is taken.

    Raises:
        OrposeError: the dataset has no image; the predictions have images that the dataset has not, an
            image twice, or another image size; names do not tell which image is meant, and numbers contradict them.
    """
    if not truth.images:
        raise OrposeError(f"{truth.name}: has no images, so there is nothing to evaluate")
    images, by = _partners(truth, predictions)
    poses: dict[int, Poses] = {}
    example = None
    for predicted, image in zip(predictions.images, images, strict=True):
        if image.image_id in poses:
            raise OrposeError(
                f"the predictions have image {predicted.file_name} (id {predicted.image_id}) twice: matched by {by}, "
                f"it is {image.file_name} of {truth.name}"
            )
        if predicted.resolution.full != image.size:
            raise OrposeError(
                f"image {image.file_name} is {image.size[0]} x {image.size[1]} in {truth.name}, but the predictions "
                f"are in pixels of {predicted.resolution.full[0]} x {predicted.resolution.full[1]}; "
                "predict on images of the dataset's size"
            )
        poses[image.image_id] = predicted.poses
        if example is None and predicted.file_name != image.file_name:
            example = predicted.file_name, image.file_name
    factors = {predicted.resolution.factor for predicted in predictions.images}
    missing = tuple(image.image_id for image in truth.images if image.image_id not in poses)
    return Matched(poses, factors.pop() if len(factors) == 1 else None, missing, by, example)


def _partners(truth: Truth, predictions: Predictions) -> tuple[list[ImageTruth], By]:
    """The annotated image of each predicted one, and what told."""
    if predictions.info.get("images_by") == "number":
        return _complete([truth.by_image_id.get(p.image_id) for p in predictions.images], truth, predictions), "number"
    by_base: dict[str, list[tuple[tuple[str, ...], ImageTruth]]] = defaultdict(list)
    for image in truth.images:
        parts = _parts(image.file_name)
        by_base[parts[-1]].append((parts, image))
    found: list[ImageTruth | None] = []
    whole = True
    for predicted in predictions.images:
        parts = _parts(predicted.file_name)
        named = by_base.get(parts[-1], [])
        same = [image for theirs, image in named if theirs == parts]
        folders = [image for theirs, image in named if _ends_alike(theirs, parts)]
        candidates = same or (folders if len(folders) == 1 else [image for _, image in named])
        found.append(_chosen(predicted, candidates, truth))
        whole = whole and (bool(same) or not named)
    if any(found):
        return _complete(found, truth, predictions), "file name" if whole else "base name"
    return _complete([truth.by_image_id.get(p.image_id) for p in predictions.images], truth, predictions), "number"


def _chosen(predicted: ImagePrediction, candidates: Sequence[ImageTruth], truth: Truth) -> ImageTruth | None:
    """The only candidate, or of several the one whose number it is."""
    if len(candidates) <= 1:
        return candidates[0] if candidates else None
    for image in candidates:
        if image.image_id == predicted.image_id:
            return image
    names = " and ".join(image.file_name for image in candidates[:2])
    raise OrposeError(
        f"{predicted.file_name} (id {predicted.image_id}) of the predictions may be {names} of {truth.name}, and by "
        "its number it is neither; predict on the folder that the dataset's names are relative to"
    )


def _parts(name: str) -> tuple[str, ...]:
    """Folders and base name, composed, whichever way the slashes lean."""
    parts = normalize("NFC", name).replace("\\", "/").split("/")
    return tuple(part for part in parts if part not in ("", ".")) or ("",)


def _ends_alike(a: tuple[str, ...], b: tuple[str, ...]) -> bool:
    shorter = min(len(a), len(b))
    return a[-shorter:] == b[-shorter:]


def _complete(found: Sequence[ImageTruth | None], truth: Truth, predictions: Predictions) -> list[ImageTruth]:
    """The images, all of which must be there."""
    unknown: list[ImagePrediction] = [p for p, image in zip(predictions.images, found, strict=True) if image is None]
    if unknown:
        first = unknown[0]
        raise OrposeError(
            f"{len(unknown)} of {len(predictions.images)} predicted images are not in {truth.name}, the first is "
            f"{first.file_name} (id {first.image_id}); is it the right dataset?"
        )
    return [image for image in found if image is not None]
