"""What is white: the brightness of pixels whose type leaves it open."""

import numpy as np
from numpy.typing import NDArray

# 16-bit pictures whose brightest pixel is darker hold raw values of 10 to 14 bits, or distances in millimetres.
DARK_16_BIT = 1 << 14
_FULL = 65535


class UnknownWhiteError(Exception):
    """Pixels that do not say how bright they are; the message goes on from 'the picture:'."""


def check_16_bit(values: NDArray) -> None:
    """
    Args:
        values: 0..65535, of any shape. What is saturated, or marks the unknown in an image of distances, says nothing.

    Raises:
        UnknownWhiteError: the values are those of fewer bits, or distances.
    """
    brightest = float(values.max(initial=0))
    if brightest >= _FULL:
        brightest = float(np.max(values, where=values < _FULL, initial=0))
    if 0 < brightest < DARK_16_BIT:
        used = int(brightest).bit_length()
        raise UnknownWhiteError(
            f"it has 16 bit, of which only the lowest {used} are used (brightest pixel {brightest:.0f} of {_FULL}): "
            f"raw values of a camera or distances; scale it so that {_FULL} is white, or convert it to 8 bit"
        )


def white_of(values: NDArray[np.float64], what: str) -> float:
    """What is white among pixels whose type does not say it, where their values leave no doubt.

    Raises:
        UnknownWhiteError: they leave doubt; `what` says what they are.
    """
    low, high = float(values.min(initial=0)), float(values.max(initial=0))
    if low >= 0 and high <= 1:
        return 1.0
    if low >= 0 and high <= _FULL and (values == np.floor(values)).all():
        if high <= 255:
            return 255.0
        if high >= DARK_16_BIT:
            return float(_FULL)
    raise UnknownWhiteError(
        f"its pixels are {what} from {low:g} to {high:g}, which do not say what is white; "
        "scale floats to 0 to 1, or convert it to 8 or 16 bit"
    )
