"""`engine: auto`: the first engine of an order that loads, runs an image and finds there what the processor finds."""

from collections.abc import Callable
from dataclasses import dataclass, field

from orpose_models.model_format.engines import AUTO_ORDER, DEFAULT_ENGINE, ENGINES
from orpose_models.model_format.pose_model import PoseModel
from orpose_models.registry.check_image import check_image
from orpose_models.runtime.engine_cache import Say
from orpose_models.runtime.engine_loading import why_not
from orpose_models.runtime.parity import SHARE, Differences
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.poses import Poses

# Persons of at least this score are compared: weaker ones may be there or not by rounding.
_SURE = 0.3


@dataclass
class Choice:
    """What `engine: auto` came to.

    Attributes:
        model: on the engine that was taken.
        refused: of the engines before it, why not they: one sentence each.
    """

    model: PoseModel
    refused: dict[str, str] = field(default_factory=dict)

    @property
    def sentence(self) -> str:
        """What was taken, and why not the others."""
        why = "".join(f"; not {name}: {reason}" for name, reason in self.refused.items())
        return f"engine auto took {self.model.engine} ({ENGINES[self.model.engine].device}){why}"


def choose(load: Callable[[str], PoseModel], say: Say = lambda text: None) -> Choice:
    """Load a model on the first engine of `AUTO_ORDER` that can do it.

    Args:
        load: gives the model on an engine.
        say: told what is tried, as it may take long.

    Raises:
        OrposeError: it does not even load on the last, which runs everywhere.
    """
    refused: dict[str, str] = {}
    reference: PoseModel | None = None
    for name in AUTO_ORDER:
        if name == DEFAULT_ENGINE:
            break
        if reason := why_not(name):
            refused[name] = reason.removeprefix(f"engine {name!r} ")
            continue
        reference = reference or load(DEFAULT_ENGINE)
        say(f"engine auto tries {name}")
        try:
            model = load(name)
            reason = _disagreement(reference, model)
        except OrposeError as error:
            reason = str(error)
        if reason is None:
            return Choice(model, refused)
        refused[name] = reason
    return Choice(reference or load(DEFAULT_ENGINE), refused)


def _disagreement(reference: PoseModel, model: PoseModel) -> str | None:
    """How the poses of the image that engines are tried on differ, if by more than the limits of export."""
    expected, actual = (_sure(one.predict(check_image(), min_score=_SURE)) for one in (reference, model))
    if not len(expected):
        return "the model finds nobody in the image that engines are tried on, so that nothing can be compared"
    differences = Differences()
    differences.add(expected, actual)
    wrong = {name: share for name, share in differences.shares.items() if share < SHARE}
    if not wrong:
        return None
    told = ", ".join(f"{share:.0%} of the {name}" for name, share in wrong.items())
    return f"it does not find what the processor finds: only {told} are the same"


def _sure(poses: Poses) -> Poses:
    return poses.select(poses.box_scores >= _SURE)
