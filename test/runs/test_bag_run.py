import shutil
from pathlib import Path

import numpy as np
import pytest
from support.interruption import interruption_after
from support.square_finder import BODY, CAMERA, SquareFinder, square_picture

from orpose_models.datasets.bags.reader import Bag, open_bag
from orpose_models.datasets.bags.topics import POSES2D, POSES3D, SKELETON_INFO
from orpose_models.datasets.bags.types import message_class, typestore
from orpose_models.datasets.bags.writer import new_bag
from orpose_models.messages.camera_info import camera_info_message
from orpose_models.messages.compressed_images import bgr_to_compressed
from orpose_models.messages.fields import make_header
from orpose_models.messages.images import bgr_to_image
from orpose_models.messages.pose_messages import poses_from_messages
from orpose_models.runs.bag_images import image_topic
from orpose_models.runs.bag_run import BagRun, run_bag
from orpose_models.runtime.pipeline import Pipeline
from orpose_models.tracking.tracker import Tracker
from orpose_models.vocabulary.cameras import Camera
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.poses import Poses
from orpose_models.vocabulary.skeletons import COCO17_TO_H36M17

STEP = 40_000_000


def write_bag(path: Path, count: int = 5, camera: Camera | None = CAMERA, compressed: bool = False) -> Path:
    kind, convert = ("CompressedImage", bgr_to_compressed) if compressed else ("Image", bgr_to_image)
    with new_bag(path) as bag:
        bag.add_topic("/or/image_raw", f"sensor_msgs/msg/{kind}")
        bag.add_topic("/or/camera_info", "sensor_msgs/msg/CameraInfo")
        for i in range(count):
            header = make_header(7 * 10**9 + i * STEP, "ceiling", message_class)
            if camera is not None:
                bag.write("/or/camera_info", camera_info_message(camera, header, message_class), i * STEP)
            bag.write("/or/image_raw", convert(square_picture(4 * i), header, message_class), i * STEP)
    return path


def run(bag: Bag, out: Path, max_input_pixels: int | None = None) -> BagRun:
    pipeline = Pipeline(SquareFinder(), max_input_pixels=max_input_pixels, tracker=Tracker())
    return run_bag(bag, out, pipeline, image_topic(bag))


def results(path: Path) -> list[tuple[Poses, int]]:
    bag = open_bag(path)
    read = {
        topic: [(typestore().deserialize_cdr(m.data, m.type), m.time_ns) for m in bag.messages([topic])]
        for topic in (POSES2D, POSES3D)
    }
    return [
        (poses_from_messages(poses2d, poses3d)[0], time_ns)
        for (poses2d, time_ns), (poses3d, _) in zip(read[POSES2D], read[POSES3D], strict=True)
    ]


def test_a_topic_without_messages_makes_no_bag(tmp_path: Path) -> None:
    with pytest.raises(OrposeError, match="no image of /or/image_raw could be read: the topic has no messages"):
        run(open_bag(write_bag(tmp_path / "bag", count=0)), tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["bag"]


@pytest.mark.parametrize("compressed", [False, True])
def test_every_image_has_its_poses(tmp_path: Path, compressed: bool) -> None:
    done = run(open_bag(write_bag(tmp_path / "bag", compressed=compressed)), tmp_path / "out")
    assert (done.images, done.persons, done.skipped, done.notes) == (5, 5, {}, [])
    for i, (poses, time_ns) in enumerate(results(tmp_path / "out")):
        assert time_ns == i * STEP
        np.testing.assert_array_equal(poses.boxes, [[4 * i, 10, 4 * i + 10, 20]])
        np.testing.assert_allclose(poses.root, [COCO17_TO_H36M17.points(BODY)[0]], atol=0.02)
    (info,) = open_bag(tmp_path / "out").messages([SKELETON_INFO])
    assert typestore().deserialize_cdr(info.data, info.type).model == "squares"
    assert open_bag(tmp_path / "out").topics[SKELETON_INFO].transient_local


def test_headers_are_the_images(tmp_path: Path) -> None:
    run(open_bag(write_bag(tmp_path / "bag")), tmp_path / "out", max_input_pixels=32 * 24)
    for topic in (POSES2D, POSES3D):
        for i, message in enumerate(open_bag(tmp_path / "out").messages([topic])):
            poses = typestore().deserialize_cdr(message.data, message.type)
            assert (poses.header.stamp.sec, poses.header.stamp.nanosec) == (7, i * STEP)
            assert poses.header.frame_id == "ceiling"
            assert (poses.image_width, poses.image_height, poses.downsample) == (64, 48, 1.0)
            assert (poses.seen_width, poses.seen_height) == (32, 24)


def test_the_same_bag_and_model_give_the_same_bytes(tmp_path: Path) -> None:
    bag = open_bag(write_bag(tmp_path / "bag"))
    contents = []
    for name in ("a", "b"):
        run(bag, tmp_path / name / "out")
        contents.append({file.name: file.read_bytes() for file in (tmp_path / name / "out").iterdir()})
    assert contents[0] == contents[1]
    assert sorted(contents[0]) == ["metadata.yaml", "out.mcap"]


def test_an_interrupted_run_goes_on_to_the_same_bytes(tmp_path: Path) -> None:
    bag = open_bag(write_bag(tmp_path / "bag"))
    run(bag, tmp_path / "whole" / "out")
    model = SquareFinder()
    for images in (2, 2, 1):
        pipeline = Pipeline(model, tracker=Tracker())
        if images == 2:
            with interruption_after(images), pytest.raises(KeyboardInterrupt):
                run_bag(bag, tmp_path / "parts" / "out", pipeline, "/or/image_raw")
            assert [path.name for path in (tmp_path / "parts").iterdir()] == [".out.journal"]
        else:
            done = run_bag(bag, tmp_path / "parts" / "out", pipeline, "/or/image_raw")
    assert (done.images, done.persons) == (5, 5)
    assert len(model.seen) == 5 + 2  # an image was looked at and not kept at each interruption
    whole, parts = (
        {path.name: path.read_bytes() for path in (tmp_path / name / "out").iterdir()} for name in ("whole", "parts")
    )
    assert whole == parts
    assert [path.name for path in (tmp_path / "parts").iterdir()] == ["out"]


class Fading(SquareFinder):
    """Sees the square well in the first image, and badly in all others."""

    def predict(self, image, full_size=None, camera=None, min_score=0.0) -> Poses:
        score = 0.2 if self.seen else 0.9
        poses = super().predict(image, full_size, camera, min_score)
        poses = poses.with_arrays(box_scores=np.full(len(poses), score))
        return poses.select(poses.box_scores >= min_score)


def test_the_threshold_is_of_steadied_scores_unless_smoothing_is_off(tmp_path: Path) -> None:
    bag = open_bag(write_bag(tmp_path / "bag"))
    model, out = Fading(), tmp_path / "out"
    with interruption_after(2), pytest.raises(KeyboardInterrupt):
        run_bag(bag, out, Pipeline(model, score_threshold=0.3, tracker=Tracker()), "/or/image_raw")
    # What was found for steadying is not gone on with.
    model = Fading()
    pipeline = Pipeline(model, score_threshold=0.3, tracker=Tracker(smoothing=False))
    assert (run_bag(bag, out, pipeline, "/or/image_raw").persons, len(model.seen)) == (1, 5)
    shutil.rmtree(out)
    steady = Pipeline(Fading(), score_threshold=0.3, tracker=Tracker())
    assert run_bag(bag, out, steady, "/or/image_raw").persons == 5
    assert [poses.ids.tolist() for poses, _ in results(out)] == [[1]] * 5


def test_what_a_run_left_that_was_killed_when_its_bag_was_there_is_removed(tmp_path: Path) -> None:
    bag = open_bag(write_bag(tmp_path / "bag"))
    run(bag, tmp_path / "parts" / "out")
    for name in (".out.journal", ".out.lock"):
        (tmp_path / "parts" / name).touch()
    with pytest.raises(OrposeError, match="out: exists already"):
        run(bag, tmp_path / "parts" / "out")
    assert [path.name for path in (tmp_path / "parts").iterdir()] == ["out"]


def test_a_run_does_not_go_on_with_another_bag_of_the_same_name(tmp_path: Path) -> None:
    model, out = SquareFinder(), tmp_path / "out"
    with interruption_after(2), pytest.raises(KeyboardInterrupt):
        run_bag(open_bag(write_bag(tmp_path / "bag")), out, Pipeline(model), "/or/image_raw")
    shutil.rmtree(tmp_path / "bag")
    done = run_bag(open_bag(write_bag(tmp_path / "bag", count=4)), out, Pipeline(model), "/or/image_raw")
    assert (done.images, len(model.seen)) == (4, 3 + 4)


@pytest.mark.parametrize(
    ("camera", "note"),
    [
        (None, "intrinsics"),
        (Camera(48, 64, 60, 60, 24, 32), "do not fit an image of 64 x 48"),
    ],
)
def test_without_fitting_intrinsics_there_is_no_root(tmp_path: Path, camera: Camera | None, note: str) -> None:
    done = run(open_bag(write_bag(tmp_path / "bag", camera=camera)), tmp_path / "out")
    assert len(done.notes) == 1
    assert note in done.notes[0]
    for poses, _ in results(tmp_path / "out"):
        assert np.isnan(poses.root).all()
        assert np.isfinite(poses.joints3d).all()


def test_bad_messages_are_counted_and_skipped(tmp_path: Path) -> None:
    path = tmp_path / "bag"
    header = make_header(0, "ceiling", message_class)
    good, wrong = (bgr_to_image(square_picture(0), header, message_class) for _ in range(2))
    wrong.step = 5
    with new_bag(path) as bag:
        bag.add_topic("/image", "sensor_msgs/msg/Image")
        for i, message in enumerate((wrong, good, wrong)):
            bag.write("/image", message, i)
        bag._writer.write(bag._connections["/image"], 3, b"\x00\x01\x00\x00 no image")
    done = run(open_bag(path), tmp_path / "out")
    assert (done.images, sorted(done.skipped.values())) == (1, [1, 2])
    assert any("step is 5" in reason for reason in done.skipped)
    assert any("message is no sensor_msgs/msg/Image" in reason for reason in done.skipped)


def test_a_cut_bag_is_processed_as_far_as_it_goes(tmp_path: Path) -> None:
    path = write_bag(tmp_path / "bag", count=200)
    file = path / "bag.mcap"
    file.write_bytes(file.read_bytes()[:-200_000])
    done = run(open_bag(path), tmp_path / "out")
    assert 0 < done.images < 200
    assert any("cut short or damaged" in note for note in done.notes)
    assert len(results(tmp_path / "out")) == done.images


def test_choosing_the_image_topic(tmp_path: Path) -> None:
    path = tmp_path / "bag"
    with new_bag(path) as writer:
        for name, kind in (("/a", "Image"), ("/b", "CompressedImage"), ("/c", "CameraInfo")):
            writer.add_topic(name, f"sensor_msgs/msg/{kind}")
    bag = open_bag(path)
    assert image_topic(bag, "/b") == "/b"
    with pytest.raises(OrposeError, match="several image topics, choose one with --image-topic: /a, /b"):
        image_topic(bag)
    with pytest.raises(OrposeError, match="no image topic /c; image topics are: /a, /b"):
        image_topic(bag, "/c")
    del bag.topics["/a"], bag.topics["/b"]
    with pytest.raises(OrposeError, match=r"no image topic; topics are: /c \(sensor_msgs/msg/CameraInfo\)"):
        image_topic(bag)
