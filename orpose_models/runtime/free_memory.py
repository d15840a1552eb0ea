"""Memory that this process no longer uses, given back to the system."""

import ctypes
import sys


def give_back_memory() -> None:
    """Give back what libraries freed and the C library keeps for later: tens of MB after a graph was built.

    Only glibc keeps so much and has a call for it; elsewhere nothing happens.
    """
    if sys.platform.startswith("linux"):
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)
