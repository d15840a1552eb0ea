"""Figures as functions of how often each image counts: what confidence intervals and paired comparisons need.

A statistic holds what every image contributes. With all weights one it gives the figure itself; with the
weights of images drawn with replacement, a bootstrap replicate of it (Efron 1979).
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

RECALL_LEVELS = np.linspace(0.0, 1.0, 101)  # COCO's
IOU_THRESHOLDS = np.linspace(0.5, 0.95, 10)  # COCO's
_ROWS = 64  # bootstrap draws at a time


class Ratio(BaseModel):
    """scale x (sum of one number over the images) / (sum of another).

    Attributes:
        numerator, denominator: one number per image.
        scale: 1000 turns metres into millimetres.
    """

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)
    kind: Literal["ratio"] = "ratio"
    numerator: list[float]
    denominator: list[float]
    scale: float = 1.0

    def value(self, weights: NDArray[np.floating]) -> float | None:
        """The figure for these weights (images,); None if nothing counts."""
        bottom = float(np.dot(weights, self.denominator))
        return float(np.dot(weights, self.numerator)) / bottom * self.scale if bottom > 0 else None

    def values(self, weights: NDArray[np.floating]) -> NDArray[np.float64]:
        """The figures (rows,) for rows of weights (rows, images); NaN where nothing counts."""
        bottom = weights @ np.asarray(self.denominator)
        top = weights @ np.asarray(self.numerator)
        return np.divide(top, bottom, out=np.full(len(weights), np.nan), where=bottom > 0) * self.scale

    def restricted(self, keep: NDArray[np.int64]) -> "Ratio":
        """The same of some images only, by position, in that order."""
        return Ratio(
            numerator=[self.numerator[i] for i in keep],
            denominator=[self.denominator[i] for i in keep],
            scale=self.scale,
        )


class AveragePrecision(BaseModel):
    """COCO's average precision or recall.

    Attributes:
        images: for each detection the position of its image in the list of images.
        scores: its score.
        true, ignored: bit t is set if it found somebody / does not count at `IOU_THRESHOLDS`[t].
        persons: number of persons to be found, per image.
        thresholds: which of `IOU_THRESHOLDS` are averaged.
        recall: average the largest recall instead of the precision.
    """

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)
    kind: Literal["average_precision"] = "average_precision"
    images: list[int]
    scores: list[float]
    true: list[int]
    ignored: list[int]
    persons: list[int]
    thresholds: list[int]
    recall: bool = False

    def value(self, weights: NDArray[np.floating]) -> float | None:
        """The figure for these weights (images,); None if there is nobody to be found."""
        result = float(self.values(np.asarray(weights)[None])[0])
        return result if np.isfinite(result) else None

    def values(self, weights: NDArray[np.floating]) -> NDArray[np.float64]:
        """The figures (rows,) for rows of weights (rows, images); NaN where there is nobody to be found."""
        order = np.argsort(-np.asarray(self.scores, np.float64), kind="mergesort")
        images = np.asarray(self.images, np.int64)[order]
        bits = 1 << np.array(self.thresholds)
        true = (np.asarray(self.true, np.int64)[order] & bits[:, None]) > 0
        counts = (np.asarray(self.ignored, np.int64)[order] & bits[:, None]) == 0
        persons = np.asarray(self.persons, np.float64)
        columns = [np.flatnonzero(row) for row in counts]
        hits = [row[column].astype(np.float64) for row, column in zip(true, columns, strict=True)]
        result = np.full(len(weights), np.nan)
        for i, row in enumerate(weights):
            wanted = float(row @ persons)
            if wanted > 0:
                each = row[images]
                result[i] = np.mean(
                    [self._at(each[column], hit, wanted) for hit, column in zip(hits, columns, strict=True)]
                )
        return result

    def restricted(self, keep: NDArray[np.int64]) -> "AveragePrecision":
        """The same of some images only, by position, in that order."""
        place = {int(old): new for new, old in enumerate(keep)}
        rows = sorted((i for i, image in enumerate(self.images) if image in place), key=lambda i: place[self.images[i]])
        return AveragePrecision(
            images=[place[self.images[i]] for i in rows],
            scores=[self.scores[i] for i in rows],
            true=[self.true[i] for i in rows],
            ignored=[self.ignored[i] for i in rows],
            persons=[self.persons[i] for i in keep],
            thresholds=self.thresholds,
            recall=self.recall,
        )

    def _at(self, weights: NDArray[np.float64], hits: NDArray[np.float64], wanted: float) -> float:
        if not len(hits):
            return 0.0
        found = np.cumsum(weights * hits)
        recalls = found / wanted
        if self.recall:
            return float(recalls[-1])
        precision = found / np.maximum(np.cumsum(weights), np.spacing(1))
        envelope = np.maximum.accumulate(precision[::-1])[::-1]
        at = np.searchsorted(recalls, RECALL_LEVELS, side="left")
        return float(envelope[at[at < len(envelope)]].sum() / len(RECALL_LEVELS))


Statistic = Annotated[Ratio | AveragePrecision, Field(discriminator="kind")]


def interval(values: Sequence[float] | NDArray[np.float64], level: float = 0.95) -> tuple[float, float] | None:
    """Percentile interval of bootstrap replicates; None with fewer than two that are defined."""
    finite = np.asarray(values, np.float64)
    finite = finite[np.isfinite(finite)]
    if len(finite) < 2:
        return None
    low, high = np.quantile(finite, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def bootstrap(
    statistics: Mapping[str, Ratio | AveragePrecision], images: int, draws: int, seed: int
) -> dict[str, NDArray[np.float64]]:
    """Replicates (draws,) of every statistic; the same seed draws the same images for all of them.

    The weights are made a few rows at a time, so that the memory does not grow with the draws.
    """
    generator = np.random.default_rng(seed)
    probabilities = np.full(images, 1 / images)
    parts: dict[str, list[NDArray[np.float64]]] = {name: [] for name in statistics}
    for start in range(0, draws, _ROWS):
        rows = min(_ROWS, draws - start)
        weights = generator.multinomial(images, probabilities, size=rows).astype(np.float64)
        for name, statistic in statistics.items():
            parts[name].append(statistic.values(weights))
    return {name: np.concatenate([np.empty(0), *rows]) for name, rows in parts.items()}
