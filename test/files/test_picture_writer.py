"""Pictures on disk, also on a disk that is full."""

import os
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from support.small_files import small_files

from orpose_models.datasets.frames import open_frames
from orpose_models.files.picture_writer import PictureWriter
from orpose_models.vocabulary.errors import OrposeError


def noise(count: int, height: int = 120, width: int = 160) -> list[np.ndarray]:
    """Pictures that no codec makes small."""
    return list(np.random.default_rng(0).integers(0, 255, (count, height, width, 3), np.uint8))


def write(target: Path, pictures: list[np.ndarray], fps: float = 25.0) -> None:
    with PictureWriter(target, fps) as writer:
        for i, picture in enumerate(pictures):
            writer.write(f"{i}.png", picture)


def test_no_pictures_make_no_video(tmp_path: Path) -> None:
    write(tmp_path / "a.mp4", [])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("fps", [0.04, 1.0, 29.97, 25 / 3, 240.0])
@pytest.mark.parametrize("count", [1, 2, 30])
def test_a_video_has_every_frame_at_any_rate(tmp_path: Path, count: int, fps: float) -> None:
    write(tmp_path / "a.mp4", noise(count, 33, 47), fps)
    video = cv2.VideoCapture(str(tmp_path / "a.mp4"))
    assert video.get(cv2.CAP_PROP_FRAME_COUNT) == count
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]


def test_pictures_keep_their_times_in_a_video(tmp_path: Path) -> None:
    times = [0, 33, 66, 566, 1066, 1099]
    with PictureWriter(tmp_path / "a.mp4", 30) as writer:
        for picture, time in zip(noise(6, 32, 32), times, strict=True):
            writer.write("", picture, time * 1_000_000)
    with av.open(tmp_path / "a.mp4") as container:
        assert [round(1000 * (frame.time or 0)) for frame in container.decode(video=0)] == times


def test_names_that_are_not_utf_8(tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"S\xe4le")
    write(folder / os.fsdecode(b"S\xe4le.mp4"), noise(3, 32, 32))
    write(folder, noise(1, 32, 32))
    assert sorted(os.fsencode(path.name) for path in folder.iterdir()) == [b"0.png.jpg", b"S\xe4le.mp4"]
    assert len(list(open_frames(folder / os.fsdecode(b"S\xe4le.mp4")).frames())) == 3


def test_a_video_that_a_full_disk_cuts_short_is_an_error(tmp_path: Path) -> None:
    with (
        small_files(20_000),
        pytest.raises(OrposeError, match=r"a\.mp4: the video could not be written.*is the disk full\?"),
    ):
        write(tmp_path / "a.mp4", noise(20))
    assert list(tmp_path.iterdir()) == []


def test_an_older_video_outlives_a_full_disk(tmp_path: Path) -> None:
    write(tmp_path / "a.mp4", noise(2, 32, 32))
    older = (tmp_path / "a.mp4").read_bytes()
    with small_files(20_000), pytest.raises(OrposeError, match="disk full"):
        write(tmp_path / "a.mp4", noise(20))
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a.mp4": older}


def test_a_picture_that_a_full_disk_cuts_short_is_an_error(tmp_path: Path) -> None:
    with small_files(20_000), pytest.raises(OrposeError, match="could not be written"):
        write(tmp_path / "a", noise(1, 480, 640))
    assert list((tmp_path / "a").iterdir()) == []
