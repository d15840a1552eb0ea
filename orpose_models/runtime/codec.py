"""From the maps of the light student to persons and back, with numpy alone.

The network is a CenterNet: a person is a peak of the map of middles; there it says the person's box and roughly where
each joint is. Each joint is then looked for near that place in a heatmap, and cells around the peak say where exactly.

Places are in cells of `STRIDE` pixels, y before x; the cell in row r and column c begins at (r, c).
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike, NDArray

from orpose_models.vocabulary.similarity import SILHOUETTE, pose_oks
from orpose_models.vocabulary.skeletons import COCO17

STRIDE = 4

Floats = NDArray[np.float32]
_JOINTS = len(COCO17)
# The 3 x 3 cells around a cell, and which of them it is itself.
_AROUND_Y, _AROUND_X = (axis.ravel() for axis in np.mgrid[-1:2, -1:2])
_HERE = 4


class Answer(NamedTuple):
    """What the network says of one image of h x w cells, its peaks already chosen; b branches.

    Attributes:
        scores: (k,) of the peaks, 0..1, falling.
        cells: (k,) int64, where they are in the maps, row by row.
        boxes: (k, 4) what is said there of the person's box, in cells: height, width; y, x from the cell's place to
            the box's middle.
        regression: (k, 34) the same of its joints: y, x of each in turn, from the cell's place to where it roughly is.
        heatmaps: (b, 17, h, w) 0..1: whether the joint, anybody's, is in the cell.
        offsets: (b, 34, h, w) y and x of each joint in turn: from the cell's place to the joint in it, in cells.
    """

    scores: Floats
    cells: NDArray[np.int64]
    boxes: Floats
    regression: Floats
    heatmaps: Floats
    offsets: Floats


class Persons(NamedTuple):
    """The n persons of an image, best first, in pixels of the network's input.

    Attributes:
        boxes: (n, 4) x_min, y_min, x_max, y_max. scores: (n,) 0..1.
        keypoints: (1 + b, n, 17, 2) x, y and keypoint_scores: (1 + b, n, 17): first by the mean of the branches' maps,
            then by those of each branch.
    """

    boxes: Floats
    scores: Floats
    keypoints: Floats
    keypoint_scores: Floats


class Targets(NamedTuple):
    """Where in the maps a network has to say what, of n persons.

    Attributes:
        middles: (n, 2) int64 cell (row, column) of each person's middle.
        box_sizes, box_offsets: (n, 2) to be said there: height, width; from the cell's place to the middle.
        regression: (n, 17, 2) to be said there: from the cell's place to each joint; NaN where it is not known.
        cells: (n, 17, 2) int64 cell of each joint; -1 where it is not known or outside.
        offsets: (n, 17, 2) to be said there: from the cell's place to the joint.
    """

    middles: NDArray[np.int64]
    box_sizes: Floats
    box_offsets: Floats
    regression: Floats
    cells: NDArray[np.int64]
    offsets: Floats


@dataclass(frozen=True)
class Codec:
    """How maps and persons belong together.

    Attributes:
        pull: a joint's peak is looked for through a bell around the guess; its deviation is this share of the side of
            a square as large as the person's box, in cells, between `pull_least` and `pull_most`.
        reach: how many cells around the guess are looked at, in each direction.
        counts: score from which on a joint counts for its person's score.
        same: two persons more alike than this (OKS) are one.
    """

    pull: float = 0.2
    pull_least: float = 1.0
    pull_most: float = 4.0
    reach: int = 6
    counts: float = 0.127
    same: float = 0.6

    def decode(self, answer: Answer, min_score: float = 0.0) -> Persons:
        """The persons of an image.

        A person's score is the geometric mean of its middle's and of its joints' that count.

        Args:
            answer: the network's.
            min_score: persons of lower scores are left out.
        """
        # No score is higher than the root of the middle's.
        n = int(np.count_nonzero(answer.scores > max(min_score, 1e-3) ** 2))
        if n == 0:
            return _nobody(1 + len(answer.heatmaps))
        scores = answer.scores[:n]
        place = np.stack(np.divmod(answer.cells[:n], answer.heatmaps.shape[3]), axis=1).astype(np.float32)
        size, middle = np.maximum(answer.boxes[:n, :2], 0), place + answer.boxes[:n, 2:]
        boxes = np.concatenate([middle - size / 2, middle + size / 2], axis=1)
        guesses = place[:, None] + answer.regression[:n].reshape(-1, _JOINTS, 2)
        deviations = np.clip(self.pull * np.sqrt(size.prod(axis=1)), self.pull_least, self.pull_most)
        points, joint_scores = self._joints(guesses, deviations, answer.heatmaps, answer.offsets)
        counted = joint_scores[0] > self.counts
        mean = joint_scores[0].sum(axis=1, where=counted) / np.maximum(counted.sum(axis=1), 1)
        scores = np.sqrt(scores * mean).astype(np.float32)
        order = np.argsort(-scores, kind="stable")
        order = order[(scores[order] >= min_score) & (scores[order] > 0)]
        order = order[self._first_of_each(boxes[order], points[0, order])]
        return Persons(
            boxes[order][:, [1, 0, 3, 2]] * STRIDE,
            scores[order],
            points[:, order, :, ::-1] * STRIDE,
            joint_scores[:, order],
        )

    def encode(self, boxes: ArrayLike, keypoints: ArrayLike, known: ArrayLike, cells: tuple[int, int]) -> Targets:
        """What the maps have to say for `decode` to find these persons.

        Args:
            boxes: (n, 4) and keypoints: (n, 17, 2) in pixels of the network's input; middles are moved into the maps.
            known: (n, 17) bool, which keypoints are known.
            cells: rows and columns of the maps.
        """
        corners = np.asarray(boxes, np.float32).reshape(-1, 2, 2)[..., ::-1] / STRIDE
        points = np.asarray(keypoints, np.float32).reshape(-1, _JOINTS, 2)[..., ::-1] / STRIDE
        points = np.where(np.asarray(known, bool).reshape(-1, _JOINTS, 1), points, np.nan)
        limits = np.array(cells)
        middles = corners.mean(axis=1)
        at = np.clip(np.floor(middles), 0, limits - 1).astype(np.int64)
        place = np.floor(points)
        inside = (np.isfinite(place) & (place >= 0) & (place < limits)).all(axis=-1, keepdims=True)
        return Targets(
            middles=at,
            box_sizes=(corners[:, 1] - corners[:, 0]).astype(np.float32),
            box_offsets=(middles - at).astype(np.float32),
            regression=(points - at[:, None]).astype(np.float32),
            cells=np.where(inside, np.nan_to_num(place), -1).astype(np.int64),
            offsets=np.where(inside, points - place, np.nan).astype(np.float32),
        )

    def _joints(self, guesses: Floats, deviations: Floats, heatmaps: Floats, offsets: Floats) -> tuple[Floats, Floats]:
        """Points (1 + b, n, 17, 2) y, x in cells and scores (1 + b, n, 17): of the mean and of each branch."""
        height, width = heatmaps.shape[2:]
        n, joint = len(guesses), np.arange(_JOINTS)
        rows, columns = min(2 * self.reach + 1, height), min(2 * self.reach + 1, width)
        first = np.rint(guesses).astype(np.intp) - self.reach
        first = np.minimum(np.maximum(first, 0), [height - rows, width - columns])
        windows = sliding_window_view(heatmaps, (rows, columns), (2, 3))[:, joint, first[..., 0], first[..., 1]]
        windows = _with_mean(windows)
        away = (first - guesses).astype(np.float32)
        wide = deviations[:, None, None]
        bell = (
            _highest_one(away[..., :1] + np.arange(rows), wide)[..., None]
            * _highest_one(away[..., 1:] + np.arange(columns), wide)[..., None, :]
        )
        best = (windows * bell).reshape(len(windows), n, _JOINTS, rows * columns).argmax(axis=3)
        place = first + np.stack(np.divmod(best, columns), axis=-1)
        return _voted(place, guesses, deviations, heatmaps, offsets)

    def _first_of_each(self, boxes: Floats, points: Floats) -> NDArray[np.intp]:
        """Indices of the persons, best first, without those who are like a better one."""
        kept = np.ones(len(boxes), bool)
        areas = SILHOUETTE * np.prod(np.maximum(boxes[:, 2:] - boxes[:, :2], 1), axis=1)
        alike = pose_oks(points, areas, np.ones(points.shape[:2], bool), points) > self.same
        for i in range(len(boxes)):
            if kept[i]:
                kept[i + 1 :] &= ~alike[i, i + 1 :]
        return np.flatnonzero(kept)


def _nobody(sets: int) -> Persons:
    zeros = [np.zeros(shape, np.float32) for shape in ((0, 4), (0,), (sets, 0, _JOINTS, 2), (sets, 0, _JOINTS))]
    return Persons(*zeros)


def _with_mean(values: Floats) -> Floats:
    """(1 + b, ...) of (b, ...): the mean first."""
    return np.concatenate([values.mean(axis=0, keepdims=True), values])


def _at(maps: Floats, index: NDArray[np.intp]) -> Floats:
    """What maps (b, k, h, w) have at flat indices (1 + b, ...): in the mean at the first, then each at its own."""
    flat = maps.reshape(len(maps), -1)
    return np.stack([flat[:, index[0]].mean(axis=0), *(flat[i, own] for i, own in enumerate(index[1:]))])


def _voted(
    place: NDArray[np.intp], guesses: Floats, deviations: Floats, heatmaps: Floats, offsets: Floats
) -> tuple[Floats, Floats]:
    """Where the 3 x 3 cells around peaks (1 + b, n, 17, 2) say that the joint is, by what they show, and scores."""
    height, width = heatmaps.shape[2:]
    row = np.minimum(np.maximum(place[..., :1] + _AROUND_Y, 0), height - 1)
    column = np.minimum(np.maximum(place[..., 1:] + _AROUND_X, 0), width - 1)
    flat = row * width + column + (np.arange(_JOINTS) * (height * width))[:, None]
    shown = _at(heatmaps, flat)
    cells = np.stack([row, column], axis=-1)
    # The offsets' maps of a joint are two, y and x.
    flat = flat + (np.arange(_JOINTS) * (height * width))[:, None]
    said = cells + np.stack([_at(offsets, flat), _at(offsets, flat + height * width)], axis=-1)
    away = (cells - guesses[:, :, None]).astype(np.float32)
    wide = deviations[:, None, None]
    weight = shown * _bell(away[..., 0], wide) * _bell(away[..., 1], wide) + np.float32(1e-30)
    weight /= weight.sum(axis=-1, keepdims=True)
    return (said * weight[..., None]).sum(axis=-2), shown[..., _HERE]


def _bell(away: NDArray[np.floating], deviations: Floats, nearest: float | NDArray[np.floating] = 0.0) -> Floats:
    """At distances `away`; 1 at the distance whose square is `nearest`."""
    return np.exp((nearest - away**2) / (2 * deviations**2)).astype(np.float32)


def _highest_one(away: NDArray[np.floating], deviations: Floats) -> Floats:
    """The bell at distances (n, 17, k), its highest value 1: far outside the map, too, the nearest cells count most."""
    return _bell(away, deviations, (away**2).min(axis=-1, keepdims=True))
