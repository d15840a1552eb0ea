"""`orpose export`: a trained student as a folder that runs without torch."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from orpose_models.cli.console import new_console
from orpose_models.files.disk import require_new
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.installing import needed_for

if TYPE_CHECKING:
    from orpose_models.model_format.manifest import Manifest

console = new_console(stderr=True)


def export(
    checkpoint: Annotated[Path, typer.Argument(help="A student's weights, FILE.safetensors, made by orpose train.")],
    out: Annotated[
        Path | None, typer.Option(help="The new folder; its name becomes the model's (default: out/models/NAME).")
    ] = None,
    images: Annotated[
        list[Path] | None, typer.Option(help="More images, folders or videos to compare engines on; may be repeated.")
    ] = None,
    calibration: Annotated[
        Path | None, typer.Option(help="Calibration of keypoint scores, made by orpose evaluate calibrate.")
    ] = None,
    change: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            help="Use the weights with another setting, such as short_side=224; repeatable.",
        ),
    ] = None,
) -> None:
    """Export a student to ONNX graphs for ONNX Runtime and OpenVINO; OUT is a model for --model of the other commands.

    What the engines compute is compared with torch on real footage; if it is not the same, nothing is written.
    """
    with needed_for("exporting", "train"):
        import torch
    from orpose_models.model_format.score_calibration import Calibration
    from orpose_models.student.export import export_student, parity_images

    out = out or Path("out/models") / checkpoint.stem
    require_new(out)
    changes = dict(_setting(text) for text in change or [])
    fitted = Calibration.load(calibration) if calibration else None
    torch.set_num_threads(1)
    with console.status("exporting") as status:
        manifest = export_student(
            checkpoint,
            out,
            parity_images(images or []),
            fitted,
            changes,
            lambda message: status.update(message),
        )
    new_console().print(_table(manifest))
    size = sum(path.stat().st_size for path in out.iterdir()) / 1e6
    console.print(f"{size:.1f} MB -> {out}", soft_wrap=True)


def _setting(text: str) -> tuple[str, Any]:
    import yaml

    name, equals, value = text.partition("=")
    try:
        if equals:
            return name, yaml.safe_load(value)
    except yaml.YAMLError:
        pass
    raise OrposeError(f"--set {text!r}: expected NAME=VALUE, such as short_side=224")


def _table(manifest: "Manifest") -> Table:
    table = Table("compared with torch", "boxes, px", "keypoints, px", "3D, mm", "the same")
    rows = dict(manifest.parity["engines"])
    rows["the weights before rounding"] = manifest.parity["weights_before_rounding"]
    for name, row in rows.items():
        figures = [row[key] for key in ("boxes_px", "keypoints_px", "joints_mm")]
        same = min(row["share_within"].values())
        table.add_row(name, *("-" if figure is None else f"{figure:.3g}" for figure in figures), f"{same:.1%}")
    table.caption = (
        f"99 % of {manifest.parity['persons']} persons and of their joints differ by at most this much; "
        "-: fewer were found by both"
    )
    return table
