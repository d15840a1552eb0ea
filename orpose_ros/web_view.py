"""The executable `web_view`: runs the node of `orpose_ros.web_node` until SIGINT or SIGTERM."""

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from orpose_ros.pose_node import Program, run

if TYPE_CHECKING:
    from orpose_ros.parameters import Parameter


def _parameters() -> "Mapping[str, Parameter]":
    from orpose_ros.web_parameters import WEB_PARAMETERS

    return WEB_PARAMETERS


def _node() -> Any:
    from orpose_ros.web_node import WebView

    return WebView


WEB_VIEW = Program("web_view", _parameters, _node)


def main() -> None:
    """Entry point of the executable."""
    sys.exit(run(program=WEB_VIEW))


if __name__ == "__main__":
    main()
