"""What happens in a room: who is followed since when, and who enters or leaves a zone."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Followed:
    """Somebody who is followed.

    Attributes:
        id: the lasting number.
        first_ns, last_ns: when the person was seen first and last, nanoseconds.
        zones: names of the zones that the person is in.
    """

    id: int
    first_ns: int
    last_ns: int
    zones: tuple[str, ...] = ()


class ZoneChange(IntEnum):
    """As orpose_msgs/ZoneEvent numbers them."""

    ENTER = 0
    LEAVE = 1
    NEAR = 2
    FAR = 3


@dataclass(frozen=True, eq=False)
class ZoneEvent:
    """Somebody's way into, out of, or near a zone.

    Attributes:
        change: what happened.
        zone: its name.
        person: the id.
        distance: metres from the zone to what counts of the person; 0 in it.
        position: (3,) metres, where that is.
        lost: whether this follows from the person being seen no more.
    """

    change: ZoneChange
    zone: str
    person: int
    distance: float
    position: NDArray[np.float64]
    lost: bool = False
