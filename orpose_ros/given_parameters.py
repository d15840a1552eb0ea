"""Parameters as they are given at start-up - in files, on the command line - checked before ROS reads them.

ROS ignores what it does not understand: a file whose keys name another node, a parameter whose name is mistyped. With
them the privacy guard would get lost in silence. No ROS is imported here: launch files check before they start a node.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import pairwise
from pathlib import Path

import yaml

from orpose_models.vocabulary.errors import OrposeError, file_problem
from orpose_ros.parameters import PARAMETERS, Parameter

NODE, NAMESPACE = "pose_node", "orpose"
# The privacy guard: given for another node, it must be given for this one, too.
GUARD = "max_input_pixels"

_SECTION = "ros__parameters"
_OF_ROS = ("use_sim_time", "start_type_description_service")
# As alike as a word and its misspelling.
_ALIKE = 0.8


@dataclass(frozen=True)
class Section:
    """Parameters of one key of a parameter file, or of the command line.

    Attributes:
        source: the file, or what else to name in a message.
        key: which nodes it speaks to: a full name, in which `*` stands for one token and `**` for any number.
        names: the parameters' names.
    """

    source: str
    key: str
    names: tuple[str, ...]

    def is_for(self, node: str) -> bool:
        """Whether ROS gives these parameters to the node of this full name."""
        patterns = {"**": r"(/\w+)*", "*": r"/\w+"}
        tokens = (patterns.get(token, "/" + re.escape(token)) for token in self.key.split("/") if token)
        return re.fullmatch("".join(tokens), node) is not None

    @property
    def is_shared(self) -> bool:
        """Whether other nodes may be meant as well."""
        return self.key.endswith("*")


def full_name(namespace: str, pushed: str = "", node: str = NODE) -> str:
    """Full name of the node in a namespace.

    Args:
        namespace: as given; a relative one stands below `pushed`.
        pushed: the namespace that a launch file put around the node.
        node: its own name.
    """
    absolute = namespace if namespace.startswith("/") else f"{pushed}/{namespace}"
    return "/" + "/".join([*filter(None, absolute.split("/")), node])


def read_sections(path: str | Path) -> list[Section]:
    """The keys of a parameter file.

    Raises:
        OrposeError: it cannot be read, or is no parameter file.
    """
    try:
        text = Path(path).read_text()
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text)):
            raise OrposeError(f"parameter file {path}: ROS does not know YAML's aliases (*name)")
        root = yaml.compose(text, yaml.SafeLoader)
    except OSError as error:
        raise OrposeError(f"parameter file {file_problem(error)}") from None
    except RecursionError:
        raise OrposeError(f"parameter file {path}: its values are nested too deeply") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise OrposeError(f"parameter file {path}: not a YAML file ({' '.join(str(error).split())})") from None
    return [Section(str(path), key, tuple(_names(values))) for key, values in _keys(root)]


def check_file(path: str | Path, node: str) -> list[Section]:
    """
    Returns:
        All sections of a parameter file.

    Raises:
        OrposeError: it cannot be read, or holds nothing for the node of this full name.
    """
    sections = read_sections(path)
    if not any(section.is_for(node) for section in sections):
        keys = ", ".join(repr(section.key) for section in sections)
        found = f"it speaks to {keys}" if keys else f"it has no {_SECTION}"
        raise OrposeError(
            f"parameter file {path} holds nothing for {node}: {found}; let it begin with '/**:' or '{node}:', "
            f"and {_SECTION}: below"
        )
    return sections


def check_names(
    sections: Iterable[Section],
    node: str,
    given: Iterable[str] = (),
    declared: Mapping[str, Parameter] = PARAMETERS,
) -> None:
    """
    Args:
        sections: all that is given, for whichever node.
        node: full name of the node that is started.
        given: names of the parameters that it gets from elsewhere.
        declared: its parameters.

    Raises:
        OrposeError: a name is no parameter's or a key nearly the node's, or the privacy guard is for others only.
    """
    mine: list[Section] = []
    others: list[Section] = []
    for section in sections:
        (mine if section.is_for(node) else others).append(section)
    for section in mine:
        for name in section.names:
            alike = similar(name, declared)
            if not is_known(name, declared) and (alike or not section.is_shared):
                what = f"; is '{alike}' meant?" if alike else ""
                raise OrposeError(f"{section.source}: there is no parameter '{name}'{what}")
    if GUARD not in declared:
        return
    is_guarded = GUARD in given or any(GUARD in section.names for section in mine)
    for section in others:
        last = section.key.rpartition("/")[2]
        if similar(last, [NODE]) and not last.startswith(NODE):
            raise OrposeError(f"{section.source}: '{section.key}' speaks to no {NODE}; is '{node}' meant?")
        if GUARD in section.names and not is_guarded:
            raise OrposeError(
                f"{section.source}: {GUARD} is given for '{section.key}', but not for {node}; "
                f"give it for {node}, too (0 for no limit)"
            )


def check_arguments(arguments: Sequence[str], own: str = NODE, declared: Mapping[str, Parameter] = PARAMETERS) -> None:
    """Check a command line of the node.

    Args:
        arguments: without the program's name.
        own: the node's name.
        declared: its parameters.

    Raises:
        OrposeError: what it says about parameters would be lost.
    """
    files, sections, name, namespace = [], [], own, NAMESPACE
    for option, value in _options(arguments):
        if option == "--params-file":
            files.append(value)
        elif option in ("-r", "--remap"):
            what, _, new = value.rpartition(":=")
            what = what.removeprefix(f"{own}:")
            namespace = new if what == "__ns" else namespace
            name = new if what in ("__node", "__name") else name
        elif option in ("-p", "--param") and ":=" in value:
            what = value.partition(":=")[0]
            target, _, parameter = what.rpartition(":")
            sections.append(Section(f"-p {value}", f"/**/{target}" if target else "/**", (parameter,)))
    node = full_name(namespace, node=name)
    for file in files:
        sections += check_file(file, node)
    check_names(sections, node, declared=declared)


def is_known(name: str, declared: Mapping[str, Parameter] = PARAMETERS) -> bool:
    """Whether the node, or ROS in every node, has a parameter of this name."""
    return name in declared or name in _OF_ROS or name.startswith("qos_overrides.")


def similar(name: str, names: Iterable[str] = PARAMETERS) -> str | None:
    """The name of which this one may be a misspelling; None if there is none."""
    alike = get_close_matches(name, names, 1, _ALIKE)
    return alike[0] if alike else None


def _options(arguments: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Pairs of neighbouring ROS arguments: each option with its value."""
    words, is_ros = [], False
    for argument in arguments:
        if argument == "--ros-args":
            is_ros = True
        elif argument == "--":
            is_ros = False
        elif is_ros:
            words.append(argument)
    return pairwise(words)


def _keys(node: yaml.Node | None, prefix: str = "") -> Iterator[tuple[str, yaml.Node]]:
    """The full names that lead to parameters, and these; names may be nested: {orpose: {pose_node: ...}}."""
    if not isinstance(node, yaml.MappingNode):
        return
    for key, value in node.value:
        if key.value == _SECTION:
            yield prefix or "/", value
        else:
            yield from _keys(value, f"{prefix}/{str(key.value).strip('/')}")


def _names(values: yaml.Node, prefix: str = "") -> Iterator[str]:
    """Names of parameters; those of groups are joined by dots."""
    if not isinstance(values, yaml.MappingNode):
        return
    for key, value in values.value:
        name = f"{prefix}{key.value}"
        if isinstance(value, yaml.MappingNode) and value.value:
            yield from _names(value, f"{name}.")
        else:
            yield name
