"""Draw docs/images/architecture.png: the rooms, what each imports, and the way of one image through them.

The order of the rooms is that of `test/test_rooms.py`, what they are for is their docstrings, what they import is read
from their code, and the way of an image is the numbered list of `docs/architecture.md`.

Usage: python tools/draw_rooms.py [FILE.png]
"""

import ast
import re
import sys
from pathlib import Path
from typing import NamedTuple

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

ROOT = Path(__file__).resolve().parents[1]
PICTURE = ROOT / "docs" / "images" / "architecture.png"
# What the node does not need to run the shipped student.
LABORATORY = {"teacher", "student", "runs", "evaluation", "training", "adaptation", "lab", "cli", "orpose_ros.tools"}
COLOURS = {True: "#c6dbef", False: "#fdd0a2"}


class Room(NamedTuple):
    """A package, by its name without that of the project's own: its purpose, and the rooms it imports."""

    name: str
    purpose: str
    imports: set[str]


def order() -> list[str]:
    """The rooms' full names from the bottom up."""
    tree = ast.parse((ROOT / "test" / "test_rooms.py").read_text())
    assigned = {node.targets[0].id: node.value for node in tree.body if isinstance(node, ast.Assign)}
    return list(ast.literal_eval(assigned["ROOMS"]))


def room_of(module: str, names: list[str]) -> str | None:
    """The room that a module is in."""
    return max((name for name in names if f"{module}.".startswith(f"{name}.")), key=len, default=None)


def rooms() -> list[Room]:
    """All rooms from the bottom up."""
    names = order()
    imported: dict[str, set[str]] = {name: set() for name in names}
    for path in sorted(file for top in ("orpose_models", "orpose_ros") for file in (ROOT / top).rglob("*.py")):
        room = room_of(".".join(path.relative_to(ROOT).with_suffix("").parts), names)
        if room is None:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom):
                modules = [f"{node.module}.{name.name}" for name in node.names]
            else:
                modules = [name.name for name in node.names] if isinstance(node, ast.Import) else []
            imported[room] |= {other for module in modules if (other := room_of(module, names))} - {room}
    return [Room(short(name), purpose(name), set(map(short, imported[name]))) for name in names]


def short(name: str) -> str:
    """Without the package that most rooms are in."""
    return name.removeprefix("orpose_models.")


def purpose(name: str, longest: int = 70) -> str:
    """What a room's docstring says at its beginning, as far as it fits into the picture."""
    text = ast.get_docstring(ast.parse((ROOT / name.replace(".", "/") / "__init__.py").read_text())) or ""
    parts = re.split(r"(?<=[.;:]) ", text.partition("\n")[0])
    while len(parts) > 1 and len(" ".join(parts)) > longest:
        parts.pop()
    return " ".join(parts).rstrip(".;:")


def way() -> list[tuple[str, int]]:
    """Room and number of each step of an image."""
    steps = re.findall(r"^(\d+)\. (.+)", (ROOT / "docs" / "architecture.md").read_text(), re.MULTILINE)
    return [(room, int(number)) for number, text in steps for room in re.findall(r"\*\*([\w.]+)\*\*", text)]


def draw(house: list[Room], steps: list[tuple[str, int]], target: Path) -> None:
    """Draw the rooms from top to bottom: steps at the left, a dot for every room that a room imports at the right."""
    count = len(house)
    figure = Figure(figsize=(11, 0.36 * count + 1.3), dpi=120)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(-1.6, 27.2), ylim=(-0.8, count + 2.8))
    axes.axis("off")
    left, step = 15.0, 0.5
    for i, room in enumerate(house):
        box = FancyBboxPatch((0, i + 0.06), 14, 0.72, boxstyle="round,pad=0.06", fc=COLOURS[room.name in LABORATORY])
        box.set_edgecolor("none")
        axes.add_patch(box)
        axes.text(0.15, i + 0.42, room.name, va="center", weight="bold", fontsize=9.5)
        axes.text(3.6, i + 0.42, room.purpose, va="center", fontsize=8)
        axes.plot([left, left + step * (count - 1)], [i + 0.42] * 2, color="#e4e4e4", lw=0.8, zorder=0)
        axes.text(left + step * i, count + 0.15, room.name, rotation=55, fontsize=7.5, va="bottom", ha="left")
        dots = [left + step * j for j, other in enumerate(house) if other.name in room.imports]
        axes.scatter(dots, [i + 0.42] * len(dots), s=22, color="#444444")
        axes.scatter([left + step * i], [i + 0.42], s=26, marker="s", color=COLOURS[room.name in LABORATORY])
    level = {room.name: i + 0.42 for i, room in enumerate(house)}
    for name in dict.fromkeys(name for name, _ in steps):
        numbers = [number for room, number in steps if room == name]
        for k, number in enumerate(numbers):
            x = -0.5 - 0.6 * (len(numbers) - 1 - k)
            axes.scatter([x], [level[name]], s=150, color="#d94801")
            axes.text(x, level[name] - 0.02, str(number), color="white", ha="center", va="center", fontsize=8)
    axes.text(-1.5, -0.5, "numbers: the way of one image; dots: what a room imports", fontsize=8, color="#555555")
    figure.savefig(target)


if __name__ == "__main__":
    draw(rooms(), way(), Path(sys.argv[1]) if len(sys.argv) > 1 else PICTURE)
