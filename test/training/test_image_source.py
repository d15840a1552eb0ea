"""What is taken of a folder of images, and what is said of it."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.counting_teacher import SETTINGS, Counting

from orpose_models.cli.main import run
from orpose_models.training.image_source import Choice
from orpose_models.training.sources import open_sources
from orpose_models.training.teach_run import view_of
from orpose_models.training.teaching import Paths, Shard, label_shard, merge_shards
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.reporting import Silent

OST = """
image_width: 40
image_height: 30
camera_matrix: {rows: 3, cols: 3, data: [50, 0, 20, 0, 50, 15, 0, 0, 1]}
distortion_model: plumb_bob
distortion_coefficients: {rows: 1, cols: 5, data: [0.1, 0, 0, 0, 0]}
projection_matrix: {rows: 3, cols: 4, data: [45, 0, 20, 0, 0, 45, 15, 0, 0, 0, 1, 0]}
"""


def test_further_pages_are_named_also_after_an_interruption(tmp_path: Path) -> None:
    folder = tmp_path / "images"
    folder.mkdir()
    pages = [Image.fromarray(np.full((30, 40, 3), 40 * i, np.uint8)) for i in range(3)]
    pages[1].save(folder / "a.tiff", save_all=True, append_images=pages)
    pages[2].save(folder / "b.png")
    paths = Paths(tmp_path / "labels.json")
    sources = open_sources([folder], paths.frames, [Choice()])
    with pytest.raises(KeyboardInterrupt):
        label_shard(sources, Counting(stop_after=1), paths, SETTINGS, Shard())
    teacher = Counting()
    label_shard(sources, teacher, paths, SETTINGS, Shard())
    assert teacher.seen == [80]
    merged = merge_shards(sources, paths, SETTINGS, 1, {"accept": 0.3})
    assert merged is not None
    labels, problems = merged
    assert [image.file_name for image in labels.images] == ["a.tiff", "b.png"]
    assert problems == [
        f"{folder / 'a.tiff'}: holds 4 pages or frames, only the first is read; save them as images of their own"
    ]


def test_an_odd_image_is_labelled_without_intrinsics_and_named(tmp_path: Path) -> None:
    folder = tmp_path / "images"
    folder.mkdir()
    for number, size in enumerate(((40, 30), (40, 18), (80, 60))):
        Image.new("RGB", size, (number, 0, 0)).save(folder / f"{number}.png")
    (tmp_path / "ost.yaml").write_text(OST)
    view = view_of(folder, tmp_path / "ost.yaml", -20.0, Silent())
    paths = Paths(tmp_path / "labels.json")
    sources = open_sources([folder], paths.frames, [Choice(view)])
    label_shard(sources, Counting(), paths, SETTINGS, Shard())
    merged = merge_shards(sources, paths, SETTINGS, 1, {"accept": 0.3})
    assert merged is not None
    labels, problems = merged
    assert problems == [
        f"{folder / '1.png'}: is labelled without intrinsics: intrinsics for 40 x 30 pixels do not fit an image of "
        "40 x 18; give the camera file that belongs to these images"
    ]
    first, odd, last = (image.camera for image in labels.images)
    assert (first and first.fx, last and last.fx) == (50.0, 100.0)
    assert odd is not None
    assert first is not None
    assert odd.fx != 50.0
    assert odd.gravity == first.gravity is not None


def test_intrinsics_that_fit_no_image_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "images"
    folder.mkdir()
    Image.new("RGB", (40, 18)).save(folder / "a.png")
    (folder / "b.png").write_bytes(b"damaged")
    (tmp_path / "ost.yaml").write_text(OST)
    view = view_of(folder, tmp_path / "ost.yaml", None, Silent())
    with pytest.raises(OrposeError, match="intrinsics for 40 x 30 pixels do not fit an image of 40 x 18"):
        open_sources([folder], tmp_path / "frames", [Choice(view)])


@pytest.mark.parametrize(("rectified", "focal", "distortion"), [(False, 50.0, 0.1), (True, 45.0, None)])
def test_the_camera_file_of_rectified_images(
    tmp_path: Path, rectified: bool, focal: float, distortion: float | None
) -> None:
    (tmp_path / "ost.yaml").write_text(OST)
    camera = view_of(tmp_path, tmp_path / "ost.yaml", None, Silent(), rectified).intrinsics_camera
    assert camera is not None
    assert (camera.fx, camera.distortion[:1]) == (focal, () if distortion is None else (distortion,))


def test_an_unknown_answer_to_whether_images_are_rectified(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["teach", str(tmp_path), "--out", str(tmp_path / "l.json"), "--rectified", "perhaps"]) == 2
    assert "--rectified 'perhaps': expected auto, true or false" in capsys.readouterr().err
