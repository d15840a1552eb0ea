"""The model card beside a lifter's weights."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from orpose_models.files.disk import atomic_path, sha256
from orpose_models.vocabulary.skeletons import H36M17

_TEXT = """\
# Lifter: 2D keypoints to 3D joints

`{name}`, {megabytes:.1f} MB, SHA-256 `{digest}`

Two networks after Martinez et al. (ICCV 2017), hidden width {hidden}: COCO-17 keypoints with scores in, Human3.6M-17
joints relative to the pelvis out, in metres and the camera's optical axes. `gravity` is used when the camera's tilt is
known, `intrinsics` when it is not. Joint 9 (neck) repeats joint 10 (the middle of the ears).

## Data
Synthetic people only; no image and no motion capture. Bodies: 250 shapes of the mannequin-x figure (Apache-2.0).
Postures, cameras, occlusion and detector noise: `orpose_models/lifting/synthesis`. MVOR was not used for training;
`docs/lifter.md` lists every configuration that was evaluated on it, and what was known when one was chosen.

## Errors on held-out synthetic people (mean per joint, mm, flip averaging)
{table}

## Errors on real people
{evaluation}

## Limits
* One camera cannot tell a person's size: distance and size are an average adult's.
* Joints that are not seen are guesses; the scores of the keypoints say which.
* Adults who stand, lean, step or sit; people lying down were never shown.
* With gravity unknown and the camera neither level nor raised as in training, leaning is misjudged.
* Hips follow the definition in the settings below, not any one data set's.

## Rebuild
    {command}
Same seed and thread count on the same machine: the same numbers. Other machines and thread counts differ in rounding.

<details><summary>Settings</summary>

```json
{settings}
```
</details>
"""

NOT_MEASURED = "Not measured yet: `orpose evaluate lifter --mvor FOLDER`."


def write_card(path: Path, weights: Path, info: Mapping[str, Any], evaluation: str = NOT_MEASURED) -> None:
    """Write the card of a weights file whose `LifterWeights.info` is given."""
    settings = {form: entry["settings"] for form, entry in info.items()}
    first = next(iter(settings.values()))
    text = _TEXT.format(
        name=weights.name,
        megabytes=weights.stat().st_size / 1e6,
        digest=sha256(weights),
        hidden=first["hidden"],
        table=_table(info),
        evaluation=evaluation,
        command="orpose train-lifter "
        + " ".join(f"--{name} {first[name]}" for name in ("seed", "chunks", "chunk", "hidden")),
        settings=json.dumps(settings, indent=1),
    )
    with atomic_path(path) as temporary:
        temporary.write_text(text)


def _table(info: Mapping[str, Any]) -> str:
    columns = {
        f"{form}, {cameras} cameras": errors
        for form, entry in info.items()
        for cameras, errors in entry["synthetic_error_mm"].items()
    }
    lines = ["| joint | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    for index, joint in enumerate(H36M17.joints):
        if index:
            lines.append(f"| {joint} | " + " | ".join(f"{errors[index]:.0f}" for errors in columns.values()) + " |")
    means = (sum(errors[1:]) / (len(errors) - 1) for errors in columns.values())
    lines.append("| **mean** | " + " | ".join(f"**{mean:.1f}**" for mean in means) + " |")
    return "\n".join(lines)
