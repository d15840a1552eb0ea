from pathlib import Path

import cv2
import numpy as np
import pytest

from orpose_models.datasets.frames import open_frames
from orpose_models.datasets.image_file import read_image
from orpose_models.vocabulary.errors import OrposeError


def gradient(height: int = 40, width: int = 60) -> np.ndarray:
    image = np.zeros((height, width, 3), np.uint8)
    image[..., 0] = np.arange(width) * 4
    image[..., 2] = np.arange(height)[:, None] * 4
    return image


def write_video(path: Path, count: int) -> None:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, (60, 40))
    for i in range(count):
        writer.write(np.full((40, 60, 3), i * 20 % 256, np.uint8))
    writer.release()


def test_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(OrposeError, match="no images in this folder"):
        open_frames(tmp_path)


def test_colour_grey_alpha_and_16_bit(tmp_path: Path) -> None:
    image = gradient()
    cv2.imwrite(str(tmp_path / "colour.png"), image)
    cv2.imwrite(str(tmp_path / "grey.png"), image[..., 0])
    cv2.imwrite(str(tmp_path / "alpha.png"), np.dstack([image, np.full((40, 60), 9, np.uint8)]))
    cv2.imwrite(str(tmp_path / "deep.png"), image[..., 0].astype(np.uint16) * 257)
    np.testing.assert_array_equal(read_image(tmp_path / "colour.png"), image)
    np.testing.assert_array_equal(read_image(tmp_path / "alpha.png"), image)
    for name in ("grey.png", "deep.png"):
        np.testing.assert_array_equal(read_image(tmp_path / name), np.repeat(image[..., :1], 3, axis=2))


def test_folder_is_sorted_recursive_and_notes_what_is_damaged(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    cv2.imwrite(str(tmp_path / "b" / "2.png"), gradient())
    cv2.imwrite(str(tmp_path / "a.jpg"), gradient(200, 300))
    (tmp_path / "c.jpg").write_bytes((tmp_path / "a.jpg").read_bytes()[:1500])
    (tmp_path / "d.png").write_bytes(b"no image at all")
    (tmp_path / "notes.txt").write_text("not an image")
    source = open_frames(tmp_path)
    assert len(source) == 4
    assert [(f.index, f.name) for f in source.frames()] == [(0, "a.jpg"), (1, "b/2.png")]
    assert [problem.split("/")[-1].split(":")[0] for problem in source.problems] == ["c.jpg", "d.png"]
    assert [f.index for f in source.frames(stride=2)] == [0]


def test_truncated_jpeg_says_so(tmp_path: Path) -> None:
    path = tmp_path / "t.jpg"
    cv2.imwrite(str(path), gradient(200, 300))
    path.write_bytes(path.read_bytes()[:1500])
    with pytest.raises(OrposeError, match=r"t\.jpg: the image is damaged"):
        open_frames(path)


def test_video_frames_have_names_and_stamps(tmp_path: Path) -> None:
    path = tmp_path / "v.avi"
    write_video(path, 7)
    source = open_frames(path)
    assert (len(source), source.is_video, source.fps) == (7, True, 10.0)
    frames = list(source.frames(stride=3))
    assert [f.name for f in frames] == ["v.avi#0", "v.avi#3", "v.avi#6"]
    assert [f.stamp_ns for f in frames] == [0, 300_000_000, 600_000_000]
    assert [round(float(f.image.mean())) for f in frames] == pytest.approx([0, 60, 120], abs=2)


def test_bad_videos(tmp_path: Path) -> None:
    (tmp_path / "zero.mp4").write_bytes(b"")
    (tmp_path / "noise.mp4").write_bytes(b"noise" * 1000)
    with pytest.raises(OrposeError, match="0 bytes"):
        open_frames(tmp_path / "zero.mp4")
    with pytest.raises(OrposeError, match="no frame can be read"):
        open_frames(tmp_path / "noise.mp4")


def test_a_video_cut_short_gives_what_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "cut.avi"
    write_video(path, 30)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    source = open_frames(path)
    count = len(list(source.frames()))
    assert 0 < count < 30


def test_nothing_there_and_unknown_kind(tmp_path: Path) -> None:
    with pytest.raises(OrposeError, match="no such file or folder"):
        open_frames(tmp_path / "absent.png")
    (tmp_path / "x.doc").write_text("x")
    with pytest.raises(OrposeError, match="unknown kind of file"):
        open_frames(tmp_path / "x.doc")


def test_shots_are_read_only_when_they_are_wanted(tmp_path: Path) -> None:
    for name in "ab":
        cv2.imwrite(str(tmp_path / f"{name}.png"), np.full((4, 6, 3), 7, np.uint8))
    (tmp_path / "b.png").write_bytes(b"no image")
    source = open_frames(tmp_path)
    assert [path.name for path in source.files] == ["a.png", "b.png"]
    first, second = source.shots()
    assert (first.index, first.name, first.stamp_ns) == (0, "a.png", None)
    np.testing.assert_array_equal(first.read(), np.full((4, 6, 3), 7))
    with pytest.raises(OrposeError, match=r"b\.png: not an image file"):
        second.read()
    assert source.problems == []
