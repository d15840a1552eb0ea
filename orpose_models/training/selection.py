"""Which weights a run ends with: the best average that was measured on the way, and how far from the start."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from torch import Tensor, nn

from orpose_models.training.averaging import between, copied

Figures = Mapping[str, float]


def grade(figures: Figures) -> float:
    """What weights are chosen by: the mean keypoint AP over all downsampling factors."""
    found = [value for name, value in figures.items() if name.startswith("keypoint AP ")]
    return sum(found) / len(found) if found else 0.0


class Selection:
    """Of one run.

    A network that was trained on little forgets some of what its start knew; weights between both often keep the
    start's knowledge and most of what was learned.

    Args:
        start: the weights that the run started from.
        shares: of the way from the start to the best average, that are measured in the end.
    """

    def __init__(self, start: Mapping[str, Tensor], shares: Sequence[float]) -> None:
        self.start, self.shares = copied(start), tuple(shares)
        self._best: tuple[float, int, dict[str, Tensor]] | None = None

    def consider(self, figures: Figures, iteration: int, network: nn.Module) -> None:
        """Keep a copy of the weights if none that were measured before are better."""
        if self._best is None or grade(figures) > self._best[0]:
            self._best = grade(figures), iteration, copied(network.state_dict())

    def choose(self, network: nn.Module, measure: Callable[[nn.Module, str], Figures]) -> dict[str, Any]:
        """Give the network the best weights and say which they are.

        Args:
            network: is given the weights.
            measure: figures of a network, and what to call it.
        """
        assert self._best is not None
        _, iteration, best = self._best
        grades: dict[float, float] = {}
        for share in self.shares:
            network.load_state_dict(between(self.start, best, share))
            grades[share] = grade(measure(network, f"share-{share:g}"))
        share = max(self.shares, key=lambda share: grades[share])
        network.load_state_dict(between(self.start, best, share))
        tried = {f"{share:g}": round(value, 5) for share, value in grades.items()}
        return {"iteration": iteration, "share_of_the_way": share, "mean_keypoint_ap_of_shares": tried}

    def state_dict(self) -> dict[str, Any]:
        """For the checkpoint."""
        return {"start": self.start, "best": self._best}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """From the checkpoint."""
        self.start, self._best = state["start"], state["best"]
