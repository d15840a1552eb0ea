"""In which numbers a network is trained: as the configuration wants, by what the device can do."""

from dataclasses import dataclass

import torch

from orpose_models.lifting.processor import processor_has_bfloat16

# Half precision begins with losses times this; the largest that is safe is found within some steps.
_FIRST_SCALE = 4096.0


@dataclass(frozen=True)
class Precision:
    """Of the networks; losses, weights and their updates are in single precision.

    Attributes:
        mixed: type of the numbers within the networks; None for single precision.
        scaler: keeps small gradients of half precision from vanishing; does nothing with other types.
    """

    mixed: torch.dtype | None
    scaler: torch.amp.GradScaler

    @property
    def name(self) -> str:
        """In a word."""
        return str(self.mixed or torch.float32).removeprefix("torch.")


def precision_of(mixed: bool, device: torch.device) -> Precision:
    """The precision for a device where mixed precision is wanted or not.

    It is bfloat16; on cards that have none float16, and single precision on processors that have none, which would
    compute it ten times slower.
    """
    kind = None
    if mixed and device.type == "cuda":
        kind = torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float16
    elif mixed and processor_has_bfloat16():
        kind = torch.bfloat16
    scaler = torch.amp.GradScaler(device.type, init_scale=_FIRST_SCALE, enabled=kind == torch.float16)
    return Precision(kind, scaler)
