"""What trainings ask of the processor that they run on."""

import torch


def processor_has_bfloat16() -> bool:
    """Whether torch computes networks in bfloat16 by instructions of this processor.

    On x86 torch asks for AVX-512, of which not every processor has instructions for bfloat16 itself. Builds of torch
    without oneDNN, such as those for Macs, have none and do not know the question.
    """
    return torch.backends.mkldnn.is_available() and bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
