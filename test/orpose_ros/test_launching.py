"""What the launch files decide; neither ROS nor launch is needed."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from orpose_models.vocabulary.errors import OrposeError
from orpose_ros import launching
from orpose_ros.parameters import PARAMETERS, as_yaml

KNOWN = {*PARAMETERS, *launching.NODE_ARGUMENTS}


@pytest.fixture
def arguments(tmp_path: Path) -> dict[str, str]:
    """As launch holds them if none is given."""
    file = tmp_path / "orpose.yaml"
    file.write_text(as_yaml())
    return {**dict.fromkeys(PARAMETERS, ""), "namespace": "orpose", "params_file": str(file)}


def test_no_argument_is_no_mistake() -> None:
    launching.check_arguments([], KNOWN, is_root=True)
    launching.check_arguments(["downsample", "rviz", "launch-prefix", "sigterm_timeout"], KNOWN, is_root=True)


@pytest.mark.parametrize(
    ("name", "reason"),
    [("downsampel", "is 'downsample' meant?"), ("param_file", "is 'params_file' meant?"), ("speed", "-s lists all")],
)
def test_an_unknown_argument_is_refused(name: str, reason: str) -> None:
    with pytest.raises(OrposeError) as raised:
        launching.check_arguments(["model", name], KNOWN, is_root=True)
    assert str(raised.value) == f"there is no launch argument '{name}'; {reason}"


def test_of_an_including_file_only_misspellings_are_refused() -> None:
    launching.check_arguments(["speed", "ros_namespace", "global_params", "prefix"], KNOWN, is_root=False)
    with pytest.raises(OrposeError, match="is 'max_input_pixels' meant"):
        launching.check_arguments(["speed", "max_input_pixel"], KNOWN, is_root=False)


def test_the_file_that_was_started_is_known_by_its_path(tmp_path: Path) -> None:
    def event(*sources: object) -> SimpleNamespace:
        entities = [SimpleNamespace(launch_description_source=source) for source in sources]
        return SimpleNamespace(launch_description=SimpleNamespace(entities=entities))

    file = tmp_path / "orpose.launch.py"
    file.touch()
    (tmp_path / "link.launch.py").symlink_to(file)
    link = SimpleNamespace(location=str(tmp_path / "link.launch.py"))
    assert not launching.is_root(None, str(file))
    assert not launching.is_root(event(), str(file))
    assert not launching.is_root(event(None, SimpleNamespace(location="/other.launch.py")), str(file))
    assert launching.is_root(event(None, link), str(file))


def test_given_arguments_are_parameters(arguments: dict[str, str]) -> None:
    assert launching.node_parameters(arguments) == {}
    given = arguments | {"downsample": "4", "autostart": "false", "gravity": "[0, 1, 0]"}
    assert launching.node_parameters(given) == {"downsample": 4.0, "autostart": False, "gravity": (0.0, 1.0, 0.0)}


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("downsample", "40", "parameter 'downsample' cannot be 40.0: it must be within 1 .. 12"),
        ("max_input_pixels", "5k", "parameter 'max_input_pixels' cannot be '5k': it must be of type integer"),
        ("params_file", "/nowhere.yaml", "parameter file /nowhere.yaml: no such file or directory"),
        ("params_file", "", "launch argument 'params_file' is empty"),
        ("namespace", "b d", "launch argument 'namespace' cannot be 'b d': it is no ROS name"),
        ("namespace", "2nd", "launch argument 'namespace' cannot be '2nd': it is no ROS name"),
    ],
)
def test_what_cannot_be_meant_is_refused(arguments: dict[str, str], name: str, value: str, reason: str) -> None:
    with pytest.raises(OrposeError) as raised:
        launching.node_parameters(arguments | {name: value})
    assert reason in str(raised.value)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            "/orpose/pose_node:\n  ros__parameters:\n    max_input_pixels: 5000\n",
            "holds nothing for /robot/orpose/pose_",
        ),
        ("/**:\n  ros__parameters:\n    max_input_pixel: 5000\n", "is 'max_input_pixels' meant?"),
    ],
)
def test_a_parameter_file_that_would_be_ignored_is_refused(
    arguments: dict[str, str], tmp_path: Path, text: str, reason: str
) -> None:
    (tmp_path / "mine.yaml").write_text(text)
    with pytest.raises(OrposeError) as raised:
        launching.node_parameters(arguments | {"params_file": str(tmp_path / "mine.yaml")}, pushed="robot")
    assert reason in str(raised.value)


@pytest.mark.parametrize(
    ("text", "value"), [("true", True), ("True", True), ("1", True), ("false", False), ("0", False)]
)
def test_flags(text: str, value: bool) -> None:
    assert launching.flag("rviz", text) is value


def test_a_flag_that_is_none_is_refused() -> None:
    with pytest.raises(OrposeError, match=r"^launch argument 'rviz' cannot be 'yes': it must be true or false$"):
        launching.flag("rviz", "yes")


def test_cameras() -> None:
    assert launching.camera_names("left, /right/") == ["left", "right"]
    for text in ("", " , ", "left,left"):
        with pytest.raises(OrposeError, match=f"^cameras must be different names separated by commas, got '{text}'$"):
            launching.camera_names(text)


def test_the_users_prefix_stays() -> None:
    assert launching.prefix({"launch-prefix": "gdb --args"}) is None
    assert launching.prefix({}) in (None, "env --block-signal=INT")


def test_only_a_refusal_to_start_ends_the_launch() -> None:
    for code in (0, 1, -11):
        launching.ended("/orpose/pose_node", code)
    with pytest.raises(OrposeError, match=r"^/orpose/pose_node did not start"):
        launching.ended("/orpose/pose_node", 2)
