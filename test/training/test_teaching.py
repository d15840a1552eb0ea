import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from support.counting_teacher import SETTINGS, Counting

from orpose_models.datasets.camera_file import View
from orpose_models.datasets.image_file import read_image
from orpose_models.training.contents import difference
from orpose_models.training.image_source import Choice, Source
from orpose_models.training.label_summary import write_summary
from orpose_models.training.labels import LabelSet
from orpose_models.training.sources import open_sources
from orpose_models.training.teaching import Paths, Shard, claimed, label_shard, merge_shards, set_aside
from orpose_models.vocabulary.errors import OrposeError

KEEP = Choice()


def open_source(path: Path, frames: Path, choice: Choice) -> Source:
    (source,) = open_sources([path], frames, [choice])
    return source


def run(source, paths, teacher, shard=Shard()):  # noqa: B008
    counts = []
    label_shard([source], teacher, paths, SETTINGS, shard, counts.append)
    return sum(counts)


def merged(source, paths, count=1):
    return merge_shards([source], paths, SETTINGS, count, {"accept": 0.3})


def test_interrupted_work_is_neither_lost_nor_repeated(tmp_path, folder):
    source, paths = open_source(folder, tmp_path / "frames", KEEP), Paths(tmp_path / "out" / "labels.json")
    first, second = Counting(stop_after=3), Counting()
    with pytest.raises(KeyboardInterrupt):
        run(source, paths, first)
    assert merged(source, paths) is None
    journal = paths.journal(Shard())
    journal.write_text(journal.read_text() + '{"image": {"id": 4, "file')  # the line that a crash cut short
    assert run(source, paths, second) == 7
    assert sorted(first.seen + second.seen) == [0, 10, 20, 30, 40, 50, 60]
    labels, problems = merged(source, paths)
    assert problems == []
    assert not paths.journals.exists()
    # Sorted by name, folders after files.
    assert [image.file_name for image in labels.images] == [
        "0.png", "2.png", "4.png", "6.png", "sub/1.png", "sub/3.png", "sub/5.png",
    ]  # fmt: skip
    for image in LabelSet.load(paths.labels).images:
        assert float(image.soft.boxes[0, 2]) == 10 + read_image(folder / image.file_name)[0, 0, 0]
        assert image.size == (40, 30)


def test_shards_share_the_work(tmp_path, folder):
    source, paths = open_source(folder, tmp_path / "frames", KEEP), Paths(tmp_path / "labels.json")
    teachers = [Counting(), Counting()]
    assert run(source, paths, teachers[0], Shard(0, 2)) == 4
    assert merged(source, paths, 2) is None
    assert run(source, paths, teachers[1], Shard(1, 2)) == 3
    assert sorted(teachers[0].seen + teachers[1].seen) == [0, 10, 20, 30, 40, 50, 60]
    labels, _ = merged(source, paths, 2)
    assert len(labels.images) == 7
    assert merged(source, paths, 2) is None  # somebody else put them together


def test_another_number_of_shards_takes_over(tmp_path, folder):
    source, paths = open_source(folder, tmp_path / "frames", KEEP), Paths(tmp_path / "labels.json")
    first = Counting(stop_after=2)
    with pytest.raises(KeyboardInterrupt):
        run(source, paths, first, Shard(1, 2))
    rest = Counting()
    run(source, paths, rest)
    assert len(first.seen) + len(rest.seen) == 7
    assert len(merged(source, paths)[0].images) == 7


def test_a_shard_is_labelled_by_one_process(tmp_path, folder):
    source, paths = open_source(folder, tmp_path / "frames", KEEP), Paths(tmp_path / "out" / "labels.json")
    other = Paths(tmp_path / "out" / "labels.2.json")
    with claimed(paths, [Shard(0, 4), Shard(1, 4)]):
        message = r"labels\.json: another process is labelling part 1 of 4 of these; wait for it, or share the work"
        with pytest.raises(OrposeError, match=message), claimed(paths, [Shard(2, 4), Shard(1, 4)]):
            pass
        with claimed(paths, [Shard(2, 4), Shard(3, 4)]), claimed(other, [Shard(0, 4)]):
            pass
    assert list(paths.labels.parent.iterdir()) == []
    paths.lock(Shard(1, 4)).touch()  # as a process that was killed leaves it
    other.lock(Shard()).touch()
    with claimed(paths, [Shard()]):
        run(source, paths, Counting())
        assert merged(source, paths) is not None
    assert {path.name for path in paths.labels.parent.iterdir()} == {"labels.json", ".labels.2.shard-0-of-1.lock"}


def test_journals_of_other_settings_count_as_nothing(tmp_path, folder):
    source, paths = open_source(folder, tmp_path / "frames", KEEP), Paths(tmp_path / "labels.json")
    run(source, paths, Counting())
    again = Counting()
    label_shard([source], again, paths, {"teacher": "other"}, Shard())
    assert len(again.seen) == 7


def noted(source):
    """Settings as they come back from a file."""
    return json.loads(json.dumps({"teacher": "counting", "sources": [source.settings()]}))


def test_labels_of_a_folder_that_changes_are_not_mixed(tmp_path):
    folder, paths = tmp_path / "images", Paths(tmp_path / "labels.json")
    folder.mkdir()
    for i in (1, 2, 3):
        cv2.imwrite(str(folder / f"{i}.png"), np.full((30, 40, 3), i * 10, np.uint8))
    source = open_source(folder, tmp_path / "frames", KEEP)
    with pytest.raises(KeyboardInterrupt):
        label_shard([source], Counting(stop_after=2), paths, noted(source), Shard())
    assert set_aside(paths, noted(source)) == []
    cv2.imwrite(str(folder / "0.png"), np.zeros((30, 40, 3), np.uint8))
    source, again = open_source(folder, tmp_path / "frames", KEEP), Counting()
    assert set_aside(paths, noted(source)) == [
        f"labels of an interrupted run do not count, they were made before the images of {folder.resolve()} changed"
    ]
    label_shard([source], again, paths, noted(source), Shard())
    assert again.seen == [0, 10, 20, 30]
    labels, _ = merge_shards([source], paths, noted(source), 1, {"accept": 0.3})
    assert [image.file_name for image in labels.images] == ["0.png", "1.png", "2.png", "3.png"]
    assert [float(image.soft.boxes[0, 2]) for image in labels.images] == [10, 20, 30, 40]


def test_how_settings_differ(tmp_path, folder):
    now = noted(open_source(folder, tmp_path / "frames", KEEP))
    (source,) = now["sources"]
    earlier = {key: value for key, value in source.items() if key != "content"}
    for before, how in (
        (now, None),
        ({**now, "sources": [earlier]}, None),
        ({**now, "sources": [{**source, "content": "0"}]}, f"before the images of {folder.resolve()} changed"),
        ({**now, "sources": [{**source, "stride": 2}]}, "with other settings"),
        ({**now, "sources": [{**earlier, "stride": 2}]}, "with other settings"),
        ({**now, "sources": []}, "with other settings"),
        ({**now, "sources": 3}, "with other settings"),
        ({**now, "teacher": "other"}, "with other settings"),
        (None, "with other settings"),
    ):
        assert difference(before, now) == how


def test_damaged_images_are_named(tmp_path, folder):
    (folder / "2.png").write_bytes(b"no image")
    source, paths = open_source(folder, tmp_path / "frames", KEEP), Paths(tmp_path / "labels.json")
    run(source, paths, Counting())
    labels, problems = merged(source, paths)
    assert len(labels.images) == 6
    assert len(problems) == 1
    assert "2.png" in problems[0]


def test_nothing_to_read(tmp_path):
    (tmp_path / "images").mkdir()
    with pytest.raises(OrposeError, match="no images"):
        open_source(tmp_path / "images", tmp_path, KEEP)
    (tmp_path / "images" / "a.png").write_bytes(b"")
    source, paths = open_source(tmp_path / "images", tmp_path, KEEP), Paths(tmp_path / "labels.json")
    run(source, paths, Counting())
    with pytest.raises(OrposeError, match=r"none of the images could be read.*a\.png"):
        merged(source, paths)
    with pytest.raises(OrposeError, match="no such folder or video"):
        open_source(tmp_path / "none", tmp_path, KEEP)


def test_frames_of_a_video_become_images(tmp_path):
    writer = cv2.VideoWriter(str(tmp_path / "clip.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 10, (64, 48))
    for i in range(6):
        writer.write(np.full((48, 64, 3), 40 * i, np.uint8))
    writer.release()
    view = View.read(None, 30.0)
    source = open_source(tmp_path / "clip.avi", tmp_path / "frames", Choice(view, stride=2))
    assert source.count == 3
    paths = Paths(tmp_path / "labels.json")
    teachers = [Counting(), Counting()]
    for i in range(2):
        run(source, paths, teachers[i], Shard(i, 2))
    assert teachers[0].seen == pytest.approx([0, 160], abs=3)
    labels, _ = merged(source, paths, 2)
    assert [image.file_name for image in labels.images] == ["000000.jpg", "000002.jpg", "000004.jpg"]
    assert [image.stamp_ns for image in labels.images] == [0, 200_000_000, 400_000_000]
    assert read_image(labels.path_of(labels.images[1]))[0, 0, 0] == pytest.approx(80, abs=3)
    assert labels.images[0].camera.gravity == pytest.approx((0, 0.8660254, 0.5))


def test_of_a_simulated_split_only_images_and_cameras_are_read(tmp_path, folder):
    root = tmp_path / "split"
    shutil.copytree(folder, root / "images")
    camera = {"fx": 50, "fy": 50, "cx": 20, "cy": 15, "gravity": [0, 1, 0]}
    record = {"id": 9, "file_name": "images/4.png", "width": 40, "height": 30, "camera": camera, "camera_name": "cam2"}
    (root / "images.json").write_text(json.dumps({"info": {}, "images": [record]}))
    (root / "simulation.json").write_text("{}")
    source, paths = open_source(root, tmp_path / "frames", KEEP), Paths(tmp_path / "labels.json")
    assert source.kind == "simulation"
    teacher = Counting()
    run(source, paths, teacher)
    labels, _ = merged(source, paths)
    assert teacher.seen == [40]
    assert labels.images[0].camera.fx == 50
    assert labels.images[0].camera_name == "cam2"


def test_summary(label_file):
    labels = LabelSet.load(label_file)
    counts = write_summary(label_file.parent / "summary", labels, ["x.png: damaged"])
    assert counts == {
        "images": 4,
        "images_not_read": ["x.png: damaged"],
        "images_without_accepted_person": 1,
        "persons_accepted": 5,
        "persons_rejected": 1,
        "keypoints_soft": 85,
        "keypoints_hard": 75,
        "persons_with_3d": 5,
    }
    assert json.loads((label_file.parent / "summary" / "summary.json").read_text()) == counts
    assert read_image(label_file.parent / "summary" / "confidence.png").shape[1] > 600
    assert len(list((label_file.parent / "summary" / "pictures").glob("*.jpg"))) == 4
