"""`orpose teach`: pseudo-labels for unlabelled images."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orpose_models.cli.console import new_console, say
from orpose_models.cli.progress import progress_bar
from orpose_models.files.worker_process import obey_parent
from orpose_models.vocabulary.errors import OrposeError

if TYPE_CHECKING:
    from multiprocessing import Queue

    from orpose_models.datasets.camera_file import View
    from orpose_models.training.labels import LabelSet
    from orpose_models.training.teaching import Paths, Shard

console = new_console(stderr=True)
_counts: "Queue[int] | None" = None


def teach(
    source: Annotated[
        list[Path], typer.Argument(metavar="DATASET...", help="Folders of images, videos, bags, simulated splits.")
    ],
    out: Annotated[Path | None, typer.Option(help="The file of labels (default: out/labels/NAME/labels.json).")] = None,
    teacher: Annotated[str, typer.Option(help="Which teacher; `orpose models` lists them.")] = "teacher",
    accept: Annotated[float, typer.Option(min=0, max=1, help="Score from which on a person is taken to be there.")] = (
        0.3
    ),
    hard_threshold: Annotated[
        float | None, typer.Option(min=0, max=1, help="Keypoint score of the hard set (default: the teacher's).")
    ] = None,
    stride: Annotated[int, typer.Option(min=1, help="Take every n-th image.")] = 1,
    at_most: Annotated[
        int | None, typer.Option(min=1, help="Take at most this many images of each dataset, evenly.")
    ] = None,
    topic: Annotated[
        list[str] | None, typer.Option(help="Image topic of bags; may be repeated (default: all image topics).")
    ] = None,
    camera: Annotated[
        Path | None,
        typer.Option(
            help="Intrinsics where the dataset has none: camera_calibration's YAML, or a .qca.txt with cameras of "
            "the datasets' names."
        ),
    ] = None,
    pitch: Annotated[
        float | None, typer.Option(min=-90, max=90, help="Degrees the camera looks down, where that is not known.")
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes; each uses one thread if there are several.")] = 1,
    shard: Annotated[
        str | None, typer.Option(metavar="I/N", help="Do part I (from 0) of N, here; torchrun sets it by itself.")
    ] = None,
) -> None:
    """Let a teacher label images: soft and hard labels, in 2D and 3D, in one file.

    Interrupted in any way, the same command goes on where it stopped. Parts of the work may be done by several
    processes or machines that share the folder: the one that finishes last writes the file and its summary.
    """
    from orpose_models.training.image_source import Choice
    from orpose_models.training.sources import open_sources
    from orpose_models.training.teaching import Paths, Shard, claimed, merge_shards, set_aside

    paths = Paths(out or Path("out/labels") / source[0].resolve().stem / "labels.json")
    choices = [Choice(_view(path, camera, pitch), stride, at_most, tuple(topic or ())) for path in source]
    sources = open_sources(source, paths.frames, choices)
    for note in dict.fromkeys(note for opened in sources for note in opened.notes):
        say(console, "note", note)
    model = _load(teacher, hard_threshold, 1)
    settings = {
        "teacher": model.name,
        "teacher_sha256": model.sha256,
        "engine": model.engine,
        "hard_threshold": model.hard_threshold,
        "person_threshold": model.person_threshold,
        "sources": [s.settings() for s in sources],
    }
    part = _part(shard)
    parts = [Shard(part.index * workers + i, part.count * workers) for i in range(workers)]
    result: tuple[LabelSet, list[str]] | None
    with claimed(paths, parts):
        if paths.labels.exists():
            result = _finished(paths, settings, accept), []
        else:
            for reason in set_aside(paths, settings):
                say(console, "note", reason)
            with progress_bar(console) as progress:
                total = sum(len(range(p.index, s.count, p.count)) for s in sources for p in parts)
                task = progress.add_task("labels", total=total)
                arguments = (source, choices, paths, teacher, hard_threshold, settings)
                _run(parts, arguments, lambda count: progress.advance(task, count))
            info = {"accept": accept, "teacher": model.name}
            result = merge_shards(sources, paths, settings, parts[0].count, info)
    if result is None:
        console.print("this part is done; the last part to finish writes the labels")
        return
    labels, problems = result
    _finish(paths, labels, [*(what for opened in sources for what in opened.left_out), *problems])


def _finished(paths: "Paths", settings: dict[str, Any], accept: float) -> "LabelSet":
    """The labels that are there, with another limit."""
    from orpose_models.training.contents import difference
    from orpose_models.training.labels import LabelSet

    labels = LabelSet.load(paths.labels)
    if how := difference(labels.info.get("settings"), _plain(settings)):
        raise OrposeError(f"{paths.labels}: exists, made {how}; remove it or choose another --out")
    labels.info["accept"] = accept
    labels.save(paths.labels)
    return labels


def _finish(paths: "Paths", labels: Any, problems: list[str]) -> None:
    from orpose_models.training.label_summary import write_summary

    counts = write_summary(paths.labels.parent / "summary", labels, problems)
    for problem in problems:
        say(console, "not read", problem)
    console.print(
        f"{counts['persons_accepted']} persons accepted, {counts['persons_rejected']} rejected in "
        f"{counts['images']} images ({counts['images_without_accepted_person']} without anybody); "
        f"{counts['keypoints_hard']} of {counts['keypoints_soft']} keypoints in the hard set",
        soft_wrap=True,
    )
    console.print(f"{paths.labels}, pictures and histograms in {paths.labels.parent / 'summary'}", soft_wrap=True)
    if problems:
        raise typer.Exit(1)


def _view(path: Path, camera: Path | None, pitch: float | None) -> "View":
    """The camera of a dataset. A calibration of several cameras is for the datasets that bear their names."""
    from orpose_models.datasets.camera_file import View
    from orpose_models.datasets.multiview import read_qualisys

    if camera is None or not camera.name.endswith(".qca.txt"):
        return View.read(camera, pitch)
    if path.stem in (names := [placed.name for placed in read_qualisys(camera)]):
        return View.read(camera, name=path.stem)  # every camera's tilt is in the file
    say(console, "note", f"{path}: not in {camera.name} ({', '.join(names)}); its intrinsics are guessed")
    return View.read(None, pitch)


def _part(text: str | None) -> "Shard":
    from orpose_models.training.teaching import Shard

    if text is None:
        return Shard(int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1)))
    index, slash, count = text.partition("/")
    if not slash or not index.isdigit() or not count.isdigit() or int(index) >= int(count):
        raise OrposeError(f"--shard {text!r}: expected I/N with I from 0 to N - 1, such as 0/4")
    return Shard(int(index), int(count))


def _plain(settings: dict[str, Any]) -> Any:
    """Settings as they come back from a file."""
    import json

    return json.loads(json.dumps(settings))


def _load(name: str, hard_threshold: float | None, threads: int | None) -> Any:
    from orpose_models.registry.models import load_model
    from orpose_models.teacher.teacher import Teacher

    model = load_model(name, threads)
    if not isinstance(model, Teacher):
        raise OrposeError(f"model {name!r} gives no soft and hard labels; choose a teacher")
    if hard_threshold is not None:
        model.hard_threshold = hard_threshold
    return model


def _run(parts: "list[Shard]", arguments: tuple[Any, ...], advance: Any) -> None:
    if len(parts) == 1:
        _work(parts[0], arguments, advance, None)
        return
    import multiprocessing
    import queue
    from concurrent.futures import ProcessPoolExecutor

    context = multiprocessing.get_context("spawn")
    counts: Queue[int] = context.Queue()
    with ProcessPoolExecutor(len(parts), context, _start, (counts,)) as pool:
        futures = [pool.submit(_work_here, part, arguments) for part in parts]
        try:
            while not all(future.done() for future in futures) or not counts.empty():
                try:
                    advance(counts.get(timeout=0.2))
                except queue.Empty:
                    continue
        except BaseException:
            for process in list((pool._processes or {}).values()):  # what they did is in the journals
                process.terminate()
            raise
        for future in futures:
            future.result()


def _start(counts: "Queue[int]") -> None:
    global _counts
    obey_parent()  # what it did is in its journal
    _counts = counts


def _work_here(part: "Shard", arguments: tuple[Any, ...]) -> None:
    assert _counts is not None
    _work(part, arguments, _counts.put, 1)


def _work(part: "Shard", arguments: tuple[Any, ...], advance: Any, threads: int | None) -> None:
    from orpose_models.training.sources import open_sources
    from orpose_models.training.teaching import label_shard

    paths_of, choices, paths, teacher, hard_threshold, settings = arguments
    sources = open_sources(paths_of, paths.frames, choices)
    if [s.settings() for s in sources] != settings["sources"]:
        raise OrposeError("the datasets have changed since this command began; run it again")
    label_shard(sources, _load(teacher, hard_threshold, threads), paths, settings, part, advance)
