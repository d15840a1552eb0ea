"""Poses of a bag beside annotations with lasting person numbers."""

from orpose_models.datasets.bags.reader import Bag
from orpose_models.datasets.truth import Truth
from orpose_models.evaluation.bag_poses import match_bag, poses_topic
from orpose_models.evaluation.lasting_ids import Followed
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.poses import Poses


def followed_bag(name: str, truth: Truth, bag: Bag) -> Followed:
    """The annotated images in the order of their stamps, and who a bag has found in them.

    Raises:
        OrposeError: the annotations have no person numbers, or bag and annotations do not belong together.
    """
    if any((image.persons.person_ids < 0).any() for image in truth.images):
        raise OrposeError(f"{truth.name}: persons without person_id, so that nobody can be followed")
    match = match_bag(truth, bag, poses_topic(bag))
    found = match.predictions.by_image_id()
    images = sorted(truth.images, key=lambda image: image.stamp_ns or 0)
    poses = [found[image.image_id].poses if image.image_id in found else Poses.empty() for image in images]
    return Followed(name, [image.persons for image in images], poses)
