"""The rooms of the house: each imports only rooms below it (docs/architecture.md)."""

from graphlib import TopologicalSorter
from pathlib import Path

import pytest
from support.imports import ROOT, file_of, imports

# From the bottom up.
ROOMS = (
    "orpose_models.vocabulary",
    "orpose_models.files",
    "orpose_models.model_format",
    "orpose_models.drawing",
    "orpose_models.messages",
    "orpose_models.datasets",
    "orpose_models.lifting",
    "orpose_models.tracking",
    "orpose_models.runtime",
    "orpose_models.fusion",
    "orpose_models.view",
    "orpose_models.teacher",
    "orpose_models.student",
    "orpose_models.registry",
    "orpose_models.runs",
    "orpose_models.evaluation",
    "orpose_models.training",
    "orpose_models.adaptation",
    "orpose_models.lab",
    "orpose_models.cli",
    "orpose_ros",
    "orpose_ros.tools",
)
# Only the node and its tools import these.
ROS_PACKAGES = {
    "rclpy",
    "sensor_msgs",
    "std_msgs",
    "geometry_msgs",
    "visualization_msgs",
    "diagnostic_msgs",
    "orpose_msgs",
}


def room_of(module: str) -> str | None:
    """The room that a module is in; None for a module of another project, and for the package's face."""
    found = [room for room in ROOMS if module == room or module.startswith(room + ".")]
    return max(found, key=len) if found else None


def files() -> list[Path]:
    return [path for folder in ("orpose_models", "orpose_ros") for path in sorted((ROOT / folder).rglob("*.py"))]


@pytest.mark.parametrize("path", files(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_imports_only_rooms_below(path: Path) -> None:
    module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    mine = room_of(module)
    for imported in imports(path):
        room = room_of(imported)
        if mine is not None and room is not None:
            assert ROOMS.index(room) <= ROOMS.index(mine), f"{mine} imports {imported}, of a room above it"
        top = imported.partition(".")[0]
        assert top not in ROS_PACKAGES or module.startswith("orpose_ros"), f"{module} imports {imported}"


def test_the_foyer_is_empty() -> None:
    assert [path.name for path in (ROOT / "orpose_models").glob("*.py")] == ["__init__.py"]


def test_no_two_files_import_each_other() -> None:
    """Nor do more in a circle, within a room either."""
    ours = {path for path in files() if path.name != "__init__.py"}
    below = {
        path: {file for name in imports(path) if (file := file_of(name)) in ours and file != path} for path in ours
    }
    TopologicalSorter(below).prepare()  # raises CycleError, which names the files
