"""At which sizes images of few pixels go through the network in a room."""

import pytest

from orpose_models.adaptation.input_sizes import best_side, least_sides, with_least_side
from orpose_models.model_format.student_config import OneStageConfig

SHIPPED = OneStageConfig()


def test_sides_to_choose_from_begin_with_the_students_own() -> None:
    assert least_sides(SHIPPED) == [160, 192, 224, 256, 320]
    assert least_sides(OneStageConfig(small_images=())) == [320]
    assert least_sides(OneStageConfig(small_images=((64, 400),))) == [320]
    assert with_least_side(SHIPPED, 160) == SHIPPED


def test_no_image_goes_through_the_network_below_the_least_side() -> None:
    student = with_least_side(SHIPPED, 224)
    assert student.small_images == ((52, 224), (72, 224), (96, 224), (128, 256))
    assert student.input_size((640, 480), (53, 40)) == (288, 224)
    assert student.input_size((640, 480), (640, 480)) == SHIPPED.input_size((640, 480), (640, 480))


@pytest.mark.parametrize(
    ("room", "everyday", "side"),
    [
        ((0.2, 0.3, 0.4), (0.4, 0.4, 0.4), 320),
        ((0.2, 0.395, 0.4), (0.4, 0.4, 0.4), 224),  # half a point is not worth the time
        ((0.2, 0.3, 0.4), (0.4, 0.4, 0.38), 224),  # the largest forgets
        ((0.4, 0.3, 0.2), (0.4, 0.5, 0.5), 160),
        ((0.0, 0.0, 0.0), (0.0, 0.0, 0.0), 160),
    ],
)
def test_the_best_side_is_better_by_a_point_and_forgets_nothing(room, everyday, side) -> None:
    measured = {
        side: {"room": here, "everyday": there}
        for side, here, there in zip((160, 224, 320), room, everyday, strict=True)
    }
    assert best_side(measured) == side
