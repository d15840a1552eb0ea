from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from unicodedata import normalize

import pytest

from orpose_models.datasets.truth import ImageTruth, Persons, Truth
from orpose_models.evaluation.image_matching import match_images
from orpose_models.files.predictions import ImagePrediction, Predictions
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.poses import Poses
from orpose_models.vocabulary.resolution import Resolution
from orpose_models.vocabulary.skeletons import COCO17, H36M17

SIZE = (640, 480)


def truth_of(names: dict[int, str]) -> Truth:
    nobody = Persons.from_arrays(COCO17, H36M17, [])
    images = tuple(ImageTruth(number, name, SIZE, nobody) for number, name in names.items())
    return Truth("ward", COCO17, H36M17, images, Path("nowhere"))


def predictions_of(names: dict[int, str], **info: object) -> Predictions:
    """An image's poses tell its number: as many persons."""
    images = [
        ImagePrediction(
            number, name, Resolution(SIZE, SIZE, 1.0), Poses.from_arrays([(0, 0, 9, 9)] * number, [0.5] * number)
        )
        for number, name in names.items()
    ]
    return Predictions(images, dict(info))


def pairs(truth: dict[int, str], predicted: dict[int, str], **info: object) -> tuple[dict[int, int], str]:
    """Annotated number -> predicted number, and what is said."""
    matched = match_images(truth_of(truth), predictions_of(predicted, **info))
    return {number: len(poses) for number, poses in matched.poses.items()}, matched.sentence


def test_no_images() -> None:
    with pytest.raises(OrposeError, match="ward: has no images, so there is nothing to evaluate"):
        pairs({}, {})
    matched = match_images(truth_of({1: "a.png"}), Predictions([]))
    assert (matched.poses, matched.missing, matched.factor) == ({}, (1,), None)


BACKWARDS = {1: "3.png", 2: "2.png", 3: "1.png"}
FORWARDS = {1: "1.png", 2: "2.png", 3: "3.png"}


@pytest.mark.parametrize(
    ("truth", "predicted", "expected", "said"),
    [
        (FORWARDS, FORWARDS, {1: 1, 2: 2, 3: 3}, "images are matched by file name"),
        (BACKWARDS, FORWARDS, {1: 3, 2: 2, 3: 1}, "images are matched by file name"),
        (
            {number: f"images/{name}" for number, name in BACKWARDS.items()},
            FORWARDS,
            {1: 3, 2: 2, 3: 1},
            "images are matched by base name: 1.png is images/1.png",
        ),
        ({7: "C:\\ward\\a.png"}, {1: "./a.png"}, {7: 1}, "images are matched by base name: ./a.png is C:\\ward\\a.png"),
        # Folders tell images of one base name apart.
        (
            {1: "day1/cam1/0.png", 2: "day1/cam2/0.png"},
            {1: "cam2/0.png", 2: "cam1/0.png"},
            {1: 2, 2: 1},
            "images are matched by base name: cam2/0.png is day1/cam2/0.png",
        ),
        ({1: "a/0.png", 2: "b/0.png"}, {2: "0.png"}, {2: 2}, "images are matched by base name: 0.png is b/0.png"),
        # Names that nobody knows say nothing.
        ({1: "a.png", 2: "b.png"}, {2: "film#2"}, {2: 2}, "images are matched by number: film#2 is b.png"),
    ],
)
def test_what_images_are_matched_by(
    truth: dict[int, str], predicted: dict[int, str], expected: dict[int, int], said: str
) -> None:
    assert pairs(truth, predicted) == (expected, said)


def test_umlauts_are_the_same_composed_and_decomposed() -> None:
    truth = {i: normalize("NFC", f"S\u00e4le {4 - i}.png") for i in (1, 2, 3)}
    predicted = {i: normalize("NFD", f"S\u00e4le {i}.png") for i in (1, 2, 3)}
    assert truth[2] != predicted[2]
    assert pairs(truth, predicted)[0] == {1: 3, 2: 2, 3: 1}


def test_results_of_other_programs_have_numbers_only() -> None:
    assert pairs(BACKWARDS, FORWARDS, images_by="number")[0] == {1: 1, 2: 2, 3: 3}


@pytest.mark.parametrize(
    ("truth", "predicted", "message"),
    [
        (
            FORWARDS,
            {1: "1.png", 77: "elsewhere.png"},
            "1 of 2 predicted images are not in ward, the first is else",
        ),
        (FORWARDS, {9: "film#9"}, r"1 of 1 predicted images are not in ward, the first is film#9 \(id 9\)"),
        ({1: "1.png"}, {1: "a/1.png", 2: "b/1.png"}, r"have image b/1.png \(id 2\) twice: matched by base name"),
        (
            {1: "a/0.png", 2: "b/0.png", 3: "1.png"},
            {3: "0.png"},
            r"0.png \(id 3\).* may be a/0.png and b/0.png of",
        ),
    ],
)
def test_what_cannot_be_told(truth: dict[int, str], predicted: dict[int, str], message: str) -> None:
    with pytest.raises(OrposeError, match=message):
        pairs(truth, predicted)


def test_an_image_of_another_size(make_truth: Callable[..., Truth]) -> None:
    truth = make_truth([(100, 150)])
    (image,) = truth.predictions({}, {}).images
    half = replace(image, resolution=Resolution((320, 240), (320, 240), 1.0))
    with pytest.raises(OrposeError, match="is 640 x 480 in test set, but the predictions are in pixels of 320 x 240"):
        match_images(truth, Predictions([half]))
