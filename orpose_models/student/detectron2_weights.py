"""Loads detectron2's COCO Keypoint R-CNN weights into the paper's student; all branches start from its one."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from torch import Tensor

from orpose_models.files.foreign_checkpoints import load_parameters, read_foreign_checkpoint
from orpose_models.model_format.student_config import SETS
from orpose_models.student.network import Student
from orpose_models.vocabulary.errors import OrposeError

# Entries of older files that newer networks compute from the configuration.
_DERIVED = ("proposal_generator.anchor_generator.", "pixel_mean", "pixel_std")
_NAMES = (
    (r"backbone\.bottom_up\.stem\.conv1\.norm", "backbone.body.bn1"),
    (r"backbone\.bottom_up\.stem\.conv1", "backbone.body.conv1"),
    (r"backbone\.bottom_up\.res(\d)\.(\d+)\.shortcut\.norm", lambda m: f"{_block(m)}.downsample.1"),
    (r"backbone\.bottom_up\.res(\d)\.(\d+)\.shortcut", lambda m: f"{_block(m)}.downsample.0"),
    (r"backbone\.bottom_up\.res(\d)\.(\d+)\.conv(\d)\.norm", lambda m: f"{_block(m)}.bn{m[3]}"),
    (r"backbone\.bottom_up\.res(\d)\.(\d+)\.conv(\d)", lambda m: f"{_block(m)}.conv{m[3]}"),
    (r"backbone\.fpn_lateral(\d)", lambda m: f"backbone.fpn.inner_blocks.{int(m[1]) - 2}.0"),
    (r"backbone\.fpn_output(\d)", lambda m: f"backbone.fpn.layer_blocks.{int(m[1]) - 2}.0"),
    (r"proposal_generator\.rpn_head\.conv", "proposals.head.conv.0.0"),
    (r"proposal_generator\.rpn_head\.objectness_logits", "proposals.head.cls_logits"),
    (r"proposal_generator\.rpn_head\.anchor_deltas", "proposals.head.bbox_pred"),
    (r"roi_heads\.box_head\.fc([12])", r"box_head.fc\1"),
    (r"roi_heads\.box_predictor\.(cls_score|bbox_pred)", r"box_head.\1"),
    (r"roi_heads\.keypoint_head\.conv_fcn(\d)", lambda m: f"keypoint_head.layers.{2 * int(m[1]) - 2}"),
    (r"roi_heads\.keypoint_head\.score_lowres", "keypoint_head.heatmaps.*"),
)


def load_detectron2_weights(student: Student, path: str | Path) -> None:
    """Load a `.pkl` or `.pth` file, without executing pickled code, into everything but the lifters.

    Raises:
        OrposeError: the file is missing, damaged or no Keypoint R-CNN R50-FPN; the student is unchanged.
    """
    renamed = rename_detectron2(read_foreign_checkpoint(path), path, student.config.branches)
    lifters = {name: tensor for name, tensor in student.state_dict().items() if name.startswith("lifters.")}
    load_parameters(student, {**renamed, **lifters}, path)


def rename_detectron2(
    tensors: Mapping[str, Tensor], source: str | Path, branches: Sequence[str] = SETS
) -> dict[str, Tensor]:
    """detectron2's parameters by the student's names.

    Raises:
        OrposeError: a name is not one of Keypoint R-CNN's.
    """
    renamed = {}
    for name, tensor in tensors.items():
        if name.startswith(_DERIVED):
            continue
        module, _, parameter = name.rpartition(".")
        for pattern, replacement in _NAMES:
            if match := re.fullmatch(pattern, module):
                ours = match.expand(replacement) if isinstance(replacement, str) else replacement(match)
                break
        else:
            raise OrposeError(f"{source}: {name} is not a parameter of detectron2's Keypoint R-CNN R50-FPN")
        for branch in branches if "*" in ours else ("",):
            renamed[f"{ours.replace('*', branch)}.{parameter}"] = tensor
    return renamed


def _block(match: re.Match[str]) -> str:
    return f"backbone.body.layer{int(match[1]) - 1}.{match[2]}"
