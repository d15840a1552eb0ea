"""The sizes and reductions that a student is trained at for a room are those that it runs at."""

import pytest

from orpose_models.adaptation.recipe import inputs_of
from orpose_models.model_format.student_config import OneStageConfig
from orpose_models.training.augmentation_config import Augmentation


def augmentation(config: OneStageConfig, shape=(640, 480)) -> Augmentation:
    return Augmentation.model_validate({"inputs": inputs_of(config, shape)})


@pytest.mark.parametrize("shape", [(640, 480), (1920, 1080), (1080, 1920)])
def test_every_reduction_has_the_size_that_the_student_runs_at(shape) -> None:
    config = OneStageConfig()
    seen = set()
    for kind in augmentation(config, shape).inputs:
        for reduced in kind.downsampling or ():
            seen |= {reduced.low, reduced.high}
            for factor in {reduced.low, (reduced.low + reduced.high) / 2}:
                lines = round(480 / factor)
                assert kind.size == config.input_size(shape, (lines, lines))
    assert {1.0, 12.0} <= seen


def test_sizes_of_a_usual_image() -> None:
    kinds = augmentation(OneStageConfig()).inputs
    assert [kind.size for kind in kinds] == [(416, 320), (352, 256), (288, 224), (256, 192), (224, 160)]
    assert [kind.downsampling[-1].low for kind in kinds if kind.downsampling] == [1.0, 3.8, 5.0, 6.7, 9.3]
    assert kinds[-1].share > kinds[-2].share > kinds[-3].share > kinds[-4].share


def test_images_of_few_pixels_train_the_layers_that_they_go_through() -> None:
    config = OneStageConfig(small_limit=96)
    for kind in augmentation(config).inputs:
        for reduced in kind.downsampling or ():
            lines = int(480 / reduced.low)
            assert kind.small == config.is_small((lines, lines))
    assert [kind.small for kind in augmentation(config).inputs] == [False, False, True, True, True]
    assert not any(kind.small for kind in augmentation(OneStageConfig()).inputs)


@pytest.mark.parametrize("small", [(), ((30, 64),), ((700, 256),)])
def test_a_student_of_one_size_is_trained_at_that(small) -> None:
    config = OneStageConfig(small_images=small)
    (kind,) = augmentation(config).inputs
    assert (kind.share, kind.size) == (1.0, config.input_size((640, 480), (480, 480)))
