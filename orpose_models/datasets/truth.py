"""`Truth`: the annotated persons of many images. Every dataset reader gives it, every metric takes it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray
from typing_extensions import Self

from orpose_models.files.predictions import ImagePrediction, Predictions
from orpose_models.vocabulary.arrays import PersonArrays
from orpose_models.vocabulary.cameras import Camera
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.poses import Poses
from orpose_models.vocabulary.resolution import Resolution, Size
from orpose_models.vocabulary.skeletons import COCO17, Skeleton

# COCO's keypoint flags; a flag of 2D and of 3D joints alike.
NOT_LABELLED, OCCLUDED, VISIBLE = 0, 1, 2


@dataclass(frozen=True, eq=False)
class Persons(PersonArrays):
    """The n annotated persons of one image; k joints in 2D, j in 3D, which `Truth` names.

    Attributes:
        boxes: (n, 4) float64, x_min, y_min, x_max, y_max in pixels.
        areas: (n,) float64 square pixels: the person's size for OKS and for AP by size.
        ignore: (n,) bool, COCO's crowd: not to be found, and detections on it are not held against anybody.
        keypoints: (n, k, 2) float64 pixels; says nothing where not labelled.
        visibility: (n, k) int64, 0 not labelled, 1 occluded, 2 visible; all 0 for a person with a box only.
        joints3d: (n, j, 3) float64, metres in the camera's optical frame; NaN where unknown.
        visibility3d: (n, j) int64, as `visibility`; 0 where unknown.
        person_ids: (n,) int64, the same number for the same person in the views of one moment; -1 unknown.
        annotation_ids: (n,) int64, the person's number in the annotation file; -1 unknown.
    """

    boxes: NDArray[np.float64]
    areas: NDArray[np.float64]
    ignore: NDArray[np.bool_]
    keypoints: NDArray[np.float64]
    visibility: NDArray[np.int64]
    joints3d: NDArray[np.float64]
    visibility3d: NDArray[np.int64]
    person_ids: NDArray[np.int64]
    annotation_ids: NDArray[np.int64]

    def __post_init__(self) -> None:
        k, j = self.keypoints.shape[1], self.joints3d.shape[1]
        self._check(
            {
                "boxes": (4,),
                "areas": (),
                "ignore": (),
                "keypoints": (k, 2),
                "visibility": (k,),
                "joints3d": (j, 3),
                "visibility3d": (j,),
                "person_ids": (),
                "annotation_ids": (),
            }
        )

    @classmethod
    def from_arrays(
        cls,
        skeleton: Skeleton,
        skeleton3d: Skeleton,
        boxes: ArrayLike,
        areas: ArrayLike | None = None,
        ignore: ArrayLike | None = None,
        keypoints: ArrayLike | None = None,
        visibility: ArrayLike | None = None,
        joints3d: ArrayLike | None = None,
        visibility3d: ArrayLike | None = None,
        person_ids: ArrayLike | None = None,
        annotation_ids: ArrayLike | None = None,
    ) -> Self:
        """Build from what is known. The area is the box's unless given; a finite 3D joint is visible unless said."""
        boxes = np.asarray(boxes, np.float64).reshape(-1, 4)
        n, k, j = len(boxes), len(skeleton), len(skeleton3d)
        box_areas = np.prod(np.clip(boxes[:, 2:] - boxes[:, :2], 0, None), axis=1)
        points3d = np.full((n, j, 3), np.nan) if joints3d is None else np.asarray(joints3d, np.float64).reshape(n, j, 3)
        known3d = np.isfinite(points3d).all(axis=-1)
        flags3d = VISIBLE if visibility3d is None else np.asarray(visibility3d, np.int64).reshape(n, j)
        return cls(
            boxes,
            box_areas if areas is None else np.asarray(areas, np.float64).reshape(n),
            np.zeros(n, bool) if ignore is None else np.asarray(ignore, bool).reshape(n),
            np.zeros((n, k, 2)) if keypoints is None else np.asarray(keypoints, np.float64).reshape(n, k, 2),
            np.zeros((n, k), np.int64) if visibility is None else np.asarray(visibility, np.int64).reshape(n, k),
            points3d,
            np.where(known3d, flags3d, NOT_LABELLED).astype(np.int64),
            np.full(n, -1) if person_ids is None else np.asarray(person_ids, np.int64).reshape(n),
            np.full(n, -1) if annotation_ids is None else np.asarray(annotation_ids, np.int64).reshape(n),
        )

    @property
    def labelled(self) -> NDArray[np.bool_]:
        """(n,) whether any keypoint is labelled: False for persons with a box only."""
        return np.asarray((self.visibility > NOT_LABELLED).any(axis=1))

    @property
    def has3d(self) -> NDArray[np.bool_]:
        """(n,) whether any joint is known in 3D."""
        return np.asarray((self.visibility3d > NOT_LABELLED).any(axis=1))


@dataclass(frozen=True, eq=False)
class ImageTruth:
    """One annotated image.

    Attributes:
        image_id: its number, unique in the dataset.
        file_name: its name, relative to `Truth.image_root`.
        size: width, height in pixels.
        persons: who is in it.
        camera: intrinsics and gravity, where known.
        camera_name: which camera took it, for figures per camera; "" if unknown.
        group: recording day, sequence or the like; "" if unknown.
        stamp_ns: acquisition time in nanoseconds, where known.
    """

    image_id: int
    file_name: str
    size: Size
    persons: Persons
    camera: Camera | None = None
    camera_name: str = ""
    group: str = ""
    stamp_ns: int | None = None


@dataclass(frozen=True, eq=False)
class Truth:
    """A dataset.

    Attributes:
        name: what it is, for reports.
        skeleton: the joints of `Persons.keypoints`.
        skeleton3d: the joints of `Persons.joints3d`.
        images: all images, those without a person too.
        image_root: folder of the images.
        notes: conventions of this dataset that a reader of a figure must know.
        person_category: the number of the category "person", by which other programs' results name it.
        person_free: whether nobody is in any image on purpose, so that false persons can be counted.
    """

    name: str
    skeleton: Skeleton
    skeleton3d: Skeleton
    images: tuple[ImageTruth, ...]
    image_root: Path
    notes: tuple[str, ...] = ()
    person_category: int | str = 1
    person_free: bool = False

    def __post_init__(self) -> None:
        if len(self.by_image_id) != len(self.images):
            raise OrposeError(f"{self.name}: image ids are not unique; give every image its own id")

    @cached_property
    def by_image_id(self) -> Mapping[int, ImageTruth]:
        """The images by number."""
        return {image.image_id: image for image in self.images}

    @property
    def person_count(self) -> int:
        """Number of persons that are to be found."""
        return sum(int((~image.persons.ignore).sum()) for image in self.images)

    @property
    def has3d(self) -> bool:
        """Whether any person has 3D."""
        return any(image.persons.has3d.any() for image in self.images)

    def of_camera(self, camera_name: str) -> Self:
        """Only the images of one camera.

        Raises:
            OrposeError: no image is of that camera.
        """
        mine = tuple(image for image in self.images if image.camera_name == camera_name)
        if not mine:
            known = ", ".join(sorted({image.camera_name or "(unnamed)" for image in self.images}))
            raise OrposeError(f"{self.name}: no image is of camera {camera_name!r}; cameras are: {known}")
        return replace(self, images=mine)

    def every(self, stride: int) -> Self:
        """Only every `stride`-th image; the notes say so."""
        if stride == 1:
            return self
        note = f"Only one in {stride} of the {len(self.images)} images was used."
        return replace(self, images=self.images[::stride], notes=(*self.notes, note))

    def predictions(self, poses: Mapping[int, Poses], info: Mapping[str, object]) -> Predictions:
        """Wrap poses by image id as predictions of this dataset; an image that is not named has no person."""
        images = [
            ImagePrediction(
                image.image_id,
                image.file_name,
                Resolution(image.size, image.size, 1.0),
                poses.get(image.image_id, Poses.empty()),
                image.stamp_ns,
            )
            for image in self.images
        ]
        return Predictions(images, dict(info))


def coco17_slots(skeleton: Skeleton) -> tuple[list[int], list[int]]:
    """Which joints of a skeleton COCO-17 has by the same name: indices in `skeleton`, indices in COCO-17."""
    shared = [joint for joint in skeleton.joints if joint in COCO17.joints]
    return [skeleton.index(joint) for joint in shared], [COCO17.index(joint) for joint in shared]


def as_coco17(truth: Truth, persons: Persons) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Keypoints (n, 17, 2) and visibility (n, 17) in COCO-17's order; joints that the dataset lacks are not labelled.

    Joints are taken over by name only: MVOR's head and neck have no counterpart and are left out.
    """
    source, target = coco17_slots(truth.skeleton)
    keypoints = np.zeros((len(persons), len(COCO17), 2))
    visibility = np.zeros((len(persons), len(COCO17)), np.int64)
    keypoints[:, target] = persons.keypoints[:, source]
    visibility[:, target] = persons.visibility[:, source]
    return keypoints, visibility
