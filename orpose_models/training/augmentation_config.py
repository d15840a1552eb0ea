"""How images are changed before the network learns from them: settings, checked."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator
from typing_extensions import Self

from orpose_models.vocabulary.resolution import MAX_FACTOR, MIN_FACTOR, Size

Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(gt=0)]
_MULTIPLE = 32


class Strict(BaseModel):
    """Settings of which none is unknown, infinite or changed later."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, frozen=True)


class Downsampling(Strict):
    """One kind of downsampling.

    Attributes:
        share: of the images.
        low, high: the factor is drawn between these, in steps of 0.1, both ends included.
    """

    share: Share
    low: Annotated[float, Field(ge=MIN_FACTOR, le=MAX_FACTOR)] = 1.0
    high: Annotated[float, Field(ge=MIN_FACTOR, le=MAX_FACTOR)] = 1.0

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.low > self.high:
            raise ValueError("low is above high")
        return self


Downsamplings = tuple[Downsampling, ...]


class InputKind(Strict):
    """A size of the one-stage student's input; an iteration has one for all its images.

    Attributes:
        share: of the iterations.
        width, height: pixels, multiples of 32.
        clear_width, clear_height: of the picture that the start network answers for, which sees more in a larger one;
            null for the same as the input's.
        downsampling: of images of this size; null for that of all.
        small: whether they go through the student's layers for images of few pixels, where it has such.
    """

    share: Share
    width: Annotated[int, Field(gt=0, multiple_of=_MULTIPLE)]
    height: Annotated[int, Field(gt=0, multiple_of=_MULTIPLE)]
    clear_width: Annotated[int, Field(gt=0, multiple_of=_MULTIPLE)] | None = None
    clear_height: Annotated[int, Field(gt=0, multiple_of=_MULTIPLE)] | None = None
    downsampling: Downsamplings | None = None
    small: bool = False

    @property
    def size(self) -> Size:
        """Width, height."""
        return self.width, self.height

    @property
    def clear_size(self) -> Size:
        """Width, height."""
        return self.clear_width or self.width, self.clear_height or self.height


class Augmentation(Strict):
    """How images are changed, in this order; downsampling comes last, as it does in use.

    Attributes:
        flip: share of images that are mirrored.
        scale: smallest and largest scale.
        move: share that is scaled and shifted; the one-stage student's all are.
        shift: largest shift, as a share of the image's size; the one-stage student's lie anywhere.
        background: share of which a part is taken in which nobody is; one-stage student only, as all that follows
            up to `turn`.
        close: share that is laid about a person, who may fill the picture or be cut off by it.
        turned, turn: share that is turned, and by how many degrees at most.
        grey: share without colour, as from an infrared camera.
        colour: share whose colours are changed.
        gain, tint, offset: largest relative change of brightness and of each channel, largest change in grey levels.
        blur, noise, compression: shares that get these when they are reduced; one-stage student only.
        inputs: sizes of the one-stage student's input and their shares, which sum to 1.
        downsampling: kinds and their shares, which sum to 1.
    """

    flip: Share = 0.5
    scale: tuple[Positive, Positive] = (0.75, 1.3)
    move: Share = 0.5
    shift: Share = 0.12
    background: Share = 0.0
    close: Share = 0.0
    turned: Share = 0.0
    turn: Annotated[float, Field(ge=0, le=45)] = 8.0
    grey: Share = 0.0
    colour: Share = 0.6
    gain: Share = 0.35
    tint: Share = 0.2
    offset: Annotated[float, Field(ge=0, le=255)] = 15.0
    blur: Share = 0.0
    noise: Share = 0.0
    compression: Share = 0.0
    inputs: tuple[InputKind, ...] = (InputKind(share=1.0, width=352, height=256),)
    downsampling: Downsamplings = (Downsampling(share=1.0),)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        kinds: list[tuple[str, tuple[Downsampling, ...] | tuple[InputKind, ...]]] = [
            ("downsampling", self.downsampling),
            ("inputs", self.inputs),
        ]
        kinds += [("inputs.downsampling", kind.downsampling) for kind in self.inputs if kind.downsampling is not None]
        for name, parts in kinds:
            if abs(sum(part.share for part in parts) - 1) > 1e-6:
                raise ValueError(f"the shares of {name} do not sum to 1")
        if self.background + self.close > 1:
            raise ValueError("background and close together are more than all images")
        if self.scale[0] > self.scale[1]:
            raise ValueError("scale: the smallest comes first")
        return self
