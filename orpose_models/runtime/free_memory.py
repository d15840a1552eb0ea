"""Memory that this process no longer uses: given back, or kept for later. Only glibc can be told what to do with it."""

import ctypes
import sys
from collections.abc import Callable

# Of glibc's malloc.h.
_TRIM_THRESHOLD, _TOP_PAD, _MMAP_MAX = -1, -2, -4
_MOST = 2**31 - 1
_STEP = 2**28


def give_back_memory() -> None:
    """Give back what libraries freed and the C library keeps for later: tens of MB after a graph was built."""
    trim = _call("malloc_trim")
    if trim is not None:
        trim(0)


def keep_memory() -> None:
    """Keep for later what this process frees, up to 2 GB and until it ends, instead of asking the system anew for each
    large array.

    A step of training makes and frees hundreds of arrays of megabytes. What the system gives is empty pages, each of
    which costs a fault when it is first written to: on a virtual machine more than the arithmetic.
    """
    option = _call("mallopt")
    if option is not None:
        option(_MMAP_MAX, 0)
        option(_TRIM_THRESHOLD, _MOST)
        option(_TOP_PAD, _STEP)


def _call(name: str) -> Callable[..., int] | None:
    return getattr(ctypes.CDLL(None), name, None) if sys.platform.startswith("linux") else None
