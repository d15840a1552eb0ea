import errno
import json
import os
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from orpose_models.datasets.held_back import HELD_BACK
from orpose_models.datasets.image_file import read_image
from orpose_models.files.assets import asset
from orpose_models.training.image_source import Choice, Source, keep_image
from orpose_models.training.sources import open_sources
from orpose_models.vocabulary.errors import OrposeError

KEEP = Choice()


def open_source(path: Path, frames: Path, choice: Choice) -> Source:
    (source,) = open_sources([path], frames, [choice])
    return source


def test_what_content_is(tmp_path, folder):
    """Of a folder names and sizes, of a split its list too, of a video the file; the same whatever is chosen of it."""

    def content(path, choice=KEEP):
        return open_source(path, tmp_path / "frames", choice).content

    before = content(folder)
    assert content(folder, Choice(stride=3)) == content(shutil.copytree(folder, tmp_path / "copy")) == before
    cv2.imwrite(str(folder / "2.png"), np.random.default_rng(0).integers(0, 255, (30, 40, 3)).astype(np.uint8))
    rendered = content(folder)
    (folder / "2.png").rename(folder / "20.png")
    assert len({before, rendered, content(folder)}) == 3

    split = tmp_path / "split"
    shutil.copytree(folder, split / "images")
    (split / "simulation.json").write_text("{}")
    record = {"id": 9, "file_name": "images/4.png", "width": 40, "height": 30}
    found = set()
    for records in ([record], [{**record, "camera_name": "cam2"}], [record, {**record, "id": 10}]):
        (split / "images.json").write_text(json.dumps({"info": {}, "images": records}))
        found.add(content(split))
    (split / "images" / "4.png").write_bytes((folder / "20.png").read_bytes())
    assert len(found | {content(split)}) == 4

    clip = tmp_path / "clip.avi"
    digests = []
    for grey in (40, 41, 41):
        writer = cv2.VideoWriter(str(clip), cv2.VideoWriter.fourcc(*"MJPG"), 10, (64, 48))
        for _ in range(3):
            writer.write(np.full((48, 64, 3), grey, np.uint8))
        writer.release()
        digests.append(content(clip))
    assert digests[0] != digests[1] == digests[2]


def test_images_that_cannot_be_written(tmp_path):
    image = np.zeros((30, 40, 3), np.uint8)
    keep_image(tmp_path / "first.jpg", image)  # what earlier runs left is looked for once, before the first
    (tmp_path / f".full.{os.getpid()}.part.jpg").symlink_to("/dev/full")  # where it is written to before it is renamed
    with pytest.raises(OSError, match="No space left on device") as raised:
        keep_image(tmp_path / "full.jpg", image)
    assert raised.value.errno == errno.ENOSPC
    with pytest.raises(OrposeError, match=r"long\.jpg: an image of 70000 x 1 pixels cannot be kept as JPEG"):
        keep_image(tmp_path / "long.jpg", np.zeros((1, 70000, 3), np.uint8))
    assert list(tmp_path.iterdir()) == [tmp_path / "first.jpg"]
    keep_image(tmp_path / "sub" / "good.jpg", image + 90)
    assert read_image(tmp_path / "sub" / "good.jpg")[29, 39] == pytest.approx([90] * 3, abs=1)


def test_at_most_so_many_images_evenly(tmp_path, folder):
    for at_most, stride, names in ((7, 1, 7), (3, 3, 3), (4, 2, 4), (1, 7, 1)):
        source = open_source(folder, tmp_path / "frames", Choice(at_most=at_most))
        assert (source.stride, source.count) == (stride, names)
    assert open_source(folder, tmp_path / "frames", Choice(stride=2, at_most=2)).stride == 4


@pytest.mark.parametrize(("name", "recording"), HELD_BACK.items())
def test_nobody_learns_from_what_is_held_back(tmp_path, name, recording):
    other_name = tmp_path / "mine.mp4"
    shutil.copy(asset(name) / recording, other_name)
    with pytest.raises(OrposeError, match=rf"mine.mp4: this recording is held back .* \({name}, {recording}\)"):
        open_source(other_name, tmp_path / "frames", KEEP)


def test_other_cameras_may_be_learned_from(tmp_path):
    assert open_source(asset("multiperson") / "cam03.mp4", tmp_path / "frames", KEEP).count == 100
