"""What the package logs, such as what an engine builds, told by whoever runs it."""

import logging
from collections.abc import Callable


class _Telling(logging.Handler):
    def __init__(self, note: Callable[[str], object], warn: Callable[[str], object]) -> None:
        super().__init__(logging.INFO)
        self._note, self._warn = note, warn

    def emit(self, record: logging.LogRecord) -> None:
        # ROS tells severities by the line that they are logged from: one each.
        if record.levelno >= logging.WARNING:
            self._warn(record.getMessage())
        else:
            self._note(record.getMessage())


def forward_log(note: Callable[[str], object], warn: Callable[[str], object]) -> None:
    """Tell what the package logs from now on, in place of whoever told it before."""
    log = logging.getLogger("orpose_models")
    for handler in [handler for handler in log.handlers if isinstance(handler, _Telling)]:
        log.removeHandler(handler)
    log.addHandler(_Telling(note, warn))
    log.setLevel(logging.INFO)
