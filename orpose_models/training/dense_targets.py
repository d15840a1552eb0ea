"""What the one-stage student learns of an image: maps made of the start network's answer and the teacher's labels.

The frozen start network sees the image as it is and answers everywhere; the teacher's labels, of several looks,
decide where both differ. All maps are in cells, see `student.one_stage.Maps`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from orpose_models.student.one_stage import Maps
from orpose_models.training.scale_pairs import Scene

CELL = 4  # pixels
# Deviations of the bumps at centres and joints, in cells: those that the start network was trained with.
_BUMP, _SMALLEST_BUMP = 0.045, 0.8
# Within this share of a labelled person's box, about its middle, the label says where centres are.
_CORE = 0.3
# Around labelled persons, in shares of their boxes, the start network's joints are not denied.
_MARGIN = 0.1
# Where nobody is labelled but the start network is as sure as this, nothing is learned: the teacher may be wrong.
_DOUBTFUL = 0.6
# Joints of less confidence are not to be seen; those between this and the hard set's are neither learned nor denied
# by the hard branch.
_UNSEEN = 0.15
# What the teacher's label of a joint counts beside the start network's answer.
_TEACHER = 0.6
# What the start network's middles count where the teacher has none.
_OWN = 0.3
# Where a bump is lower, or the start network less sure, places are not learned.
_LOWEST_BUMP, _LOWEST_ANSWER = 0.3, 0.1
# Least height of a bump at a centre: a person is there, however low the teacher's score of it.
_SURE = 0.7


class Targets(NamedTuple):
    """What n images teach; all float32, in cells.

    Attributes:
        centre, centre_weight: (n, 1, h, w) probability, and what it counts.
        heatmaps: of each set (n, 17, h, w) probability.
        heat_weights: of each set (n, 17, h, w).
        boxes, box_weight: (n, 4, h, w) height, width, offset y, x; (n, 1, h, w).
        regression, regression_weight: (n, 17, 2, h, w) and (n, 17, 1, h, w).
        offsets, offset_weight: the same.
        sizes: (n, 1, h, w) longer side of the person's box.
    """

    centre: Tensor
    centre_weight: Tensor
    heatmaps: dict[str, Tensor]
    heat_weights: dict[str, Tensor]
    boxes: Tensor
    box_weight: Tensor
    regression: Tensor
    regression_weight: Tensor
    offsets: Tensor
    offset_weight: Tensor
    sizes: Tensor


class Answer(NamedTuple):
    """The start network's answer for one image, probabilities where `Maps` has logits.

    Attributes:
        centre: (1, h, w). heatmaps: (17, h, w). boxes: (4, h, w). regression, offsets: (17, 2, h, w).
    """

    centre: Tensor
    heatmaps: Tensor
    boxes: Tensor
    regression: Tensor
    offsets: Tensor

    def on(self, height: int, width: int) -> "Answer":
        """The same answer with so many cells: each is that of its highest one, places are where they were."""
        rows, columns = self.centre.shape[-2:]
        if (rows, columns) == (height, width):
            return self
        centre, of_middles = F.adaptive_max_pool2d(self.centre, (height, width), return_indices=True)
        heatmaps, of_joints = F.adaptive_max_pool2d(self.heatmaps, (height, width), return_indices=True)
        shrink = torch.tensor([height / rows, width / columns]).reshape(2, 1, 1)
        now = torch.stack(torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")).float()

        def at(values: Tensor, cells: Tensor) -> Tensor:
            return (
                values.flatten(-2)
                .gather(-1, cells.expand(*values.shape[:-2], -1, -1).flatten(-2))
                .unflatten(-1, (height, width))
            )

        def moved(places: Tensor, cells: Tensor) -> Tensor:
            before = torch.stack([cells // columns, cells % columns], dim=-3).float()
            return (at(places, cells.unsqueeze(-3)) + before) * shrink - now

        sizes, middles = at(self.boxes[:2], of_middles) * shrink, moved(self.boxes[2:], of_middles[0])
        regression = moved(self.regression, of_middles[0].expand(len(self.regression), -1, -1))
        offsets = moved(self.offsets, of_joints)
        return Answer(centre, heatmaps, torch.cat([sizes, middles]), regression, offsets)


def answers(maps: Maps) -> list[Answer]:
    """The answers of a network for each of n images; its branches are alike, so the first stands for all."""
    branch = next(iter(maps.heatmaps))
    return [
        Answer(*parts)
        for parts in zip(
            maps.centre.float().sigmoid(),
            maps.heatmaps[branch].float().sigmoid(),
            torch.cat([maps.box_sizes, maps.box_offsets], dim=1).float(),
            maps.regression.float().unflatten(1, (17, 2)),
            maps.offsets[branch].float().unflatten(1, (17, 2)),
            strict=True,
        )
    ]


@dataclass(frozen=True, eq=False)
class _Cells:
    """One image's labelled persons (p of them) in cells, y before x.

    Attributes:
        places: (2, h, w) of the cells.
        boxes: (p, 2, 2) least and greatest y, x. scores: (p,). middles: (p, 2). deviations: (p,) of bumps.
        joints: (p, 17, 2). soft, hard: (p, 17) confidences.
        bumps: (p, h, w) about the middles. joint_bumps: (p, 17, h, w).
    """

    places: Tensor
    boxes: Tensor
    scores: Tensor
    middles: Tensor
    deviations: Tensor
    joints: Tensor
    soft: Tensor
    hard: Tensor
    bumps: Tensor
    joint_bumps: Tensor

    @classmethod
    def of(cls, scene: Scene, height: int, width: int) -> "_Cells":
        places = torch.stack(torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")).float()
        boxes = torch.from_numpy(scene.boxes).unflatten(1, (2, 2)).flip(2) / CELL
        sides = boxes[:, 1] - boxes[:, 0]
        deviations = (_BUMP * sides.prod(dim=1).sqrt()).clamp(min=_SMALLEST_BUMP)
        middles = boxes.mean(dim=1)
        joints = torch.from_numpy(scene.keypoints).flip(2) / CELL
        soft, hard = (torch.from_numpy(scene.scores[name]) for name in ("soft", "hard"))
        return cls(
            places, boxes, torch.from_numpy(scene.box_scores), middles, deviations, joints, soft, hard,
            _bumps(middles, deviations, places), _bumps(joints, deviations[:, None], places),
        )  # fmt: skip

    def within(self, margin: float) -> Tensor:
        """(h, w) bool: in any box, made larger by a share of its sides."""
        return _within(self.boxes, margin, self.places)


def make_targets(start: Sequence[Answer], scenes: Sequence[Scene]) -> Targets:
    """What the images teach, from the start network's answers of the unreduced images and the labels."""
    each = [_targets(answer, scene) for answer, scene in zip(start, scenes, strict=True)]
    return Targets(*(_stack(column) for column in zip(*each, strict=True)))  # type: ignore[arg-type]


def _targets(start: Answer, scene: Scene) -> Targets:
    height, width = (side // CELL for side in scene.image.shape[1:])
    start = start.on(height, width)
    cells = _Cells.of(scene, height, width)
    known = cells.within(_MARGIN)
    doubtful = ~known & _surroundings(start.centre[0] >= _DOUBTFUL) & (not scene.nobody)
    ignored = _within(torch.from_numpy(scene.ignored).unflatten(1, (2, 2)).flip(2) / CELL, 0.0, cells.places)
    learned = ~doubtful & ~(ignored & ~known)
    start_centre = start.centre[0] * known
    centre, centre_weight = _centres(start_centre, cells, learned)
    heatmaps, heat_weights = _heatmaps(start.heatmaps * known, cells, learned)
    boxes, box_weight, sizes, nearest = _boxes(start, start_centre, cells)
    regression, regression_weight = _regression(start, start_centre, cells, nearest)
    offsets, offset_weight = _offsets(start, start.heatmaps * known)
    return Targets(
        centre[None], centre_weight[None], heatmaps, heat_weights, boxes, box_weight[None], regression,
        regression_weight, offsets, offset_weight, sizes[None],
    )  # fmt: skip


def _centres(start: Tensor, cells: _Cells, learned: Tensor) -> tuple[Tensor, Tensor]:
    """The labels' bumps about the middles of persons, the start's answer elsewhere in their boxes, nobody outside."""
    core = _within(cells.boxes, _CORE - 0.5, cells.places)
    height = (0.5 + cells.scores).clamp(_SURE, 1.0)
    bumps = _highest(cells.bumps * height[:, None, None])
    return torch.maximum(bumps, start.masked_fill(core, 0.0)), (learned | core).float()


def _heatmaps(start: Tensor, cells: _Cells, learned: Tensor) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """The labels' bumps of each set, mixed with the start's answer; nothing where nobody is."""
    soft = _highest(cells.joint_bumps * cells.soft[:, :, None, None])
    in_hard = cells.hard > 0
    hard = _highest(cells.joint_bumps * in_hard[:, :, None, None])
    open_ = (cells.soft >= _UNSEEN) & ~in_hard
    denied = 1 - _highest(cells.joint_bumps * open_[:, :, None, None])
    weight = learned.float().expand_as(soft)
    targets = {name: _TEACHER * bumps + (1 - _TEACHER) * start for name, bumps in (("soft", soft), ("hard", hard))}
    return targets, {"soft": weight, "hard": weight * torch.maximum(denied, hard)}


def _boxes(start: Answer, start_centre: Tensor, cells: _Cells) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Boxes (4, h, w), what they count and longer sides (h, w), and the person that each cell is of (-1: none)."""
    best, nearest = torch.cat([torch.full_like(start_centre[None], _LOWEST_BUMP), cells.bumps]).max(dim=0)
    person = nearest - 1
    labelled = person >= 0
    weight = torch.where(labelled, best, _OWN * start_centre * (start_centre > _LOWEST_ANSWER))
    if not len(cells.boxes):
        return start.boxes, weight, start.boxes[:2].amax(dim=0), person
    chosen = person.clamp(min=0)
    sides = (cells.boxes[:, 1] - cells.boxes[:, 0])[chosen].permute(2, 0, 1)
    boxes = torch.cat([sides, cells.middles[chosen].permute(2, 0, 1) - cells.places])
    boxes = torch.where(labelled, boxes, start.boxes)
    return boxes, weight, boxes[:2].amax(dim=0), person


def _regression(start: Answer, start_centre: Tensor, cells: _Cells, person: Tensor) -> tuple[Tensor, Tensor]:
    """From centres' cells to joints (17, 2, h, w), and what they count (17, 1, h, w)."""
    own = _OWN * start_centre * (start_centre > _LOWEST_ANSWER)
    if not len(cells.boxes):
        return start.regression, own.expand(17, 1, -1, -1)
    chosen = person.clamp(min=0)
    joints = cells.joints[chosen].permute(2, 3, 0, 1) - cells.places
    confidence = cells.soft[chosen].permute(2, 0, 1)
    bump = cells.bumps.gather(0, chosen[None])[0]
    seen = (person >= 0) & (confidence >= _UNSEEN)
    weight = torch.where(seen, bump * confidence, own)
    return torch.where(seen[:, None], joints, start.regression), weight[:, None]


def _offsets(start: Answer, start_heat: Tensor) -> tuple[Tensor, Tensor]:
    """From joints' cells to joints (17, 2, h, w), and what they count (17, 1, h, w): the start network's alone.

    It was trained with annotated places, exact to parts of a cell; the teacher's are not, and would blur them.
    """
    return start.offsets, (start_heat * (start_heat > _LOWEST_ANSWER))[:, None]


def _bumps(middles: Tensor, deviations: Tensor, places: Tensor) -> Tensor:
    """(..., h, w) bumps, 1 in the cells of (..., 2) middles, with deviations (...)."""
    cells = middles.floor()
    rows = (places[0, :, 0] - cells[..., 0, None]) / deviations[..., None]
    columns = (places[1, 0] - cells[..., 1, None]) / deviations[..., None]
    return torch.exp(-0.5 * rows.square())[..., None] * torch.exp(-0.5 * columns.square())[..., None, :]


def _within(boxes: Tensor, margin: float, places: Tensor) -> Tensor:
    """(h, w) bool: whether a cell's middle is in any of (p, 2, 2) boxes, larger by a share of their sides each way."""
    room = margin * (boxes[:, 1] - boxes[:, 0])
    low, high = boxes[:, 0] - room, boxes[:, 1] + room
    rows, columns = places[0, :, 0] + 0.5, places[1, 0] + 0.5
    in_rows = (rows >= low[:, :1]) & (rows <= high[:, :1])
    in_columns = (columns >= low[:, 1:]) & (columns <= high[:, 1:])
    return (in_rows[:, :, None] & in_columns[:, None, :]).any(dim=0)


def _surroundings(mask: Tensor) -> Tensor:
    """(h, w) bool: within four cells of where the mask is set."""
    return F.max_pool2d(mask.float()[None], 9, 1, 4)[0] > 0


def _highest(maps: Tensor) -> Tensor:
    """The highest of p maps; 0 if there is none."""
    return torch.cat([torch.zeros_like(maps[:1]) if len(maps) else maps.new_zeros(1, *maps.shape[1:]), maps]).amax(0)


def _stack(column: Sequence[Tensor | Mapping[str, Tensor]]) -> Tensor | dict[str, Tensor]:
    if isinstance(column[0], Tensor):
        return torch.stack(column)  # type: ignore[arg-type]
    return {name: torch.stack([part[name] for part in column]) for name in column[0]}  # type: ignore[index, union-attr]
