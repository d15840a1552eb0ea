"""The declared parameters as parameters of a ROS node."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor, SetParametersResult
from rclpy.node import Node
from rclpy.parameter import Parameter as RosParameter

from orpose_ros.given_parameters import is_known
from orpose_ros.parameter import Parameter
from orpose_ros.parameters import PARAMETERS


def descriptor(parameter: Parameter) -> ParameterDescriptor:
    """Description, range and constraints, for `ros2 param describe` and dynamic-reconfigure tools."""
    message = ParameterDescriptor(description=parameter.description)
    if parameter.choices:
        message.additional_constraints = f"one of: {parameter.constraint}"
    elif parameter.length:
        message.additional_constraints = parameter.constraint
    if parameter.range is not None and parameter.type is int:
        low, high = (int(limit) for limit in parameter.range)
        message.integer_range = [IntegerRange(from_value=low, to_value=high)]
    elif parameter.range is not None:
        low_value, high_value = parameter.range
        message.floating_point_range = [FloatingPointRange(from_value=low_value, to_value=high_value)]
    return message


class NodeParameters(Mapping[str, Any]):
    """The values of the declared parameters, always valid and up to date.

    Args:
        node: they are declared on it.
        configured: whether parameters that are not changeable are in use and must stay as they are.
        declared: they themselves.

    Raises:
        rclpy.exceptions.ParameterException: an initial value is bad; the message says which and why.
    """

    def __init__(
        self, node: Node, configured: Callable[[], bool], declared: Mapping[str, Parameter] = PARAMETERS
    ) -> None:
        self._configured = configured
        self._declared = declared
        self._values: dict[str, Any] = {}
        node.add_pre_set_parameters_callback(self._widen)
        node.add_on_set_parameters_callback(self._check)
        node.add_post_set_parameters_callback(self._keep)
        overrides = node._parameter_overrides  # rclpy has no public way to see or widen them
        for change in self._widen(list(overrides.values())):
            overrides[change.name] = change
        for name in sorted(overrides):
            # Misspelt names ended the program before (orpose_ros.given_parameters). A file for all nodes (`/**`) may
            # hold others' parameters.
            if not is_known(name, declared):
                node.get_logger().warning(f"there is no parameter '{name}', it is ignored")
        for parameter in declared.values():
            default = list(parameter.default) if isinstance(parameter.default, tuple) else parameter.default
            self._values[parameter.name] = node.declare_parameter(parameter.name, default, descriptor(parameter)).value

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def _check(self, changes: Sequence[RosParameter]) -> SetParametersResult:
        for change in changes:
            parameter = self._declared.get(change.name)
            if parameter is None:
                continue
            if problem := parameter.problem(change.value):
                return SetParametersResult(successful=False, reason=problem)
            if not parameter.changeable and self._configured() and change.value != self._values[change.name]:
                return SetParametersResult(
                    successful=False,
                    reason=f"parameter '{change.name}' is read when the node is configured: clean the node up first",
                )
        return SetParametersResult(successful=True)

    def _keep(self, changes: Sequence[RosParameter]) -> None:
        # A new dictionary, so that a reader in another thread sees all changes of one call or none.
        known = {change.name: change.value for change in changes if change.name in self._declared}
        self._values = {**self._values, **known}

    def _widen(self, changes: list[RosParameter]) -> list[RosParameter]:
        """What is meant: whole numbers for a double (`ros2 param set ... downsample 4`), true for a word of choices."""
        widened = []
        for change in changes:
            parameter, value = self._declared.get(change.name), change.value
            if parameter is not None and parameter.type is float and change.type_ is RosParameter.Type.INTEGER:
                value = float(value)
            elif (
                parameter is not None
                and change.type_ is RosParameter.Type.BOOL
                and str(value).lower() in parameter.choices
            ):
                value = str(value).lower()
            widened.append(change if value is change.value else RosParameter(change.name, value=value))
        return widened
