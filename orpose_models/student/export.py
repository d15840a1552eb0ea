"""From a trained student's weights to a folder that runs without torch (`runtime.parts`)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError

from orpose_models.datasets.frames import open_frames
from orpose_models.files.assets import asset
from orpose_models.files.disk import atomic_folder, sha256, without_folders, write_json
from orpose_models.files.validation import layout_error
from orpose_models.model_format.engines import ENGINES, EVERYWHERE
from orpose_models.model_format.manifest import MANIFEST, QUANTISED, WEIGHTS, Manifest, files_of, graphs_of
from orpose_models.model_format.score_calibration import INFO_KEY, Calibration
from orpose_models.model_format.student_config import OneStageConfig
from orpose_models.runtime.engine_loading import load_graphs
from orpose_models.runtime.graph import Graph
from orpose_models.runtime.parity import NOBODY, SHARE, Differences, compare, looks
from orpose_models.runtime.student import RuntimeStudent, student_of
from orpose_models.student.graphs import build_graphs, torch_graphs
from orpose_models.student.one_stage import OneStageStudent
from orpose_models.student.quantise import Inputs, quantise
from orpose_models.student.stored_weights import write_graph
from orpose_models.student.weights import load_student, save_student
from orpose_models.vocabulary.errors import OrposeError

CAMERAS = ("cam01", "cam02", "cam03")
FRAMES = 3
# Settings that say how weights are used, not what they are.
IN_USE = ("short_side", "long_side", "small_images", "glance", "max_persons")


def export_student(
    checkpoint: str | Path,
    out: str | Path,
    images: Sequence[NDArray[np.uint8]],
    calibration: Calibration | None = None,
    changes: Mapping[str, Any] | None = None,
    report: Callable[[str], None] = lambda message: None,
) -> Manifest:
    """Write a folder that runs without torch, after checking on real images that its engines compute what torch does.

    Args:
        checkpoint: a light student's safetensors file. Its weights are rounded to half precision.
        out: the folder, which must not exist; its name becomes the model's.
        images: (h, w, 3) BGR to compare engines on.
        calibration: of keypoint scores; the checkpoint's own if None.
        changes: settings by name that are to differ from the checkpoint's; those of `IN_USE`.
        report: told what is being done.

    Raises:
        OrposeError: no light student, or an engine computes something else; nothing is left behind.
    """
    out = Path(out)
    original, info = load_student(checkpoint)
    if not isinstance(original, OneStageStudent):
        raise OrposeError(f"{checkpoint}: only light students can be exported; the paper's runs on torch")
    original = _with_settings(original, changes or {})
    info = without_folders({**info, "checkpoint_sha256": sha256(checkpoint)})
    if calibration is not None:
        info[INFO_KEY] = calibration.model_dump()
    with atomic_folder(out) as folder:
        folder.mkdir()
        save_student(folder / WEIGHTS, original, info, half=True)
        rounded, _ = load_student(folder / WEIGHTS)
        report("making the graphs")
        graphs = build_graphs(rounded)
        for name, graph in graphs.items():
            write_graph(folder / f"{name}.onnx", graph, folder / WEIGHTS)
        manifest = Manifest(name=out.name, config=rounded.config, info=info, files={})
        report("quantising")
        examples = _examples(_model(manifest, load_graphs("onnxruntime", folder, tuple(graphs), 1)), images)
        for name in graphs.keys() & set(QUANTISED):
            write_graph(folder / f"{name}-int8.onnx", quantise(graphs[name], examples[name]), folder / WEIGHTS)
        report("comparing the engines")
        parity = _check(folder, manifest, rounded, original, images)
        files = {name: sha256(folder / name) for name in files_of(rounded.config)}
        manifest = manifest.model_copy(update={"parity": parity, "files": files})
        write_json(folder / MANIFEST, manifest.model_dump(mode="json"), indent=1)
    return manifest


def _model(manifest: Manifest, graphs: Mapping[str, Graph]) -> RuntimeStudent:
    return student_of(manifest, "", "", graphs)


def _with_settings(student: OneStageStudent, changes: Mapping[str, Any]) -> OneStageStudent:
    """The same weights, used with other settings."""
    if unknown := changes.keys() - set(IN_USE):
        raise OrposeError(f"{', '.join(sorted(unknown))} cannot be changed at export; {', '.join(IN_USE)} can")
    try:
        config = TypeAdapter(OneStageConfig).validate_python({**asdict(student.config), **changes})
    except ValidationError as error:
        raise layout_error("--set", error) from None
    other = OneStageStudent(config)
    other.load_state_dict(student.state_dict())
    return other.eval()


def parity_images(paths: Sequence[Path] = ()) -> list[NDArray[np.uint8]]:
    """Real images to compare engines on: some of three cameras of the fetched footage, and all of the given paths.

    Raises:
        OrposeError: the footage is not fetched, or a path holds no image.
    """
    chosen: list[NDArray[np.uint8]] = []
    for camera in CAMERAS:
        source = open_frames(asset("multiperson") / f"{camera}.mp4")
        frames = source.frames(max(1, len(source) // FRAMES))
        chosen += [frame.image for frame, _ in zip(frames, range(FRAMES), strict=False)]
    return [*chosen, *(frame.image for path in paths for frame in open_frames(path).frames())]


def _examples(model: RuntimeStudent, images: Sequence[NDArray[np.uint8]]) -> dict[str, list[Inputs]]:
    """What each graph is given when the model sees the images, as they are and reduced."""
    given: dict[str, list[Inputs]] = {name: [] for name in model.graphs}

    def noting(name: str, graph: Graph) -> Graph:
        def run(*arrays: NDArray[np.float32]) -> Sequence[NDArray[np.float32]]:
            given[name].append([array.copy() for array in arrays])
            return graph(*arrays)

        return run

    noted = replace(model, graphs={name: noting(name, graph) for name, graph in model.graphs.items()})
    for image in images:
        for seen in looks(image):
            noted.predict(seen, image.shape[1::-1])
    if not given["lifters"]:
        raise OrposeError(NOBODY)
    return given


def _check(
    folder: Path,
    manifest: Manifest,
    rounded: OneStageStudent,
    original: OneStageStudent,
    images: Sequence[NDArray[np.uint8]],
) -> dict[str, Any]:
    engines = [name for name in EVERYWHERE if ENGINES[name].installed]
    models = [_model(manifest, load_graphs(name, folder, graphs_of(manifest.config), 1)) for name in engines]
    reference, before = (_model(manifest, torch_graphs(student)) for student in (rounded, original))
    *differences, rounding = compare(reference, [*models, before], images)
    for name, difference in zip(engines, differences, strict=True):
        if ENGINES[name].exact:
            _accept(name, difference)
    return {
        "images": len(images),
        "persons": len(rounding.boxes),
        "engines": {name: found.summary() for name, found in zip(engines, differences, strict=True)},
        "weights_before_rounding": rounding.summary(),
    }


def _accept(engine: str, difference: Differences) -> None:
    worst = min(difference.shares, key=lambda name: difference.shares[name])
    if difference.shares[worst] < SHARE:
        summary = difference.summary()
        raise OrposeError(
            f"{engine} does not compute what torch does: {difference.shares[worst]:.1%} of the {worst} are the same "
            f"(99 % differ by at most {summary['boxes_px']} px in boxes, {summary['keypoints_px']} px in keypoints, "
            f"{summary['joints_mm']} mm in 3D); nothing was written"
        )
