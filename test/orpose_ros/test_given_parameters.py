"""What is lost in silence by ROS is refused here; no ROS is needed."""

from pathlib import Path

import pytest

from orpose_models.vocabulary.errors import OrposeError
from orpose_ros.given_parameters import check_arguments, check_file, check_names, full_name, read_sections, similar
from orpose_ros.parameters import PARAMETERS, as_yaml

NODE = "/orpose/pose_node"
GUARD = "max_input_pixels: 5000"
# Keys of parameter files, and whether ROS takes them for NODE.
KEYS = {
    "/**": True,
    "**": True,
    "/*/*": True,
    "/*/pose_node": True,
    "/**/pose_node": True,
    "/orpose/*": True,
    "/orpose/**": True,
    "/orpose/**/pose_node": True,
    "/orpose/pose_node": True,
    "orpose/pose_node": True,
    "orpose:\n  pose_node": True,
    "/*:\n  pose_node": True,
    "/*": False,
    "pose_node": False,
    "/pose_node": False,
    "/orpose/pose_nod": False,
    "/orpose/left/pose_node": False,
    "/camera": False,
}


def parameter_file(folder: Path, key: str, *values: str) -> Path:
    """A file with values under a key; lines of the key are nested keys."""
    lines = [f"{line.rstrip(':')}:" for line in key.split("\n")]
    depth = len(lines[-1]) - len(lines[-1].lstrip()) + 2
    lines += [f"{' ' * depth}ros__parameters:", *(f"{' ' * (depth + 2)}{value}" for value in values)]
    path = folder / "parameters.yaml"
    path.write_text("\n".join(line if line[0] != "*" else f"'{line[:-1]}':" for line in lines) + "\n")
    return path


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "holds nothing for /orpose/pose_node: it has no ros__parameters; let it begin with '/**:'"),
        ("hello", "it has no ros__parameters"),
        ("- 1", "it has no ros__parameters"),
        ("max_input_pixels: 5000", "it has no ros__parameters"),
        ("/**:\n  ros_parameters:\n    max_input_pixels: 5000", "it has no ros__parameters"),
        ("ros__parameters:\n  max_input_pixels: 5000", "it speaks to '/'"),
        ("/a: &a\n  ros__parameters:\n    x: 1\n/**: *a", "ROS does not know YAML's aliases"),
        ("/**: [", "not a YAML file"),
        ("\x00", "not a YAML file"),
        ("[" * 3000 + "]" * 3000, "nested too deeply"),
    ],
)
def test_a_file_that_is_no_parameter_file_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "parameters.yaml"
    path.write_text(text)
    with pytest.raises(OrposeError) as raised:
        check_file(path, NODE)
    assert str(raised.value).startswith(f"parameter file {path}")
    assert reason in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OrposeError, match=r"^parameter file /nowhere/p.yaml: no such file or directory$"):
        check_file("/nowhere/p.yaml", NODE)
    with pytest.raises(OrposeError, match=f"^parameter file {tmp_path}: is a directory$"):
        check_file(tmp_path, NODE)
    (tmp_path / "p.yaml").write_bytes(b"/**: \xff")
    with pytest.raises(OrposeError, match="not a YAML file"):
        check_file(tmp_path / "p.yaml", NODE)


@pytest.mark.parametrize(("key", "matches"), KEYS.items())
def test_a_file_must_speak_to_the_node(tmp_path: Path, key: str, matches: bool) -> None:
    path = parameter_file(tmp_path, key, GUARD)
    if matches:
        (section,) = check_file(path, NODE)
        assert section.names == ("max_input_pixels",)
        return
    with pytest.raises(OrposeError, match=f"parameter file {path} holds nothing for {NODE}: it speaks to '/"):
        check_file(path, NODE)


@pytest.mark.parametrize("key", KEYS)
def test_ros_takes_the_same_files_for_the_node(tmp_path: Path, key: str) -> None:
    rclpy = pytest.importorskip("rclpy")
    from rclpy.context import Context
    from rclpy.node import Node

    context = Context()
    path = parameter_file(tmp_path, key, GUARD, "group:", "  deep: 1")
    rclpy.init(args=["--ros-args", "--params-file", str(path)], context=context, domain_id=86)
    try:
        node = Node("pose_node", namespace="orpose", context=context)
        taken = sorted(node._parameter_overrides)
        node.destroy_node()
    finally:
        rclpy.shutdown(context=context)
    assert taken == sorted(name for s in read_sections(path) if s.is_for(NODE) for name in s.names)
    assert bool(taken) == KEYS[key]


def test_the_shipped_file_is_for_every_node(tmp_path: Path) -> None:
    path = tmp_path / "orpose.yaml"
    path.write_text(as_yaml())
    for node in (NODE, "/pose_node", "/a/b/pose_node"):
        sections = check_file(path, node)
        check_names(sections, node)
        assert [section.names for section in sections] == [tuple(PARAMETERS)]


@pytest.mark.parametrize(
    ("key", "name", "reason"),
    [
        ("/**", "max_input_pixel: 5000", "there is no parameter 'max_input_pixel'; is 'max_input_pixels' meant?"),
        ("/**", "downsampel: 4.0", "there is no parameter 'downsampel'; is 'downsample' meant?"),
        (NODE, "frame_rate: 30", "there is no parameter 'frame_rate'"),
        (NODE, "gravity: {x: 1}", "there is no parameter 'gravity.x'"),
    ],
)
def test_a_name_that_is_no_parameter_is_refused(tmp_path: Path, key: str, name: str, reason: str) -> None:
    path = parameter_file(tmp_path, key, name)
    with pytest.raises(OrposeError) as raised:
        check_names(read_sections(path), NODE)
    assert str(raised.value).startswith(f"{path}: {reason}")


def test_a_file_for_all_nodes_may_hold_others_parameters(tmp_path: Path) -> None:
    path = parameter_file(tmp_path, "/**", "frame_rate: 30", "use_sim_time: true", "qos_overrides: {a: {b: 1}}", GUARD)
    check_names(read_sections(path), NODE)


def test_a_guard_for_others_must_be_given_for_this_node_too(tmp_path: Path) -> None:
    path = tmp_path / "parameters.yaml"
    path.write_text(f"/**:\n  ros__parameters:\n    threads: 1\n/orpos/pose_node:\n  ros__parameters:\n    {GUARD}\n")
    sections = check_file(path, NODE)
    with pytest.raises(OrposeError, match="max_input_pixels is given for '/orpos/pose_node', but not for /orpose/pose"):
        check_names(sections, NODE)
    check_names(sections, NODE, given=["max_input_pixels"])
    check_names(sections, "/orpos/pose_node")


def test_a_misspelt_node_is_refused_beside_a_key_for_all(tmp_path: Path) -> None:
    path = tmp_path / "parameters.yaml"
    text = "/**:\n  ros__parameters:\n    threads: 1\n/orpose/pose_{}:\n  ros__parameters:\n    downsample: 4.0\n"
    path.write_text(text.format("nod"))
    with pytest.raises(OrposeError, match=r"'/orpose/pose_nod' speaks to no pose_node; is '/orpose/pose_node' meant?"):
        check_names(check_file(path, NODE), NODE)
    path.write_text(text.format("node2"))  # another camera's
    check_names(check_file(path, NODE), NODE)


@pytest.mark.parametrize(
    ("namespace", "pushed", "name"),
    [
        ("", "", "/pose_node"),
        ("/", "robot", "/pose_node"),
        ("orpose", "", "/orpose/pose_node"),
        ("orpose/left", "/robot", "/robot/orpose/left/pose_node"),
        ("/orpose/", "robot", "/orpose/pose_node"),
    ],
)
def test_full_name(namespace: str, pushed: str, name: str) -> None:
    assert full_name(namespace, pushed) == name


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["max_input_pixel:=1"],  # no ROS argument
        ["--ros-args", "--", "-p", "max_input_pixel:=1"],
        ["--ros-args", "-p", "max_input_pixels:=1", "--param", "pose_node:downsample:=4.0"],
        ["--ros-args", "-p", "other_node:max_input_pixel:=1"],
        ["--ros-args", "-p", "frame_rate:=30", "-p"],
        ["--ros-args", "-r", "__ns:=/theatre", "-r", "__node:=eyes", "--params-file", "FILE"],
        ["--ros-args", "-r", "__ns:=/theatre", "-r", "pose_node:__name:=eyes", "--params-file", "FILE"],
    ],
)
def test_a_command_line_that_is_understood(arguments: list[str], tmp_path: Path) -> None:
    path = parameter_file(tmp_path, "/theatre/eyes", GUARD)
    check_arguments([str(path) if word == "FILE" else word for word in arguments])


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["-p", "max_input_pixel:=1"], "-p max_input_pixel:=1: there is no parameter 'max_input_pixel'; is 'max_"),
        (["--param", "pose_node:frame_rate:=1"], "-p pose_node:frame_rate:=1: there is no parameter 'frame_rate'"),
        (["--params-file", "FILE"], "holds nothing for /orpose/pose_node: it speaks to '/theatre/eyes'"),
        (["-r", "__ns:=/theatre", "--params-file", "FILE"], "holds nothing for /theatre/pose_node"),
        (["--params-file", "/nowhere.yaml"], "parameter file /nowhere.yaml: no such file or directory"),
    ],
)
def test_a_command_line_of_which_ros_would_lose_something(arguments: list[str], reason: str, tmp_path: Path) -> None:
    path = parameter_file(tmp_path, "/theatre/eyes", GUARD)
    with pytest.raises(OrposeError) as raised:
        check_arguments(["--ros-args", *(str(path) if word == "FILE" else word for word in arguments)])
    assert reason in str(raised.value)


def test_only_a_misspelling_is_similar() -> None:
    assert similar("max_pixel_input", []) is None
    assert similar("max_input_pixels") == "max_input_pixels"
    assert similar("image_topics") == "image_topic"
    assert similar("camera_info_url") is None
    assert similar("frame_id") is None
