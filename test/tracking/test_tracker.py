import numpy as np
import pytest

from orpose_models.tracking.tracker import Tracker
from orpose_models.vocabulary.poses import Poses

from support.standing import persons, scored  # isort: skip


def test_nobody() -> None:
    assert len(Tracker().update(Poses.empty(), 0)) == 0


def test_ids_follow_persons_that_change_places_in_the_list() -> None:
    tracker = Tracker()
    assert tracker.update(persons(0, 300), 0.0).ids.tolist() == [1, 2]
    assert tracker.update(persons(305, 8), 0.1).ids.tolist() == [2, 1]
    assert tracker.update(persons(16, 600, 310), 0.2).ids.tolist() == [1, 3, 2]


def test_a_short_gap_keeps_the_id_and_a_long_one_does_not() -> None:
    tracker = Tracker(memory=1.0)
    tracker.update(persons(0), 0.0)
    tracker.update(Poses.empty(), 0.5)
    assert tracker.update(persons(5), 0.9).ids.tolist() == [1]
    assert tracker.update(persons(5), 2.5).ids.tolist() == [2]


def test_time_going_back_starts_anew_without_reusing_ids() -> None:
    tracker = Tracker()
    tracker.update(persons(0), 100.0)
    assert tracker.update(persons(0), 1.0).ids.tolist() == [2]
    tracker.reset()
    assert tracker.update(persons(0), 2.0).ids.tolist() == [1]


def test_somebody_elsewhere_is_somebody_else() -> None:
    tracker = Tracker()
    tracker.update(persons(0), 0.0)
    assert tracker.update(persons(400), 0.1).ids.tolist() == [2]


@pytest.mark.parametrize(
    "times",
    [
        (0.0, 0.04, 0.08, 0.12),
        (0.0, 0.08, 0.04, 0.12),  # a swapped pair
        (0.0, 0.04, 0.04, 0.08),  # a repeated stamp
        (0.0, 0.9, 0.1, 1.0),
        (0.0, 0.0, 0.0, 0.0),
    ],
)
def test_stamps_that_are_swapped_or_repeated_leave_ids_alone(times: tuple[float, ...]) -> None:
    tracker = Tracker(memory=1.0)
    ids = [tracker.update(persons(5 * i, 300 - 5 * i), time).ids.tolist() for i, time in enumerate(times)]
    assert ids == [[1, 2]] * 4


def test_only_a_step_back_beyond_the_memory_is_a_beginning_anew() -> None:
    tracker = Tracker(memory=1.0)
    tracker.update(persons(0), 10.0)
    assert tracker.update(persons(0), 9.0).ids.tolist() == [1]
    assert tracker.update(persons(0), 8.9).ids.tolist() == [2]
    # The time of before counts no more: a gap from the new beginning is one.
    assert tracker.update(persons(0), 9.5).ids.tolist() == [2]
    assert tracker.update(persons(0), 10.6).ids.tolist() == [3]


def test_a_single_stamp_far_ahead_is_wrong_and_two_are_a_new_time() -> None:
    tracker = Tracker(memory=1.0)
    found = [tracker.update(persons(0), time).ids.tolist() for time in (10.0, 4e9, 10.1, 2e9, 4e9, 10.2)]
    assert found == [[1]] * 6
    found = [tracker.update(persons(0), time).ids.tolist() for time in (4e9, 4e9 + 0.1, 4e9 + 0.2)]
    assert found == [[1], [2], [2]]


def test_an_hour_ahead_is_a_long_gap() -> None:
    tracker = Tracker(memory=1.0)
    assert [tracker.update(persons(0), time).ids.tolist() for time in (0.0, 3600.0)] == [[1], [2]]


def test_an_old_stamp_does_not_make_a_person_older() -> None:
    tracker = Tracker(memory=1.0)
    tracker.update(persons(0), 10.0)
    tracker.update(persons(0), 9.1)
    assert tracker.update(persons(0), 10.9).ids.tolist() == [1]


def scaled(poses: Poses, x: float, y: float) -> Poses:
    return poses.with_arrays(boxes=poses.boxes * [x, y, x, y], keypoints=poses.keypoints * [x, y])


@pytest.mark.parametrize(("x", "y"), [(0.25, 0.25), (4, 4), (2, 1.5)])
def test_a_change_of_resolution_neither_swaps_nor_renews_ids(x: float, y: float) -> None:
    tracker = Tracker()
    size, other = (640, 480), (int(640 * x), int(480 * y))
    assert tracker.update(persons(0, 300), 0.0, size).ids.tolist() == [1, 2]
    assert tracker.update(scaled(persons(5, 305), x, y), 0.1, other).ids.tolist() == [1, 2]
    assert tracker.update(scaled(persons(310, 10), x, y), 0.2, other).ids.tolist() == [2, 1]
    assert tracker.update(persons(15, 315), 0.3, size).ids.tolist() == [1, 2]


def test_a_change_of_resolution_while_nobody_is_in_view() -> None:
    tracker = Tracker()
    tracker.update(persons(300), 0.0, (640, 480))
    tracker.update(Poses.empty(), 0.1, (1280, 960))
    assert tracker.update(scaled(persons(300), 2, 2), 0.2, (1280, 960)).ids.tolist() == [1]


def test_of_two_in_the_same_box_the_pose_tells_who_is_who() -> None:
    tracker = Tracker()
    upright = persons(0)
    turned = upright.with_arrays(keypoints=upright.keypoints[:, ::-1])
    assert tracker.update(Poses.concatenate([upright, turned]), 0.0).ids.tolist() == [1, 2]
    assert tracker.update(Poses.concatenate([turned, upright]), 0.1).ids.tolist() == [2, 1]


def test_a_person_whose_box_changes_is_known_by_the_pose() -> None:
    tracker = Tracker()
    tracker.update(persons(0), 0.0)
    # The legs are behind the table now: the box is an eighth of what it was, the joints are where they were.
    cut = persons(0).with_arrays(boxes=np.array([[0, 0, 100, 25]]))
    assert tracker.update(cut, 0.1).ids.tolist() == [1]


def coloured(poses: Poses, *lightness: float) -> Poses:
    """Persons whose clothes are of a colour each."""
    return poses.with_arrays(appearance=np.repeat(np.array(lightness, float)[:, None], 12, axis=1))


def in_space(poses: Poses, *places: tuple[float, float, float]) -> Poses:
    root = np.array(places, float)
    return poses.with_arrays(root=root, root_std=0.09 * root[:, 2])


def test_after_a_gap_clothes_tell_who_is_who() -> None:
    tracker = Tracker()
    for i in range(10):
        tracker.update(coloured(persons(0, 300), 50, 200), i / 10)
    for i in range(10, 30):
        tracker.update(Poses.empty(), i / 10)
    # They come back on the other side.
    assert tracker.update(coloured(persons(0, 300), 200, 50), 3.0).ids.tolist() == [2, 1]


def test_after_a_gap_a_stranger_is_a_stranger() -> None:
    tracker = Tracker()
    for i in range(10):
        tracker.update(coloured(persons(0), 50), i / 10)
    assert tracker.update(coloured(persons(700), 200), 3.0).ids.tolist() == [2]


@pytest.mark.parametrize("gap", [5.0, 10.0, 19.0])
@pytest.mark.parametrize(("looks", "wanted"), [(50.0, 1), (200.0, 2), (np.nan, 2)])
def test_later_looks_alone_tell_who_comes_back(gap: float, looks: float, wanted: int) -> None:
    tracker = Tracker()
    for i in range(10):
        tracker.update(in_space(coloured(persons(0), 50), (-1.5, 0, 4)), i / 10)
    back = in_space(coloured(persons(700), looks), (1.5, 0, 4))
    assert tracker.update(back, 0.9 + gap).ids.tolist() == [wanted]


def test_a_recording_played_again_begins_anew_though_memory_is_longer() -> None:
    tracker = Tracker(memory=20.0)
    tracker.update(persons(0), 6.0)
    assert tracker.update(persons(0), 1.0).ids.tolist() == [1]  # in the wrong order
    assert tracker.update(persons(0), 0.9).ids.tolist() == [2]


def test_who_is_hidden_for_up_to_twenty_seconds_keeps_the_id_and_no_longer() -> None:
    for gap, wanted in ((19.9, 1), (20.2, 2)):
        tracker = Tracker()
        tracker.update(coloured(persons(0), 50), 0.0)
        assert tracker.update(coloured(persons(60), 50), gap).ids.tolist() == [wanted]


def test_two_who_cross_keep_their_ids() -> None:
    """They walk towards each other at 5 images a second, and the one behind is not found for a second."""
    tracker = Tracker()
    ids = []
    for i in range(21):
        left, right = 40.0 * i, 800 - 40.0 * i
        places = [(-2 + 0.2 * i, 0.0, 3.0), (2 - 0.2 * i, 0.0, 5.0)]
        both = in_space(coloured(persons(left, right), 60, 120), *places)
        ids.append(tracker.update(both[:1] if 8 <= i <= 12 else both, i / 5).ids.tolist())
    assert ids == [[1] if 8 <= i <= 12 else [1, 2] for i in range(21)]


def test_two_alike_who_cross_are_told_apart_by_their_distances() -> None:
    tracker = Tracker()
    ids = []
    for i in range(21):
        both = in_space(persons(20.0 * i, 400 - 20.0 * i), (-1 + 0.1 * i, 0, 3.0), (1 - 0.1 * i, 0, 5.0))
        ids.append(tracker.update(both, i / 10).ids.tolist())
    assert ids == [[1, 2]] * 21


def test_persons_are_steadied_unless_that_is_not_wanted() -> None:
    rng = np.random.default_rng(1)
    smooth, plain = Tracker(), Tracker(smoothing=False)
    steady = []
    for i in range(60):
        poses = persons(0)
        poses = poses.with_arrays(keypoints=poses.keypoints + rng.normal(0, 2, (1, 17, 2)))
        assert plain.update(poses, i / 60).with_arrays(ids=poses.ids) == poses
        steady.append(smooth.update(poses, i / 60).keypoints - persons(0).keypoints)
    assert np.std(steady[20:]) < 1.5


def test_the_same_images_give_the_same_bits() -> None:
    def run() -> list[Poses]:
        tracker, rng = Tracker(), np.random.default_rng(5)
        out = []
        for i in range(20):
            poses = in_space(persons(10 * i, 500), (0.1 * i, 0, 4), (2, 0, 6))
            out.append(tracker.update(poses.with_arrays(root=poses.root + rng.normal(0, 0.1, (2, 3))), i / 10))
        return out

    assert run() == run()


def test_who_is_remembered() -> None:
    tracker = Tracker(memory=1.0)
    assert tracker.known() == []
    tracker.update(persons(0, 300), 0.0)
    tracker.update(persons(0), 0.5)
    assert tracker.known() == [(1, 0.5), (2, 0.0)]
    tracker.update(persons(0), 1.2)
    assert tracker.known() == [(1, 1.2)]


def test_a_faint_find_beside_somebody_takes_neither_their_id_nor_gives_its_own() -> None:
    tracker = Tracker()
    # A shadow moves about; once it lies where the person was, while the person lies where it was.
    for i in range(5):
        ids = tracker.update(scored(persons(0, 60), 0.8, 0.15), i / 10).ids.tolist()
    assert ids == [1, 2]
    assert tracker.update(scored(persons(32, 25), 0.8, 0.15), 0.5).ids.tolist()[0] == 1


def test_a_faint_find_is_not_somebody_who_went_away() -> None:
    tracker = Tracker()
    for i in range(5):
        tracker.update(scored(in_space(persons(0), (0, 0, 4)), 0.8), i / 10)
    assert tracker.update(scored(in_space(persons(50), (0.5, 0, 4.2)), 0.15), 0.5).ids.tolist() == [2]
    # As sure as before, the person is known there.
    assert tracker.update(scored(in_space(persons(30), (0.3, 0, 4.1)), 0.8), 0.6).ids.tolist() == [1]


def test_somebody_new_who_turns_out_to_be_somebody_lost_gets_the_old_id_back() -> None:
    tracker = Tracker()
    for i in range(15):
        tracker.update(coloured(in_space(persons(0), (0, 0, 4)), 50), i / 10)
    # Half hidden the person looks small and far off, and unlike before.
    half = coloured(in_space(persons(90), (1, 0, 7)), 200)
    assert tracker.update(half, 1.5).ids.tolist() == [2]
    back = coloured(in_space(persons(10), (0, 0, 4)), 50)
    assert tracker.update(back, 1.6).ids.tolist() == [1]


def test_somebody_lost_is_not_found_in_a_shadow() -> None:
    tracker = Tracker()
    for i in range(15):
        tracker.update(scored(coloured(in_space(persons(0), (0, 0, 4)), 50), 0.8), i / 10)
    seen = coloured(in_space(persons(0), (0, 0, 4)), 50)
    assert tracker.update(scored(seen, 0.3), 3.0).ids.tolist() == [2]
    assert tracker.update(scored(seen, 0.7), 3.1).ids.tolist() == [1]
