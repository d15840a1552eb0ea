"""A recording of a walking figure: looked at, kept, its labels corrected, two models proved on it, all forgotten."""

from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from support.training_rig import persons

from orpose_models.adaptation.adapt_report import write_report
from orpose_models.adaptation.choosing import check_recording, choose
from orpose_models.adaptation.forgetting import forget
from orpose_models.adaptation.keeping import keep_frames, kept_frames, moments
from orpose_models.adaptation.looking import look
from orpose_models.adaptation.making import Material
from orpose_models.adaptation.own_recordings import open_recordings
from orpose_models.adaptation.proof import differences, measure
from orpose_models.adaptation.room_labels import link, room_labels
from orpose_models.adaptation.verdict import judge
from orpose_models.datasets.camera_file import View
from orpose_models.training.labels import ImageLabels, LabelSet
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.poses import Poses
from orpose_models.vocabulary.reporting import Silent

SIZE, COUNT, FPS = (128, 96), 200, 5.0
ROOM = np.random.default_rng(0).integers(20, 90, (12, 16, 3)).astype(np.uint8).repeat(8, axis=0).repeat(8, axis=1)


def place(index):
    """The box of the figure, which walks to and fro; nobody is in the last of every 25 images' five."""
    x = 10 + abs(index * 3 % 160 - 80)
    return None if index % 25 >= 20 else (x, 20, x + 20, 80)


@dataclass
class Bright:
    """Finds the bright figure, `off` pixels beside it; in reduced images not at all if it is `blind`."""

    off: float = 0.0
    blind: bool = False
    name: str = "bright"
    sha256: str = "0" * 64
    engine: str = "test"

    def predict(self, image, full_size=None, camera=None, min_score=0.0):
        size = full_size or (image.shape[1], image.shape[0])
        there = image.max(axis=2) > 160
        if not there.any() or (self.blind and image.shape[1] < size[0]):
            return Poses.empty()
        ys, xs = np.nonzero(there)
        scale = size[0] / image.shape[1]
        box = np.array([xs.min(), ys.min(), xs.max() + 1, ys.max() + 1]) * scale + [self.off, 0, self.off, 0]
        return persons([box], [0.9])[0]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("room") / "camera"
    made.mkdir()
    for index in range(COUNT):
        picture = ROOM.copy()
        if box := place(index):
            picture[box[1] : box[3], box[0] : box[2]] = 240
        cv2.imwrite(str(made / f"{index:03d}.png"), picture)
    return made


def opened(folder, fps=FPS):
    return open_recordings([folder], [View()], fps=fps)


def test_the_same_recording_twice_is_refused(folder) -> None:
    with pytest.raises(OrposeError, match="two of the recordings are the same"):
        open_recordings([folder, folder], [View(), View()])


def test_a_folder_without_a_rate_has_no_times(folder) -> None:
    (one,) = opened(folder, None)
    assert not one.timed
    assert [shot.stamp_ns for shot, _ in zip(one.shots(), range(2), strict=False)] == [None, None]
    (one,) = opened(folder)
    assert [shot.stamp_ns for shot, _ in zip(one.shots(), range(3), strict=False)] == [0, 200_000_000, 400_000_000]


def test_what_was_looked_at_is_not_looked_at_again(folder, tmp_path) -> None:
    (first, second), seen = (
        (look(opened(folder), Bright(), tmp_path / "looks", 50, None, Silent()) for _ in range(2)),
        [],
    )

    class Never(Bright):
        def predict(self, *arguments, **settings):
            seen.append(1)
            return Poses.empty()

    again = look(opened(folder), Never(), tmp_path / "looks", 50, None, Silent())
    assert [one.index for one in first] == [one.index for one in second] == [one.index for one in again]
    assert [one.index for one in first] == list(range(0, COUNT, 4))
    assert seen == []
    assert first[0].boxes.tolist() == [
        [pytest.approx(90 / 128, abs=1e-4), 0.2083, pytest.approx(110 / 128, abs=1e-4), 0.8333]
    ]


def test_the_guard_reduces_before_anything_is_seen(folder, tmp_path) -> None:
    recordings = opened(folder)
    looks = look(recordings, Bright(), tmp_path / "looks", 20, 1000, Silent())
    assert {one.size for one in looks} == {(36, 27)}
    frames = keep_frames(recordings, looks, choose(looks, {"learn": 2}), tmp_path / "frames", 1000, Silent())
    assert {cv2.imread(str(tmp_path / "frames" / one.file)).shape for one in frames} == {(27, 36, 3)}


def test_images_before_and_after_a_pause_are_not_of_one_moment(folder, tmp_path) -> None:
    (one,) = opened(folder)

    def shots():  # a pause of 10 s after each fourth image
        for shot in one.shots():
            yield replace(shot, stamp_ns=shot.stamp_ns + shot.index // 4 * 10_000_000_000)

    recordings = [replace(one, shots=shots)]
    looks = look(recordings, Bright(), tmp_path / "looks", COUNT, None, Silent())
    chosen = choose(looks, {"learn": 30, "prove": 12})
    frames = keep_frames(recordings, looks, chosen, tmp_path / "frames", None, Silent())
    groups = moments(frames, "learn")
    assert {tuple(frame.index % 4 for frame in group) for group in groups} <= {(0, 1), (0, 1, 2), (1, 2, 3), (2, 3)}
    assert {len({frame.index // 4 for frame in group}) for group in groups} == {1}
    assert [frame for frame in frames if frame.part == "stretch"] == []


@pytest.fixture(scope="module")
def made(folder, tmp_path_factory):
    """A round up to its labels, which are the truth but for somebody made up in one image."""
    root = tmp_path_factory.mktemp("adapt") / "my-room" / "round-1"
    material = Material(root, "my-room")
    recordings = opened(folder)
    looks = look(recordings, Bright(), root / "looks.jsonl", COUNT, None, Silent())
    check_recording(looks)
    chosen = choose(looks, {"learn": 24, "choose": 6, "prove": 16})
    frames = keep_frames(recordings, looks, chosen, material.frames, None, Silent())
    labelled = material.taught.parent / "labelled" / "camera"
    images = []
    for number, frame in enumerate(one for one in frames if one.part != "stretch"):
        link(material.frames / frame.file, labelled / Path(frame.file).relative_to("camera"))
        boxes = [box] if (box := place(frame.index)) else []
        if frame.part == "learn" and frame.middle and frame.moment == 3:
            boxes = [*boxes, (0, 0, 8, 20)]
        soft, hard = persons(boxes, [0.8] * len(boxes))
        name = Path(frame.file).relative_to("camera").as_posix()
        images.append(ImageLabels(number + 1, name, SIZE, soft, hard))
    LabelSet(images, [labelled], {"accept": 0.3}).save(material.taught)
    counts = room_labels(recordings, frames, material.taught, material.room, material.nobody, 0.3)
    return material, recordings, frames, counts


def test_moments_have_neighbours_and_parts_their_time(made) -> None:
    material, _, frames, _ = made
    for part, first, last in (("learn", 0, 0.7), ("choose", 0.7, 0.8), ("prove", 0.8, 1.01)):
        for group in moments(frames, part):
            assert [one.index - group[0].index for one in group] == list(range(len(group)))
            assert len(group) == 3 or 0 in {group[0].index, COUNT - 1 - group[-1].index}
            (middle,) = [one for one in group if one.middle]
            assert first <= middle.index / COUNT < last
    assert kept_frames(material.frames) == frames
    stretch = [one.index for one in frames if one.part == "stretch" and one.moment == 0]
    assert len(stretch) == 24
    assert min(stretch) >= 0.8 * COUNT


def test_the_made_up_person_is_rejected_and_the_empty_room_found(made) -> None:
    material, _, _, counts = made
    assert counts["rejected"] >= 1
    labels = LabelSet.load(material.room)
    small = [image for image in labels.images if (image.soft.boxes[:, 3] == 20).any()]
    assert len(small) == 1
    (score,) = small[0].soft.box_scores[small[0].soft.boxes[:, 3] == 20]
    assert score < 0.3
    plate = cv2.imread(str(material.nobody / "room-without-people-0.jpg"))
    assert np.abs(plate.astype(int) - ROOM).mean() < 4


def test_a_model_that_sees_reduced_people_is_proved_better_and_all_can_be_forgotten(made, tmp_path) -> None:
    material, _, frames, _ = made
    room = material.part("prove")
    assert len(room.images) == 16
    stretches = material.frames
    figures = {"false_persons": {}, "movement": {}, "cameras": {"before": {}, "after": {}}}
    for name, model in (("before", Bright(blind=True)), ("after", Bright())):
        found = measure(model, room, room, material.nobody, stretches, frames, material.proof(name), Silent())
        figures["false_persons"][name], figures["movement"][name] = found["false_persons"], found["movement"]
    assert figures["false_persons"]["after"]["1"] == 0
    assert figures["movement"]["before"]["8"]["persons"] == 0
    assert figures["movement"]["after"]["1"]["persons"] > 0
    for name in ("room", "everyday"):
        figures[name] = differences(material.proof("before"), material.proof("after"), "room")
    row = figures["room"]["keypoint AP"]["8"]
    assert row["before"] == 0
    assert row["after"] > 0.2
    figures |= {"images": 16, "everyday_images": 16}
    verdict = judge(figures, "my-room", "start")
    assert verdict.reasons != ()
    finished = {"proof": {"start": "start", "recommended": True, "reasons": ["so"], "figures": figures}}
    finished |= {"notes": ["a note"], "facts": {"round": 1}}
    write_report(material, finished, tmp_path / "report.html")
    report = (tmp_path / "report.html").read_text()
    assert report.count("data:image/jpeg") == 18
    assert "Recommended." in report
    forget(material)
    assert list(material.folder.iterdir()) == []
    write_report(material, finished, tmp_path / "report.html")
    assert "data:image/jpeg" not in (tmp_path / "report.html").read_text()
    assert "The frames are forgotten." in (tmp_path / "report.html").read_text()
