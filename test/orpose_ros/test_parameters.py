from pathlib import Path

import pytest
import yaml

from orpose_ros.parameters import PARAMETERS, as_table, as_yaml

CHECKOUT = Path(__file__).parents[2]


def test_every_default_is_allowed() -> None:
    assert [p.problem(p.default) for p in PARAMETERS.values()] == [None] * len(PARAMETERS)


def test_the_parameter_file_is_the_declaration() -> None:
    text = (CHECKOUT / "config" / "orpose.yaml").read_text()
    assert text == as_yaml()
    values = yaml.safe_load(text)["/**"]["ros__parameters"]
    assert list(values) == list(PARAMETERS)
    for name, value in values.items():
        parameter = PARAMETERS[name]
        assert (tuple(value) if isinstance(value, list) else value) == parameter.default
        assert parameter.type is tuple or type(value) is parameter.type


def test_the_documented_table_is_the_declaration() -> None:
    assert as_table() in (CHECKOUT / "docs" / "node.md").read_text()


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("camera_info_topic", "", ""),
        ("image_topic", "/camera/image", "/camera/image"),
        ("model", "12", "12"),
        ("downsample", "4", 4.0),
        ("downsample", "2.5", 2.5),
        ("max_persons", "3", 3),
        ("compressed", "true", True),
        ("rectified", "auto", "auto"),
        ("rectified", "True", "true"),
        ("gravity", "[0, 1, 0.2]", (0.0, 1.0, 0.2)),
    ],
)
def test_parse(name: str, text: str, value: object) -> None:
    parsed = PARAMETERS[name].parse(text)
    assert parsed == value
    assert type(parsed) is type(value)


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("downsample", "", "must be of type double"),
        ("downsample", "nan", "must be of type double"),
        ("downsample", ".nan", "must be within 1 .. 12"),
        ("downsample", "12.5", "must be within 1 .. 12"),
        ("downsample", "[", "must be of type double"),
        ("max_persons", "3.0", "must be of type integer"),
        ("max_persons", "0", "must be within 1 .. 100"),
        ("max_input_pixels", "-1", "must be within 0 .. 2147483647"),
        ("compressed", "1", "must be of type bool"),
        ("rectified", "maybe", "must be one of auto, true, false"),
        ("image_reliability", "maybe", "must be one of best_effort, reliable"),
        ("gravity", "[0, 1]", "must be 3 numbers"),
        ("gravity", "abc", "must be 3 numbers"),
        ("gravity", "[0, 1, .inf]", "must be finite"),
    ],
)
def test_a_bad_value_is_refused_with_the_reason(name: str, text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=f"parameter '{name}' cannot be .*{reason}"):
        PARAMETERS[name].parse(text)


def test_the_privacy_guard_cannot_be_lifted_while_the_node_runs() -> None:
    assert not PARAMETERS["max_input_pixels"].changeable
    assert PARAMETERS["downsample"].changeable
