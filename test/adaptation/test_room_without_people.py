"""The room without people, and whether its camera was moved."""

import cv2
import numpy as np

from orpose_models.adaptation.backgrounds import background_of
from orpose_models.adaptation.camera_moves import moved_at

ROOM = cv2.GaussianBlur(np.random.default_rng(3).integers(0, 255, (96, 128, 3), np.uint8), (0, 0), 2)


def pictures(folder, places):
    """A white person of 20 x 60 pixels at each place of the room."""
    made = []
    for number, place in enumerate(places):
        picture = ROOM.copy()
        box = np.zeros((0, 4), np.float32)
        if place is not None:
            picture[20:80, place : place + 20] = 255
            box = np.array([[place, 20, place + 20, 80]], np.float32)
        file = folder / f"{number}.png"
        cv2.imwrite(str(file), picture)
        made.append((file, box))
    return made


def test_no_picture_gives_no_room(tmp_path) -> None:
    assert background_of([]) is None


def test_people_who_walk_leave_the_whole_room(tmp_path) -> None:
    found = background_of(pictures(tmp_path, [0, 20, 40, 60, 80, 100, 5, 50, 90, None]))
    assert found is not None
    assert np.array_equal(found.picture, ROOM)
    assert found.hidden.tolist() == []


def test_who_never_leaves_hides_a_part_of_it(tmp_path) -> None:
    found = background_of(pictures(tmp_path, [50] * 10))
    assert found is not None
    (box,) = found.hidden
    assert box[0] <= 47
    assert box[2] >= 73
    assert box[1] <= 11
    assert box[3] >= 89
    assert np.array_equal(found.picture[:, :40], ROOM[:, :40])


def test_a_room_that_is_never_free_is_none(tmp_path) -> None:
    assert (
        background_of([(file, np.array([[0, 0, 128, 96]], np.float32)) for file, _ in pictures(tmp_path, [0] * 8)])
        is None
    )


def thumbs(count, shift=0, gain=1.0):
    wide = cv2.GaussianBlur(np.random.default_rng(5).integers(0, 255, (60, 100), np.uint8), (0, 0), 2)
    wide = cv2.normalize(wide, None, 0, 200, cv2.NORM_MINMAX)
    rng = np.random.default_rng(6)
    made = []
    for _ in range(count):
        view = wide[6:54, 10 + shift : 74 + shift].astype(np.float64) * gain
        x = int(rng.integers(0, 50))
        view[10:40, x : x + 8] = 250  # somebody walks
        made.append(np.clip(view + rng.normal(0, 2, view.shape), 0, 255).astype(np.uint8))
    return made


def test_no_picture_moves_no_camera() -> None:
    assert moved_at([]) is None


def test_people_and_lights_move_no_camera() -> None:
    assert moved_at(thumbs(24) + thumbs(24, gain=0.5)) is None


def test_what_is_put_before_a_camera_for_long_moves_it_not() -> None:
    later = thumbs(24)
    for view in later:
        view[:30, 8:56] = np.linspace(40, 160, 48, dtype=np.uint8)  # a drape and a trolley, over half of the picture
    assert moved_at(thumbs(24) + later) is None


def test_a_moved_camera_is_seen() -> None:
    assert moved_at(thumbs(24) + thumbs(24, shift=9)) == 24
