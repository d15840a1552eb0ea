"""Is one model better than another? Difference and interval over the same images."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from orpose_models.evaluation.paired_statistics import AveragePrecision, Ratio, bootstrap, interval
from orpose_models.evaluation.result import Better, Evaluation, Result
from orpose_models.vocabulary.errors import OrposeError


@dataclass(frozen=True)
class Difference:
    """B minus A in one figure, on the images that both have.

    Attributes:
        metric: its name.
        a, b: the figures on those images; None where one is not defined.
        difference: b - a.
        low, high: 95 % interval of the difference, bootstrap with the same images drawn for both.
        unit, better: as in `Metric`.
    """

    metric: str
    a: float | None
    b: float | None
    difference: float | None
    low: float | None
    high: float | None
    unit: str
    better: Better

    @property
    def verdict(self) -> str:
        """'B better', 'B worse', or 'no clear difference' where the interval has both signs."""
        if self.low is None or self.high is None or self.better == "neither":
            return "not comparable"
        if self.low <= 0 <= self.high:
            return "no clear difference"
        return "B better" if (self.low > 0) == (self.better == "higher") else "B worse"


@dataclass(frozen=True)
class Comparison:
    """Two results side by side.

    Attributes:
        a, b: their labels.
        images: number of images that both have.
        only_a, only_b: number of images that only one has; they are left out.
        differences: per figure that both have.
    """

    a: str
    b: str
    images: int
    only_a: int
    only_b: int
    differences: list[Difference]


def compare(a: Evaluation, b: Evaluation, draws: int = 1000, seed: int = 0) -> list[Comparison]:
    """Compare two evaluations of one dataset, result by result.

    Results are paired by downsampling factor; where each evaluation has one result, those two.

    Raises:
        OrposeError: different datasets or conventions, or no common factor or image.
    """
    if a.dataset != b.dataset:
        raise OrposeError(f"A is of {a.dataset} and B of {b.dataset}: only results on one dataset can be compared")
    for key in a.conventions.keys() & b.conventions.keys():
        if a.conventions[key] != b.conventions[key]:
            raise OrposeError(f"A and B were evaluated by different conventions of {key}; evaluate both anew")
    if len(a.results) == len(b.results) == 1:
        return [_compare(a.results[0], b.results[0], draws, seed)]
    by_factor = {result.downsample: result for result in b.results}
    pairs = [(result, by_factor[result.downsample]) for result in a.results if result.downsample in by_factor]
    if not pairs:
        raise OrposeError("A and B have no downsampling factor in common")
    return [_compare(x, y, draws, seed) for x, y in pairs]


def _compare(a: Result, b: Result, draws: int, seed: int) -> Comparison:
    place_b = {image_id: i for i, image_id in enumerate(b.image_ids)}
    common = [(i, place_b[image_id]) for i, image_id in enumerate(a.image_ids) if image_id in place_b]
    if not common:
        raise OrposeError("A and B have no image in common")
    keep_a, keep_b = (np.array(side, np.int64) for side in zip(*common, strict=True))
    names = [name for name in a.statistics if name in b.statistics]
    mine = {name: a.statistics[name].restricted(keep_a) for name in names}
    other = {name: b.statistics[name].restricted(keep_b) for name in names}
    replicates_a = bootstrap(mine, len(common), draws, seed)
    replicates_b = bootstrap(other, len(common), draws, seed)
    return Comparison(
        a.label,
        b.label,
        len(common),
        len(a.image_ids) - len(common),
        len(b.image_ids) - len(common),
        [_difference(n, a, mine[n], other[n], replicates_b[n] - replicates_a[n], len(common)) for n in names],
    )


def _difference(
    name: str,
    result: Result,
    a: Ratio | AveragePrecision,
    b: Ratio | AveragePrecision,
    replicates: NDArray[np.float64],
    images: int,
) -> Difference:
    ones = np.ones(images)
    value_a, value_b = a.value(ones), b.value(ones)
    defined = value_a is not None and value_b is not None
    bounds = interval(replicates) if defined else None
    metric = result.metrics[name]
    return Difference(
        name,
        value_a,
        value_b,
        value_b - value_a if value_a is not None and value_b is not None else None,
        bounds[0] if bounds else None,
        bounds[1] if bounds else None,
        metric.unit,
        metric.better,
    )
