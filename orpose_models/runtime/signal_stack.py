"""The stack that signal handlers run on, which OpenVINO's plugin for processors changes."""

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager


class _Stack(ctypes.Structure):
    """`stack_t` of sigaltstack(2)."""

    _fields_ = (("place", ctypes.c_void_p), ("flags", ctypes.c_int), ("size", ctypes.c_size_t))


@contextmanager
def kept_signal_stack() -> Iterator[None]:
    """Have this thread's alternative signal stack in the end be the one that it was.

    OpenVINO sets one of its own for every plugin that it loads and frees it with the plugin. Plugins that go in another
    order than they came leave a freed one behind, and the next signal, such as Ctrl-C, kills the process.
    """
    if not sys.platform.startswith("linux"):
        yield
        return
    libc, before = ctypes.CDLL(None), _Stack()
    known = libc.sigaltstack(None, ctypes.byref(before)) == 0
    try:
        yield
    finally:
        if known:
            libc.sigaltstack(ctypes.byref(before), None)
