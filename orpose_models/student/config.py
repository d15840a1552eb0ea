"""The sizes and settings of a student network."""

from dataclasses import dataclass


@dataclass(frozen=True)
class StudentConfig:
    """A student network; the defaults are the paper's: 67,855,703 parameters (sections 2.3 and 3.3).

    Attributes:
        short_side, long_side: an image is scaled until its short side is the one or its long side the other.
        fpn_channels: width of the feature maps.
        strides: pixels per cell of each feature map, finest first; the last is used for proposals only.
        anchor_sizes: side in pixels of the square anchors of each feature map.
        aspect_ratios: height / width of the anchors; their areas are those of the squares.
        proposals_before_nms, proposals_after_nms: how many proposals of each map are considered, and how many of
            an image are kept: in training, in use.
        proposal_nms: overlap above which the lower-scored proposal is dropped.
        box_hidden: width of the box head.
        keypoint_channels, keypoint_layers: width and number of the keypoint head's convolutions.
        lifter_hidden: width of the lifters.
        score_threshold, box_nms, max_persons: which boxes are reported.
    """

    short_side: int = 800
    long_side: int = 1333
    fpn_channels: int = 256
    strides: tuple[int, ...] = (4, 8, 16, 32, 64)
    anchor_sizes: tuple[int, ...] = (32, 64, 128, 256, 512)
    aspect_ratios: tuple[float, ...] = (0.5, 1.0, 2.0)
    proposals_before_nms: tuple[int, int] = (2000, 1000)
    proposals_after_nms: tuple[int, int] = (1500, 1000)
    proposal_nms: float = 0.7
    box_hidden: int = 1024
    keypoint_channels: int = 512
    keypoint_layers: int = 8
    lifter_hidden: int = 1024
    score_threshold: float = 0.05
    box_nms: float = 0.5
    max_persons: int = 100


PAPER = StudentConfig()
