"""The rows of the paper's tables."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from orpose_models.vocabulary.errors import OrposeError


@dataclass(frozen=True)
class Row:
    """A model of the tables.

    Attributes:
        name: of its file of results and its folder.
        title: what the tables call it.
        configuration: the training configuration that it is made from; "" for one that is not trained.
        changes: what differs from that configuration besides the budget, as `orpose train --set` takes it.
        labels: whose labels it is trained on: the teacher's, of the operating room, or those of the everyday images.
        model: of one that is not trained here: what `load_model` takes; "" for the teacher that the experiment names.
    """

    name: str
    title: str
    configuration: str = ""
    changes: tuple[str, ...] = ()
    labels: Literal["teacher", "everyday"] = "teacher"
    model: str = ""

    @property
    def trained(self) -> bool:
        """Whether it is trained here."""
        return bool(self.configuration)


SHIPPED = "shipped"

# In the order of the paper's tables.
ROWS: tuple[Row, ...] = (
    Row("teacher", "Teacher"),
    Row("unadapted", "Student, not adapted", "unadapted", labels="everyday"),
    Row("fixed_1x", "ORPose_fixed_1x", "ORPose_fixed_1x"),
    Row("fixed_8x", "ORPose_fixed_8x", "ORPose_fixed_8x"),
    Row("fixed_10x", "ORPose_fixed_10x", "ORPose_fixed_10x"),
    Row("fixed_12x", "ORPose_fixed_12x", "ORPose_fixed_12x"),
    Row("all", "ORPose_all", "ORPose_all"),
    Row("all_hard", "Single branch (hard)", "ORPose_all", ("model.settings.branches=[hard]",)),
    Row("all_soft", "Single branch (soft)", "ORPose_all", ("model.settings.branches=[soft]",)),
    Row("all_both", "Single branch (hard + soft)", "ORPose_all", ("model.settings.branches=[both]",)),
    # Trained longer, and on real recordings as well: no row of the paper, but what users get.
    Row(SHIPPED, "orpose-all-light, as shipped", model="orpose-all-light"),
)
# What the targets need is made first.
_FIRST = ("teacher", "all", "unadapted")
BY_NAME = {row.name: row for row in ROWS}


def choose(names: Sequence[str]) -> tuple[Row, ...]:
    """The rows of these names, or all; in the order in which they are to be made.

    Raises:
        OrposeError: there is no such row.
    """
    if unknown := [name for name in names if name not in BY_NAME]:
        raise OrposeError(f"there is no row {', '.join(unknown)}; rows are {', '.join(BY_NAME)}")
    ordered = dict.fromkeys([*_FIRST, *BY_NAME])
    return tuple(BY_NAME[name] for name in ordered if not names or name in names)
