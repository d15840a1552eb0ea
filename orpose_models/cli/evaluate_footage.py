"""`orpose evaluate footage`: the 3D error on the multi-person demo footage, against triangulation."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from orpose_models.cli.console import new_console
from orpose_models.cli.progress import progress_bar

if TYPE_CHECKING:
    from orpose_models.datasets.multiview import PlacedCamera
    from orpose_models.evaluation.footage import FootagePairs
    from orpose_models.poses import Poses
    from orpose_models.runtime.model import PoseModel


def evaluate_footage(
    model: Annotated[str, typer.Option(help="Which model; `orpose models` lists them.")] = "teacher",
    moments: Annotated[int, typer.Option(min=1, max=100, help="How many moments, spread over the footage.")] = 20,
    gravity: Annotated[bool, typer.Option(help="Tell the lifter the cameras' tilt.")] = True,
    out: Annotated[Path | None, typer.Option(help="Write the numbers as JSON.")] = None,
    threads: Annotated[int | None, typer.Option(min=1, help="How many threads to use [default: all cores].")] = None,
) -> None:
    """Measure 3D error on real people: the packaged footage of four calibrated cameras.

    Each camera's predictions are compared with the triangulation of the three others' 2D keypoints.
    """
    from orpose_models.assets import asset
    from orpose_models.datasets.multiview import read_qualisys
    from orpose_models.evaluation.footage import CONVENTIONS, pair_footage
    from orpose_models.files import write_json
    from orpose_models.runtime.model import load_model

    folder = asset("multiperson")
    cameras = read_qualisys(folder / "Calib.qca.txt")
    poses = _predict(folder, cameras, load_model(model, threads), moments, gravity)
    pairs = pair_footage(cameras, poses)
    console = new_console()
    console.print(
        f"model {model}, {moments} moments, {len(cameras)} cameras, gravity {'known' if gravity else 'unknown'}"
    )
    report = _report(pairs, cameras)
    console.print(_table(report))
    console.print(f"persons paired {len(pairs.mask)}, in view but not found {pairs.missed}")
    if out is not None:
        write_json(
            out, {"model": model, "moments": moments, "gravity": gravity, "conventions": CONVENTIONS, **report}, 1
        )


def _predict(
    folder: Path, cameras: "list[PlacedCamera]", model: "PoseModel", moments: int, gravity: bool
) -> "list[list[Poses]]":
    from orpose_models.datasets.frames import open_frames
    from orpose_models.runtime.pipeline import Pipeline

    pipeline = Pipeline(model)
    sources = [open_frames(folder / f"{view.name}.mp4") for view in cameras]
    stride = max(1, min(len(source) for source in sources) // moments)
    poses: list[list[Poses]] = [[] for _ in range(moments)]
    with progress_bar(new_console(stderr=True)) as progress:
        task = progress.add_task("poses", total=moments * len(cameras))
        for view, source in zip(cameras, sources, strict=True):
            camera = view.camera if gravity else view.camera.with_gravity(None)
            for row, frame in zip(poses, source.frames(stride), strict=False):
                row.append(pipeline.process(frame.image, camera).poses)
                progress.update(task, advance=1)
    return [row for row in poses if len(row) == len(cameras)]


def _report(pairs: "FootagePairs", cameras: "list[PlacedCamera]") -> dict:
    import numpy as np

    from orpose_models.skeletons import H36M17

    def mean_mm(errors: "np.ndarray") -> float | None:
        return round(float(np.nanmean(errors)) * 1000, 1) if np.isfinite(errors).any() else None

    root, scale, rigid = (pairs.errors(a) for a in ("root", "scale", "procrustes"))
    known = np.isfinite(pairs.roots_predicted).all(axis=1)
    distance = np.linalg.norm(pairs.roots_predicted - pairs.roots_truth, axis=1)[known]
    return {
        "pairs": len(pairs.mask),
        "missed": pairs.missed,
        "mpjpe_mm": mean_mm(root),
        "n_mpjpe_mm": mean_mm(scale),
        "pa_mpjpe_mm": mean_mm(rigid),
        "per_joint_mm": {joint: mean_mm(root[:, i]) for i, joint in enumerate(H36M17.joints) if i},
        "per_camera_mm": {view.name: mean_mm(root[pairs.cameras == i]) for i, view in enumerate(cameras)},
        "root_known": int(known.sum()),
        "root_error_median_mm": round(float(np.median(distance)) * 1000, 1) if known.any() else None,
    }


def _table(report: dict) -> Table:
    table = Table("error", "mm")
    for key, name in (("mpjpe_mm", "MPJPE"), ("n_mpjpe_mm", "N-MPJPE"), ("pa_mpjpe_mm", "PA-MPJPE")):
        table.add_row(name, str(report[key]))
    table.add_row(f"root position, median of {report['root_known']}", str(report["root_error_median_mm"]))
    table.add_section()
    for group in ("per_camera_mm", "per_joint_mm"):
        for name, value in report[group].items():
            table.add_row(name, str(value))
        table.add_section()
    return table
