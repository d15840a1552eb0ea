import json
from pathlib import Path

import numpy as np
import pytest

from orpose_models.files.prediction_journal import PredictionJournal
from orpose_models.files.predictions import ImagePrediction
from orpose_models.vocabulary.poses import Poses
from orpose_models.vocabulary.resolution import Resolution

VGA = Resolution((640, 480), (80, 60), 8.0)
NOBODY = ImagePrediction(2, "b.png", VGA, Poses.empty())


def somebody() -> ImagePrediction:
    random = np.random.default_rng(0)
    poses = Poses.from_arrays(
        random.random((2, 4)),
        random.random(2),
        random.random((2, 17, 2)),
        random.random((2, 17)),
        joints3d=random.normal(size=(2, 17, 3)),
        root=[[1 / 3, 2 / 3, 3], [np.nan] * 3],
        ids=[7, -1],
    )
    return ImagePrediction(1, "a.png", VGA, poses, 123_456_789_012_345_678)


def test_nothing_done(tmp_path: Path) -> None:
    journal = PredictionJournal(tmp_path / "journal", {})
    assert (journal.done, journal.set_aside) == ({}, False)


def test_what_comes_back_is_exactly_what_was_kept(tmp_path: Path) -> None:
    journal = PredictionJournal(tmp_path / "journal", {"model": "a"})
    journal.append("b", NOBODY)
    journal.append("a", somebody(), ["a note", "another"])
    journal.close()
    again = PredictionJournal(tmp_path / "journal", {"model": "a"})
    assert list(again.done) == ["b", "a"]
    assert [kept.notes for kept in again.done.values()] == [(), ("a note", "another")]
    for key, image in (("a", somebody()), ("b", NOBODY)):
        kept = again.done[key].prediction
        assert (kept.image_id, kept.file_name) == (image.image_id, image.file_name)
        assert (kept.resolution, kept.stamp_ns) == (VGA, image.stamp_ns)
        for name, array in vars(image.poses).items():
            np.testing.assert_array_equal(getattr(kept.poses, name), array, err_msg=name)
            assert getattr(kept.poses, name).dtype == array.dtype


def test_another_run_starts_anew(tmp_path: Path) -> None:
    journal = PredictionJournal(tmp_path / "journal", {"model": "a"})
    journal.append("b", NOBODY)
    journal.close()
    other = PredictionJournal(tmp_path / "journal", {"model": "b"})
    assert (other.done, other.set_aside) == ({}, True)
    other.close(remove=True)
    assert not (tmp_path / "journal").exists()


@pytest.mark.parametrize(
    "damage",
    [
        lambda entry: entry.pop("key"),
        lambda entry: entry.pop("name"),
        lambda entry: entry.update(persons=3),
        lambda entry: entry["poses"].pop("root"),
        lambda entry: entry["poses"].update(boxes="%%%"),
        lambda entry: entry["poses"].update(unheard_of=""),
        lambda entry: entry.update(poses=None),
        lambda entry: entry.update(full=None),
    ],
)
def test_a_damaged_line_is_done_again(tmp_path: Path, damage) -> None:
    path = tmp_path / "journal"
    journal = PredictionJournal(path, {})
    journal.append("a", somebody())
    journal.append("b", NOBODY)
    journal.close()
    head, first, second = path.read_text().splitlines()
    entry = json.loads(first)
    damage(entry)
    path.write_text("\n".join([head, json.dumps(entry), second]) + "\n")
    assert list(PredictionJournal(path, {}).done) == ["b"]
