"""The executable `fusion_node`: runs the lifecycle node of `orpose_ros.room_node` until SIGINT or SIGTERM."""

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from orpose_ros.pose_node import Program, run

if TYPE_CHECKING:
    from orpose_ros.parameters import Parameter


def _parameters() -> "Mapping[str, Parameter]":
    from orpose_ros.fusion_parameters import FUSION_PARAMETERS

    return FUSION_PARAMETERS


def _node() -> Any:
    from orpose_ros.room_node import FusionNode

    return FusionNode


FUSION_NODE = Program("fusion_node", _parameters, _node)


def main() -> None:
    """Entry point of the executable."""
    sys.exit(run(program=FUSION_NODE))


if __name__ == "__main__":
    main()
