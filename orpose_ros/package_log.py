"""What `orpose_models` logs, such as what an engine builds, in the node's log."""

import logging
from typing import Any


class _Forwarding(logging.Handler):
    def __init__(self, logger: Any) -> None:
        super().__init__(logging.INFO)
        self._logger = logger

    def emit(self, record: logging.LogRecord) -> None:
        # ROS tells one line's severities by where it is called from.
        if record.levelno >= logging.WARNING:
            self._logger.warning(record.getMessage())
        else:
            self._logger.info(record.getMessage())


def forward_log(logger: Any) -> None:
    """Let a node's logger say what the package logs from now on, in place of an earlier node's."""
    log = logging.getLogger("orpose_models")
    for handler in [handler for handler in log.handlers if isinstance(handler, _Forwarding)]:
        log.removeHandler(handler)
    log.addHandler(_Forwarding(logger))
    log.setLevel(logging.INFO)
