import pytest

from orpose_models.training.held_back_truth import held_back_truth
from orpose_models.vocabulary.errors import OrposeError


def test_without_such_names_there_is_nothing_to_measure_with(label_file):
    for patterns in ((), ("*/x*.png",)):
        with pytest.raises(OrposeError, match="no image has a name"):
            held_back_truth([label_file], patterns, None)
    with pytest.raises(OrposeError, match="no image has a name"):
        held_back_truth([], ("*",), None)


def test_the_teachers_labels_are_the_truth(label_file):
    truth = held_back_truth([label_file, label_file], ("images/[12].png",), None)
    assert [image.file_name for image in truth.images] == ["1.png", "2.png"]
    assert truth.image_root == label_file.parent / "images"
    first, second = (image.persons for image in truth.images)
    assert len(second) == 0
    assert first.ignore.tolist() == [False, True]  # the other was rejected
    assert first.visibility[0].tolist() == [2] * 9 + [0, 0] + [2] * 6  # wrists are in the soft set only
    assert not first.visibility[1].any()
    assert not held_back_truth([label_file], ("images/1.png",), 0.05).images[0].persons.ignore.any()
