import os
from pathlib import Path

import cv2
import numpy as np
import pytest
from support.interruption import interruption_after
from support.square_finder import CAMERA, SquareFinder, square_picture

from orpose_models.datasets.camera_file import View
from orpose_models.datasets.frames import open_frames
from orpose_models.files.locks import locked
from orpose_models.files.predictions import Predictions
from orpose_models.runs.file_run import FileRun, run_files
from orpose_models.runtime.pipeline import Pipeline
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.resolution import Size

VIEW = View(CAMERA)


class Notes:
    """A reporter that remembers what it is told."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, label: str, text: str) -> None:
        self.notes.append(text)

    def progress(self, what: str, done: int, total: int) -> None:
        pass


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four images of 64 x 48 pixels with one person each, somewhere else in every image."""
    folder = tmp_path / "in"
    folder.mkdir()
    for i in range(4):
        write(folder / f"{i}.png", 10 * i)
    return folder


def write(path: Path, x: int, size: Size = (64, 48)) -> None:
    cv2.imwrite(str(path), square_picture(x, size))


def run(folder: Path, model: SquareFinder | None = None, view: View | None = VIEW, **options) -> FileRun:
    options = {"draw_threshold": None, **options}
    return run_files(open_frames(folder), folder.parent / "out", Pipeline(model or SquareFinder()), view, **options)


def interrupted(folder: Path, images: int, **options) -> None:
    with interruption_after(images), pytest.raises(KeyboardInterrupt):
        run(folder, **options)


def boxes(done: FileRun) -> dict[str, list[int]]:
    return {image.file_name: image.poses.boxes[:, 0].astype(int).tolist() for image in done.images}


def test_nobody_in_an_image(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    write(tmp_path / "in" / "a.png", -1)
    done = run(tmp_path / "in")
    assert (done.persons, done.problems, boxes(done)) == (0, [], {"a.png": []})
    assert [len(image.poses) for image in Predictions.load(done.file).images] == [0]


def test_every_image_is_in_the_file(folder: Path) -> None:
    done = run(folder, draw_threshold=0.3)
    assert boxes(done) == {"0.png": [0], "1.png": [10], "2.png": [20], "3.png": [30]}
    assert [image.file_name for image in Predictions.load(done.file).images] == list(boxes(done))
    assert done.pictures == folder.parent / "out" / "overlays"
    assert sorted(path.name for path in done.pictures.iterdir()) == [f"{i}.png.jpg" for i in range(4)]
    assert sorted(path.name for path in done.file.parent.iterdir()) == ["overlays", "predictions.json"]


def test_an_interrupted_run_goes_on_to_the_same_file(folder: Path) -> None:
    whole = run(folder).file.read_bytes()
    interrupted(folder, 2)
    model, said = SquareFinder(), Notes()
    assert run(folder, model, reporter=said).file.read_bytes() == whole
    assert len(model.seen) == 2
    assert said.notes == ["going on after 2 images done before"]


def test_an_image_that_was_renamed_since_is_known_by_its_new_name(folder: Path) -> None:
    interrupted(folder, 2)
    (folder / "0.png").rename(folder / "05.png")
    done = run(folder)
    assert boxes(done)["05.png"] == [0]
    assert sorted(boxes(done)) == ["05.png", "1.png", "2.png", "3.png"]
    assert [image.image_id for image in done.images] == [1, 2, 3, 4]


def test_images_that_were_added_removed_or_changed_since_are_looked_at(folder: Path) -> None:
    interrupted(folder, 3)
    (folder / "0.png").unlink()
    write(folder / "1.png", 44)
    write(folder / "9.png", 50)
    model = SquareFinder()
    assert boxes(run(folder, model)) == {"1.png": [44], "2.png": [20], "3.png": [30], "9.png": [50]}
    assert len(model.seen) == 3  # 2.png was done before


def test_a_change_that_leaves_the_size_is_seen_by_the_time(folder: Path) -> None:
    (folder / "0.bmp").touch()
    cv2.imwrite(str(folder / "0.bmp"), square_picture(10))
    interrupted(folder, 1)
    size = (folder / "0.bmp").stat().st_size
    cv2.imwrite(str(folder / "0.bmp"), square_picture(40))
    os.utime(folder / "0.bmp", ns=(0, 1))
    assert (folder / "0.bmp").stat().st_size == size
    assert boxes(run(folder))["0.bmp"] == [40]


@pytest.mark.parametrize("change", ["model", "settings"])
def test_a_run_of_another_model_or_other_settings_starts_anew(folder: Path, change: str) -> None:
    interrupted(folder, 2)
    model, said = SquareFinder(sha256="1" * 64 if change == "model" else "0" * 64), Notes()
    view = VIEW if change == "model" else View(CAMERA, (0.0, 1.0, 0.0))
    run(folder, model, view, reporter=said)
    assert len(model.seen) == 4
    assert said.notes == ["an interrupted run of other images or settings does not count; starting anew"]


def test_an_image_of_another_shape_has_poses_without_places(folder: Path) -> None:
    write(folder / "1.png", 10, (48, 64))
    done = run(folder, draw_threshold=0.3)
    (problem,) = done.problems
    assert problem.startswith("1.png: nobody is placed in space: intrinsics for 64 x 48 pixels do not fit")
    places = {image.file_name: bool(np.isfinite(image.poses.root).all()) for image in done.images}
    assert places == {"0.png": True, "1.png": False, "2.png": True, "3.png": True}
    assert boxes(done)["1.png"] == [10]
    interrupted(folder, 2)  # what was said of an image is said again
    assert run(folder).problems == done.problems


def test_intrinsics_that_fit_no_image_are_refused_before_any_work(folder: Path) -> None:
    model = SquareFinder()
    for i in range(4):
        write(folder / f"{i}.png", 0, (48, 64))
    with pytest.raises(OrposeError, match="intrinsics for 64 x 48 pixels do not fit an image of 48 x 64"):
        run(folder, model)
    assert model.seen == []
    assert not (folder.parent / "out").exists()


def test_unreadable_images_are_left_out_by_name(folder: Path) -> None:
    (folder / "0.png").write_bytes(b"no image")
    (folder / "2.png").write_bytes((folder / "2.png").read_bytes()[:60])
    done = run(folder)
    assert sorted(boxes(done)) == ["1.png", "3.png"]
    assert [problem.partition(":")[0] for problem in done.problems] == [str(folder / "0.png"), str(folder / "2.png")]
    for i in (1, 3):
        (folder / f"{i}.png").write_bytes(b"no image")
    with pytest.raises(OrposeError, match=r"none of the images could be read: .*0\.png: not an image file"):
        run(folder)


def test_images_of_any_shape_are_drawn(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for i, shape in enumerate([(1, 1), (2, 70_000), (70_000, 2)]):
        cv2.imwrite(str(tmp_path / "in" / f"{i}.png"), np.zeros((*shape, 3), np.uint8))
    done = run(tmp_path / "in", view=None, draw_threshold=0.0)
    assert done.problems == []
    assert done.pictures is not None
    assert len(list(done.pictures.iterdir())) == 3


def test_two_runs_do_not_write_to_one_folder(folder: Path) -> None:
    out = folder.parent / "out"
    with locked(out / ".predictions.lock"), pytest.raises(OrposeError, match="another run is writing there"):
        run(folder)
    assert run(folder).persons == 4


def test_a_videos_persons_have_ids_also_after_an_interruption(tmp_path: Path) -> None:
    path = tmp_path / "in.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, (64, 48))
    for i in range(6):
        writer.write(square_picture(2 * i))
    writer.release()
    whole = run(path).file.read_bytes()
    interrupted(path, 4)
    done = run(path, draw_threshold=0.3)
    assert done.file.read_bytes() == whole
    assert [image.poses.ids.tolist() for image in done.images] == [[1]] * 6
    assert done.pictures == tmp_path / "out" / "overlay.mp4"
