"""What a contender says that it found."""

from dataclasses import dataclass, field

# Of persons: x_min, y_min, x_max, y_max in pixels.
Boxes = list[list[float]]


@dataclass(frozen=True)
class Found:
    """What one call did.

    Attributes:
        processed: how many persons the network looked for the keypoints of.
        reported: how many of them are reported.
        stages: seconds of each stage, where the contender tells them.
        boxes: of those reported, best first: x_min, y_min, x_max, y_max in pixels.
    """

    processed: int
    reported: int
    stages: dict[str, float] = field(default_factory=dict)
    boxes: Boxes = field(default_factory=list)
