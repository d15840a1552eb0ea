"""Making a whole split with several processes; interrupted work goes on where it stopped."""

import multiprocessing
import signal
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from pathlib import Path
from typing import Any

from orpose_models.lab.simulation.dataset import Layout, begin, finish, render_scene
from orpose_models.lab.simulation.rendering import Renderer, prepare_environment
from orpose_models.lab.simulation.rigs import CAMERAS
from orpose_models.lab.simulation.splits import Split

_renderer: Renderer | None = None


def scenes_for(images: int, layout: Layout) -> int:
    """How many scenes give at least `images` pictures."""
    return -(-images // layout.images_per_scene)


def simulate(
    out: str | Path,
    split: Split,
    images: int,
    seed: int,
    workers: int,
    advance: Callable[[int], None] = lambda count: None,
    room: int | None = None,
    views: int = CAMERAS,
) -> dict[str, Any]:
    """Render a split, or what is missing of it.

    Args:
        out: folder of all splits.
        images: how many pictures at least; a scene has `Layout.images_per_scene`.
        seed: with the split and the scene's number it decides every byte.
        workers: processes; each keeps one core busy.
        advance: called with the number of pictures that are done.
        room: pool number of the one room and light that all scenes are in; None for others in each scene.
        views: how many cameras look on.

    Returns:
        The annotations, COCO's layout.

    Raises:
        OrposeError: the folder has something else.
    """
    layout = Layout(out, split, room, views)
    scenes = scenes_for(images, layout)
    missing = begin(layout, seed, scenes)
    advance((scenes - len(missing)) * layout.images_per_scene)
    if missing:
        _render_all(layout, seed, missing, workers, advance)
    return finish(layout, scenes)


def _start_worker() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent process ends the work
    _open_renderer()


def _open_renderer() -> Renderer:
    global _renderer
    if _renderer is None:
        import cv2

        cv2.setNumThreads(1)
        prepare_environment()
        _renderer = Renderer()
    return _renderer


def _work(layout: Layout, seed: int, scene: int) -> int:
    return render_scene(layout, seed, scene, _open_renderer())


def _render_all(layout: Layout, seed: int, scenes: list[int], workers: int, advance: Callable[[int], None]) -> None:
    if workers == 1:
        for scene in scenes:
            advance(_work(layout, seed, scene))
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_start_worker) as pool:
        try:
            waiting = {pool.submit(_work, layout, seed, scene) for scene in scenes}
            while waiting:
                done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                for future in done:
                    advance(future.result())
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
