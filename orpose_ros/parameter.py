"""What a parameter of the node is: its type, what it may be, and how a text is read as one."""

from dataclasses import dataclass
from math import isfinite
from typing import Any

import yaml

Value = bool | int | float | str | tuple[float, ...]

_TYPE_NAMES: dict[type, str] = {bool: "bool", int: "integer", float: "double", str: "string", tuple: "double array"}


@dataclass(frozen=True)
class Parameter:
    """One parameter of the node.

    Attributes:
        name: name of the parameter, of the launch argument and of the key in the parameter file.
        default: its default, whose Python type is the parameter's type (a tuple is an array of doubles).
        description: what it does, with its unit.
        range: smallest and largest number allowed, or None.
        choices: the strings allowed; empty for any.
        length: how many numbers an array has.
        changeable: whether it can be set at any time; if not, only while the node is unconfigured.
    """

    name: str
    default: Value
    description: str
    range: tuple[float, float] | None = None
    choices: tuple[str, ...] = ()
    length: int = 0
    changeable: bool = False

    @property
    def type(self) -> type:
        """Python type of the value."""
        return type(self.default)

    @property
    def type_name(self) -> str:
        """ROS's name of the type."""
        return _TYPE_NAMES[self.type]

    @property
    def constraint(self) -> str:
        """What values are allowed, in words; empty if all of the type are."""
        if self.range is not None:
            return f"{self.range[0]:g} .. {self.range[1]:.10g}"
        if self.choices:
            return ", ".join(self.choices)
        return f"{self.length} numbers" if self.length else ""

    def problem(self, value: Any) -> str | None:
        """Why `value` cannot be the parameter's, in one sentence; None if it can."""
        got = f"parameter '{self.name}' cannot be {value!r}: "
        if self.type is tuple:
            if isinstance(value, str) or not hasattr(value, "__len__") or len(value) != self.length:
                return f"{got}it must be {self.length} numbers"
            if not all(isinstance(v, (int, float)) and isfinite(v) for v in value):
                return f"{got}all of its {self.length} numbers must be finite"
            return None
        if type(value) is not self.type:
            return f"{got}it must be of type {self.type_name}"
        if self.range is not None and isinstance(value, (int, float)) and not self.range[0] <= value <= self.range[1]:
            return f"{got}it must be within {self.constraint}"
        if self.choices and value not in self.choices:
            return f"{got}it must be one of {self.constraint}"
        return None

    def parse(self, text: str) -> Value:
        """The value that a text, such as a launch argument, stands for.

        Raises:
            ValueError: it is not a value of this parameter; the message says why.
        """
        value: Any = text
        if self.type is not str:
            try:
                value = yaml.safe_load(text)
            except yaml.YAMLError:
                value = text
        if self.type is float and type(value) is int:
            value = float(value)
        if self.choices and text in ("True", "False"):
            value = text.lower()
        if problem := self.problem(value):
            raise ValueError(problem)
        return tuple(float(v) for v in value) if self.type is tuple else value
