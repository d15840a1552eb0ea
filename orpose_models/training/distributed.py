"""Several processes that train together, started by torchrun; one process alone where it did not start this one."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, distributed


@dataclass(frozen=True)
class Ranks:
    """This process among those that train together.

    Attributes:
        rank, count: its number, from 0, and how many there are.
        device: what it computes on.
    """

    rank: int
    count: int
    device: torch.device


@contextmanager
def join_ranks() -> Iterator[Ranks]:
    """Join the processes that torchrun started: by NCCL where there are GPUs, else by Gloo."""
    count = int(os.environ.get("WORLD_SIZE", 1))
    local = int(os.environ.get("LOCAL_RANK", 0))
    device = torch.device("cuda", local) if torch.cuda.is_available() else torch.device("cpu")
    if count == 1:
        yield Ranks(0, 1, device)
        return
    distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield Ranks(distributed.get_rank(), count, device)
    finally:
        distributed.destroy_process_group()


def total(counts: Tensor) -> Tensor:
    """The sum of (k,) counts over all processes."""
    if distributed.is_initialized():
        counts = counts.clone()
        distributed.all_reduce(counts)
    return counts


def ranks() -> int:
    """How many processes train together."""
    return distributed.get_world_size() if distributed.is_initialized() else 1


def any_rank(flag: bool, device: torch.device) -> bool:
    """Whether the flag is set in any process."""
    return bool(total(torch.tensor([float(flag)], device=device))[0] > 0)
