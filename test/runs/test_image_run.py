from pathlib import Path

import numpy as np
import pytest
from support.interruption import interruption_after
from support.square_finder import CAMERA, SquareFinder, square_picture

from orpose_models.files.prediction_journal import PredictionJournal
from orpose_models.runs.image_run import Found, RunImage, run_images, tracked
from orpose_models.runtime.pipeline import Pipeline
from orpose_models.tracking.tracker import Tracker
from orpose_models.vocabulary.errors import OrposeError


def image(number: int, key: str = "") -> RunImage:
    return RunImage(
        number, f"{number}.png", key or str(number), lambda: square_picture(4 * number), lambda size: CAMERA, number
    )


def unreadable(number: int) -> RunImage:
    def read() -> np.ndarray:
        raise OrposeError(f"{number}.png: damaged")

    return RunImage(number, f"{number}.png", str(number), read, lambda size: None)


def run(folder: Path, images: list[RunImage], model: SquareFinder | None = None, leave_out: bool = True) -> Found:
    journal = PredictionJournal(folder / "journal", {})
    try:
        return run_images(images, Pipeline(model or SquareFinder(), tracker=Tracker()), journal, leave_out=leave_out)
    finally:
        journal.close()


def test_no_images(tmp_path: Path) -> None:
    assert run(tmp_path, []) == Found()


def test_every_image_has_its_persons_without_ids(tmp_path: Path) -> None:
    found = run(tmp_path, [image(3), image(1)])
    assert [(one.image_id, one.file_name, one.stamp_ns) for one in found.images] == [(3, "3.png", 3), (1, "1.png", 1)]
    for one in found.images:
        x = 4 * one.image_id
        np.testing.assert_array_equal(one.poses.boxes, [[x, 10, x + 10, 20]])
        assert one.poses.ids.tolist() == [-1]
        assert np.isfinite(one.poses.root).all()


def test_what_cannot_be_read_is_left_out_or_ends_the_run(tmp_path: Path) -> None:
    found = run(tmp_path, [image(1), unreadable(2), image(3)])
    assert [one.image_id for one in found.images] == [1, 3]
    assert found.left_out == ["2.png: damaged"]
    with pytest.raises(OrposeError, match=r"2\.png: damaged"):
        run(tmp_path, [image(1), unreadable(2), image(3)], leave_out=False)


def test_advance_is_called_for_every_image(tmp_path: Path) -> None:
    calls: list[int] = []
    journal = PredictionJournal(tmp_path / "journal", {})
    run_images([image(1), unreadable(2)], Pipeline(SquareFinder()), journal, lambda: calls.append(1))
    run_images([image(1)], Pipeline(SquareFinder()), journal, lambda: calls.append(1))
    assert len(calls) == 3


def test_notes_outlive_an_interruption(tmp_path: Path) -> None:
    def noted() -> RunImage:
        notes: list[str] = []

        def read() -> np.ndarray:
            notes.append("1.png: two pages")
            return square_picture(4)

        return RunImage(1, "1.png", "1", read, lambda size: None, notes=notes)

    with interruption_after(1), pytest.raises(KeyboardInterrupt):
        run(tmp_path, [noted(), image(2)])
    found = run(tmp_path, [noted(), image(2)])
    assert found.notes == ["1.png: two pages"]


def test_only_images_that_are_unchanged_are_taken_over(tmp_path: Path) -> None:
    with interruption_after(2), pytest.raises(KeyboardInterrupt):
        run(tmp_path, [image(1, "a"), image(2, "b"), image(3, "c")])
    model = SquareFinder()
    # a is gone, b has another number now, c was not done, d is new.
    found = run(tmp_path, [image(1, "d"), image(5, "b"), image(3, "c")], model)
    assert [(one.image_id, one.file_name) for one in found.images] == [(1, "1.png"), (5, "5.png"), (3, "3.png")]
    assert [int(one.poses.boxes[0, 0]) for one in found.images] == [4, 8, 12]
    assert len(model.seen) == 2


def test_tracked_persons_keep_their_ids(tmp_path: Path) -> None:
    images = tracked(run(tmp_path, [image(1), image(2)]).images, Tracker())
    assert [one.poses.ids.tolist() for one in images] == [[1], [1]]
    assert tracked([], Tracker()) == []
