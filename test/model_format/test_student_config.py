import pytest

from orpose_models.model_format.manifest import files_of, graphs_of
from orpose_models.model_format.student_config import OneStageConfig

CONFIG = OneStageConfig(short_side=256, long_side=512, small_images=((64, 160), (96, 224)))


@pytest.mark.parametrize(
    ("full", "seen", "size"),
    [
        ((640, 480), (640, 480), (352, 256)),
        ((640, 480), (129, 97), (352, 256)),
        ((640, 480), (128, 96), (288, 224)),
        ((640, 480), (80, 60), (224, 160)),
        ((480, 640), (60, 80), (160, 224)),
        ((640, 480), (53, 40), (224, 160)),
        ((53, 40), (53, 40), (224, 160)),
        ((1920, 1080), (1920, 1080), (448, 256)),
        ((1920, 480), (1920, 480), (512, 128)),
        ((9000, 10), (9000, 10), (320, 32)),
        ((1, 1), (1, 1), (160, 160)),
    ],
)
def test_the_input_size_follows_what_an_image_carries(full, seen, size):
    assert CONFIG.input_size(full, seen) == size


@pytest.mark.parametrize(
    ("side", "full", "seen", "size"),
    [
        (384, (640, 480), (640, 480), (512, 384)),
        (384, (1920, 480), (1920, 480), (768, 192)),
        (384, (640, 480), (80, 60), (224, 160)),
        (128, (640, 480), (640, 480), (160, 128)),
        (128, (640, 480), (128, 96), (160, 128)),  # a small image has no larger network than others
    ],
)
def test_another_short_side(side, full, seen, size):
    assert CONFIG.sized(side).input_size(full, seen) == size
    assert CONFIG.sized(side).sized(256) == CONFIG


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"branches": ("hard", "soft")}, "branches must be"),
        ({"lifter_hidden": 0}, "lifter_hidden must be above 0, got 0"),
        ({"short_side": -1}, "short_side must be above 0, got -1"),
        ({"max_persons": 65}, "max_persons must be at most 64, got 65"),
        ({"small_images": ((96, 224), (64, 160))}, "small_images must be pairs of rising limits"),
        ({"small_images": ((64, 0),)}, "small_images must be pairs of rising limits"),
    ],
)
def test_settings_that_make_no_sense_are_refused(change, problem):
    with pytest.raises(ValueError, match=problem):
        OneStageConfig(**change)


def test_images_of_few_pixels():
    config = OneStageConfig(small_limit=96)
    assert [config.is_small(size) for size in ((128, 96), (96, 128), (128, 97), (640, 480))] == [
        True,
        True,
        False,
        False,
    ]
    assert not OneStageConfig().is_small((1, 1))
    for wrong in (-1, 59, 8193):
        with pytest.raises(ValueError, match=rf"small_limit must be 0 or in 60\.\.8192, got {wrong}"):
            OneStageConfig(small_limit=wrong)
    assert graphs_of(OneStageConfig()) == ("network", "lifters")
    assert graphs_of(config) == ("network", "lifters", "network-small")
    assert files_of(config) == (
        "weights.safetensors", "network.onnx", "lifters.onnx", "network-small.onnx", "network-int8.onnx",
        "network-small-int8.onnx",
    )  # fmt: skip


@pytest.mark.parametrize(("glance", "long_side"), [(-1, 512), (8193, 512), (1, 1)])
def test_a_second_look_has_a_size(glance, long_side):
    with pytest.raises(ValueError, match="glance must be in"):
        OneStageConfig(short_side=256, long_side=long_side, glance=glance)
