from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from orpose_ros.fusion_parameters import FUSION_PARAMETERS
from orpose_ros.parameters import PARAMETERS, Parameter, as_table, as_yaml
from orpose_ros.web_parameters import WEB_PARAMETERS

CHECKOUT = Path(__file__).parents[2]


# For each node: its parameters, its file and the page that has their table.
NODES = {
    "pose_node": (PARAMETERS, "orpose.yaml", "parameters", "node.md"),
    "fusion_node": (FUSION_PARAMETERS, "fusion.yaml", "fusion_parameters", "room.md"),
    "web_view": (WEB_PARAMETERS, "web_view.yaml", "web_parameters", "room.md"),
}
Declared = Mapping[str, Parameter]


@pytest.mark.parametrize("declared", [node[0] for node in NODES.values()], ids=NODES)
def test_every_default_is_allowed(declared: Declared) -> None:
    assert [p.problem(p.default) for p in declared.values()] == [None] * len(declared)


@pytest.mark.parametrize("node", NODES)
def test_the_parameter_file_is_the_declaration(node: str) -> None:
    declared, file, module, _ = NODES[node]
    text = (CHECKOUT / "config" / file).read_text()
    assert text == as_yaml(declared, node, module)
    values = yaml.safe_load(text)["/**"]["ros__parameters"]
    assert list(values) == list(declared)
    for name, value in values.items():
        parameter = declared[name]
        assert (tuple(value) if isinstance(value, list) else value) == parameter.default
        assert parameter.type is tuple or type(value) is parameter.type


@pytest.mark.parametrize("node", NODES)
def test_the_documented_table_is_the_declaration(node: str) -> None:
    declared, _, _, page = NODES[node]
    assert as_table(declared) in (CHECKOUT / "docs" / page).read_text()


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
