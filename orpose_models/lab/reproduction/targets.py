"""What the adapted student is to reach, as ratios: these carry over from one dataset to another."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from orpose_models.lab.reproduction.comparing import peculiarities
from orpose_models.lab.reproduction.row_record import RowRecord
from orpose_models.lab.reproduction.rows import SHIPPED

RELEASED, STRICT = "MPJPE released, hips unmapped", "MPJPE strict, hips unmapped"
FOUND = "3D recall strict, hips unmapped"  # share of the persons who are in the strict figures


@dataclass(frozen=True)
class Cell:
    """A figure of a table: row, scale, name."""

    row: str
    factor: float
    figure: str


@dataclass(frozen=True)
class Target:
    """A target: a comparison of two figures.

    Attributes:
        text: what is asked for.
        claim, paper: what the paper says of its student, in words, and its figure; empty if it says nothing.
        a, b: the figures.
        measured: what becomes of their values, in words.
        reached: whether that is enough.
    """

    text: str
    claim: str
    paper: str
    a: Cell
    b: Cell
    measured: Callable[[float, float], str]
    reached: Callable[[float, float], bool]


def _percent(a: float, b: float) -> str:
    return f"{100 * a / b:.1f} %"


def _growth(a: float, b: float) -> str:
    return f"{100 * (a / b - 1):+.1f} %"


def _both(a: float, b: float) -> str:
    return f"{100 * a:.1f} against {100 * b:.1f}"


TARGETS: tuple[Target, ...] = (
    Target(
        "Keypoint AP of ORPose_all at 1x: at least 97 % of the teacher's at 1x",
        "The student is as good as its teacher: keypoint AP at 1x by the teacher's",
        "96.6 %",
        Cell("all", 1, "keypoint AP"),
        Cell("teacher", 1, "keypoint AP"),
        _percent,
        lambda a, b: a >= 0.97 * b,
    ),
    Target(
        "Keypoint AP of ORPose_all at 12x: at least 89 % of its own at 1x",
        "It keeps its 2D poses at 12x: keypoint AP by that at 1x",
        "88.7 %",
        Cell("all", 12, "keypoint AP"),
        Cell("all", 1, "keypoint AP"),
        _percent,
        lambda a, b: a >= 0.89 * b,
    ),
    Target(
        "MPJPE (released protocol) of ORPose_all at 12x: at most 3.1 % above its own at 1x",
        "It keeps its 3D poses at 12x: MPJPE (released protocol) above that at 1x",
        "+3.1 %",
        Cell("all", 12, RELEASED),
        Cell("all", 1, RELEASED),
        _growth,
        lambda a, b: a <= 1.031 * b,
    ),
    Target(
        "The same by the strict protocol",
        "",
        "",
        Cell("all", 12, STRICT),
        Cell("all", 1, STRICT),
        _growth,
        lambda a, b: a <= 1.031 * b,
    ),
    Target(
        "Keypoint AP of ORPose_all at 12x: above that of the student that is not adapted at 8x",
        "Adapted, it is better at 12x than not adapted at 8x: keypoint AP",
        "49.5 against 27.0",
        Cell("all", 12, "keypoint AP"),
        Cell("unadapted", 8, "keypoint AP"),
        _both,
        lambda a, b: a > b,
    ),
    Target(
        "Box AP of ORPose_all at 12x: at least 94 % of its own at 1x",
        "It keeps finding people at 12x: box AP by that at 1x",
        "94.0 %",
        Cell("all", 12, "box AP"),
        Cell("all", 1, "box AP"),
        _percent,
        lambda a, b: a >= 0.94 * b,
    ),
)


def of_shipped(target: Target) -> Target:
    """The same target for the shipped student."""

    def moved(cell: Cell) -> Cell:
        return replace(cell, row=SHIPPED) if cell.row == "all" else cell

    return replace(target, a=moved(target.a), b=moved(target.b))


def judge(target: Target, records: Mapping[str, RowRecord]) -> tuple[str, str]:
    """What was measured, and the verdict: reached, missed, or why there is none."""
    for cell in (target.a, target.b):
        if cell.row not in records:
            return "-", f"open: the row {cell.row} is missing"
    values = [records[cell.row].value(cell.factor, cell.figure) for cell in (target.a, target.b)]
    for cell, value in zip((target.a, target.b), values, strict=True):
        if value is None:
            return "-", f"open: {cell.row} has no {cell.figure} at {cell.factor:g}x"
    a, b = (float(value or 0) for value in values)
    for cell in (target.a, target.b):
        if peculiarities(records, cell.row):
            return target.measured(a, b) if b else "-", f"open: {cell.row} cannot be compared, see budgets"
    if b <= 0:
        return "-", f"open: {target.b.figure} of {target.b.row} is 0"
    return target.measured(a, b), "**reached**" if target.reached(a, b) else "**missed**"
