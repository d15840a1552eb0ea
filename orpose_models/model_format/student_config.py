"""The sizes and settings of a student network."""

from dataclasses import dataclass, replace

from typing_extensions import Self

from orpose_models.vocabulary.resolution import Size

# Images are padded at right and bottom to multiples of this many pixels.
MULTIPLE = 32
SETS = ("soft", "hard")
# Pixels per cell of the paper's feature maps, finest first; the last is used for proposals only.
STRIDES = (4, 8, 16, 32, 64)
# Cells of the light student's map of middles in an image of 32 x 32 pixels.
_SMALLEST_MAP = (MULTIPLE // 4) ** 2
# Which sets of labels a branch learns, by the branch's name; "both" is for networks of one branch.
LEARNS: dict[str, tuple[str, ...]] = {"soft": ("soft",), "hard": ("hard",), "both": SETS}

# Pixels of a side, widths and numbers: what is above is no network, whatever a file from elsewhere says.
_MOST = 8192
# Lines that an image of few pixels may have at least: as many as one of 480 lines has that is reduced by 8.
_LEAST_SMALL = 60

_POSITIVE = (
    "short_side", "long_side", "fpn_channels", "anchor_sizes", "aspect_ratios", "proposals_before_nms",
    "proposals_after_nms", "box_hidden", "keypoint_channels", "keypoint_layers", "lifter_hidden", "max_persons",
)  # fmt: skip


@dataclass(frozen=True)
class StudentConfig:
    """A student network; the defaults are the paper's: 67,855,703 parameters (sections 2.3 and 3.3).

    Attributes:
        short_side, long_side: an image is scaled until its short side is the one or its long side the other.
        fpn_channels: width of the feature maps.
        anchor_sizes: side in pixels of the square anchors of each feature map.
        aspect_ratios: height / width of the anchors; their areas are those of the squares.
        proposals_before_nms, proposals_after_nms: how many proposals of each map are considered, and how many of
            an image are kept: in training, in use.
        proposal_nms: overlap above which the lower-scored proposal is dropped.
        box_hidden: width of the box head.
        branches: of the keypoint head, each with heatmaps and a lifter of its own: the paper's two, or one of
            'soft', 'hard' and 'both' (see `LEARNS`).
        keypoint_channels, keypoint_layers: width and number of the keypoint head's convolutions.
        lifter_hidden: width of the lifters.
        score_threshold, box_nms, max_persons: which boxes are reported.
    """

    short_side: int = 800
    long_side: int = 1333
    fpn_channels: int = 256
    anchor_sizes: tuple[int, ...] = (32, 64, 128, 256, 512)
    aspect_ratios: tuple[float, ...] = (0.5, 1.0, 2.0)
    proposals_before_nms: tuple[int, int] = (2000, 1000)
    proposals_after_nms: tuple[int, int] = (1500, 1000)
    proposal_nms: float = 0.7
    box_hidden: int = 1024
    branches: tuple[str, ...] = SETS
    keypoint_channels: int = 512
    keypoint_layers: int = 8
    lifter_hidden: int = 1024
    score_threshold: float = 0.05
    box_nms: float = 0.5
    max_persons: int = 100

    def __post_init__(self) -> None:
        if self.branches != SETS and (len(self.branches) != 1 or self.branches[0] not in LEARNS):
            raise ValueError(f"branches must be {SETS} or one of {tuple(LEARNS)}, got {self.branches}")
        if len(self.anchor_sizes) != len(STRIDES):
            raise ValueError(f"anchor_sizes must be {len(STRIDES)}, one for each feature map, got {self.anchor_sizes}")
        if not self.aspect_ratios:
            raise ValueError("aspect_ratios must have one at least")
        for name in _POSITIVE:
            value = getattr(self, name)
            _check_bounds(name, value)
        for name in ("proposal_nms", "score_threshold", "box_nms"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must be in 0..1, got {getattr(self, name)}")

    def input_size(self, full: Size) -> Size:
        """Width, height to which an image whose original is `full` is scaled for the network."""
        scale = min(self.short_side / min(full), self.long_side / max(full))
        return max(1, round(full[0] * scale)), max(1, round(full[1] * scale))


def _check_bounds(name: str, value: int | tuple[int, ...]) -> None:
    numbers = value if isinstance(value, tuple) else (value,)
    if not all(number > 0 for number in numbers):
        raise ValueError(f"{name} must be above 0, got {value}")
    if not all(number <= _MOST for number in numbers):
        raise ValueError(f"{name} must be at most {_MOST}, got {value}")


PAPER = StudentConfig()


@dataclass(frozen=True)
class OneStageConfig:
    """The light student.

    Attributes:
        branches: each with heatmaps, offsets and a lifter of its own: the paper's two, or one of 'soft', 'hard' and
            'both' (see `LEARNS`).
        lifter_hidden: width of the lifters.
        short_side, long_side: an image is scaled until its short side is about the one or its long side the other; both
            sides become multiples of `MULTIPLE`, whereby its shape changes a little.
        small_images: where an image has few pixels the network runs at a smaller size, which is faster and finds more:
            pairs of the image's short side, rising, and the network's up to there.
        glance: short side at which an image is looked at once more if somebody large in it is not surely seen, see
            `runtime.glance`; 0 for never.
        small_limit: images of at most this short side, 60 pixels or more, go through layers of their own at the first
            look: those up to stride 16, the pyramid and the heads; 0 where there are none.
        max_persons: how many are looked for in an image.
    """

    branches: tuple[str, ...] = SETS
    lifter_hidden: int = 256
    short_side: int = 320
    long_side: int = 640
    small_images: tuple[tuple[int, int], ...] = ((52, 160), (72, 192), (96, 224), (128, 256))
    glance: int = 0
    small_limit: int = 0
    max_persons: int = 32

    def __post_init__(self) -> None:
        if self.branches != SETS and (len(self.branches) != 1 or self.branches[0] not in LEARNS):
            raise ValueError(f"branches must be {SETS} or one of {tuple(LEARNS)}, got {self.branches}")
        for name in ("lifter_hidden", "short_side", "long_side", "max_persons"):
            _check_bounds(name, getattr(self, name))
        if not 0 <= self.glance <= _MOST or (self.glance and not round(self.long_side * self.glance / self.short_side)):
            raise ValueError(f"glance must be in 0..{_MOST}, for a long side above 0, got {self.glance}")
        if self.small_limit and not _LEAST_SMALL <= self.small_limit <= _MOST:
            raise ValueError(f"small_limit must be 0 or in {_LEAST_SMALL}..{_MOST}, got {self.small_limit}")
        limits = [limit for limit, _ in self.small_images]
        if limits != sorted(set(limits)) or not all(side > 0 for pair in self.small_images for side in pair):
            raise ValueError(f"small_images must be pairs of rising limits and sides above 0, got {self.small_images}")
        side = max([self.short_side, *(side for _, side in self.small_images)])
        if side * max(self.long_side / self.short_side, 1) > _MOST:
            raise ValueError(f"short_side, long_side and small_images make sides of more than {_MOST} pixels")
        # The smallest map has to have a cell for everybody.
        if self.max_persons > _SMALLEST_MAP:
            raise ValueError(f"max_persons must be at most {_SMALLEST_MAP}, got {self.max_persons}")

    def sized(self, short_side: int) -> Self:
        """With another short side, and a long side in proportion."""
        return replace(self, short_side=short_side, long_side=round(self.long_side * short_side / self.short_side))

    def is_small(self, seen: Size) -> bool:
        """Whether an image of this width, height goes through the layers for images of few pixels."""
        return min(seen) <= self.small_limit

    def side(self, seen: Size) -> int:
        """The network's short side for an image of this width, height, before it is rounded."""
        small = next((side for limit, side in self.small_images if min(seen) <= limit), self.short_side)
        return min(small, self.short_side)

    def input_size(self, full: Size, seen: Size) -> Size:
        """Width, height that an image is scaled to for the network, multiples of `MULTIPLE`.

        Args:
            full: width, height of the original, which give the shape.
            seen: of the image that is given, possibly reduced.
        """
        side = self.side(seen)
        scale = min(side / min(full), self.long_side / self.short_side * side / max(full))
        width, height = (max(1, round(length * scale / MULTIPLE)) * MULTIPLE for length in full)
        return width, height
