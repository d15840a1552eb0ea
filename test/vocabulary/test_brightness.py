import numpy as np
import pytest

from orpose_models.vocabulary.brightness import UnknownWhiteError, check_16_bit, white_of


@pytest.mark.parametrize("values", [[], [0], [0, 65535], [16384], [0, 16384, 65535]])
def test_16_bit(values: list[int]) -> None:
    check_16_bit(np.array(values, np.uint16))


@pytest.mark.parametrize(
    ("values", "bits"), [([1], 1), ([0, 1023], 10), ([4095, 65535], 12), ([[16383], [65535]], 14), ([8191.0], 13)]
)
def test_values_of_fewer_bits_or_distances(values: list, bits: int) -> None:
    with pytest.raises(UnknownWhiteError, match=f"^it has 16 bit, of which only the lowest {bits} are used"):
        check_16_bit(np.array(values))


@pytest.mark.parametrize(
    ("values", "white"),
    [([], 1), ([0, 1], 1), ([0.5], 1), ([2.0], 255), ([0, 255], 255), ([16384], 65535), ([0, 65535], 65535)],
)
def test_white_is_told_by_values_that_leave_no_doubt(values: list[float], white: float) -> None:
    assert white_of(np.array(values, np.float64), "floats") == white


@pytest.mark.parametrize("values", [[-0.1, 0.5], [0.5, 1.5], [256], [65536], [16383]])
def test_values_that_leave_doubt_are_refused(values: list[float]) -> None:
    low, high = min(0, *values), max(values)
    with pytest.raises(UnknownWhiteError, match=f"^its pixels are floats from {low:g} to {high:g}, which do not say"):
        white_of(np.array(values, np.float64), "floats")
