"""Corrections of a few frames: what they say of two students, and the page on which they are made."""

import json
import threading
import time
import urllib.error
import urllib.request

import cv2
import numpy as np
import pytest

from orpose_models.adaptation.corrections import Correction, Corrections, estimate, frames_to_review
from orpose_models.adaptation.review_page import ReviewServer, page_of
from orpose_models.datasets.truth import ImageTruth, Persons
from orpose_models.vocabulary.poses import Poses
from orpose_models.vocabulary.skeletons import COCO17, H36M17

A, B, DOUBTFUL = (10, 10, 30, 60), (50, 10, 70, 60), (80, 10, 95, 60)
IMAGE = ImageTruth(1, "1.png", (100, 80), Persons.from_arrays(COCO17, H36M17, [A, DOUBTFUL, B], ignore=[0, 1, 0]))


def poses(*boxes):
    return {1: Poses.from_arrays(list(boxes), [0.8] * len(boxes))}


def said(before, after, **correction):
    corrections = Corrections(frames=[Correction(image=1, **correction)])
    found = estimate(corrections, {1: IMAGE}, before, after)
    return {key: (found[key]["before"], found[key]["after"]) for key in ("found", "made_up")}, found["persons"]


def test_no_correction_says_nothing() -> None:
    found = estimate(Corrections(), {}, {}, {})
    assert found["frames"] == found["persons"] == 0
    assert found["found"] == {"before": None, "after": None, "difference": None, "low": None, "high": None}


def test_what_is_left_alone_is_right() -> None:
    assert said(poses(A), poses(A, B)) == ({"found": (0.5, 1.0), "made_up": (0.0, 0.0)}, 2)


def test_who_is_wrong_is_made_up_by_those_who_see_it() -> None:
    assert said(poses(A, B), poses(A), wrong=[1]) == ({"found": (1.0, 1.0), "made_up": (1.0, 0.0)}, 1)


def test_who_is_missing_is_found_by_a_box_about_the_click() -> None:
    there = (0, 62, 20, 80)
    assert said(poses(A, B), poses(A, B, there), missing=[(10, 70)]) == (
        {"found": (2 / 3, 1.0), "made_up": (0.0, 0.0)},
        3,
    )


def test_of_whom_the_teacher_was_not_sure_count_neither_way() -> None:
    assert said(poses(A, B), poses(A, B, DOUBTFUL)) == ({"found": (1.0, 1.0), "made_up": (0.0, 0.0)}, 2)


def test_the_interval_is_over_frames() -> None:
    images = {i: ImageTruth(i, f"{i}.png", (100, 80), IMAGE.persons) for i in range(1, 11)}
    corrections = Corrections(frames=[Correction(image=i) for i in images])
    nobody, both = {}, {i: poses(A, B)[1] for i in images if i <= 5}
    found = estimate(corrections, images, nobody, both)["found"]
    assert (found["before"], found["after"], found["difference"]) == (0.0, 0.5, 0.5)
    assert 0.1 <= found["low"] < 0.5 < found["high"] <= 0.9


def test_frames_are_taken_evenly() -> None:
    images = [ImageTruth(i, f"{i}.png", (100, 80), IMAGE.persons) for i in range(50)]
    assert frames_to_review([]) == []
    assert [image.image_id for image in frames_to_review(images, 5)] == [0, 10, 20, 30, 40]


@pytest.fixture
def server(tmp_path):
    cv2.imwrite(str(tmp_path / "1.png"), np.full((80, 100, 3), 90, np.uint8))
    kept = []

    def keep(corrections):
        if any(one.image != 1 for one in corrections.frames):
            raise ValueError("another frame")
        kept.append(corrections)
        return "thanks"

    with ReviewServer(page_of([IMAGE], tmp_path), keep) as running:
        thread = threading.Thread(target=running.serve_forever, daemon=True)
        thread.start()
        yield running, kept
        running.shutdown()


def post(server, content):
    return urllib.request.urlopen(server.address + "done", data=content.encode()).read().decode()


def test_the_page_shows_sure_persons_and_takes_corrections(server) -> None:
    running, kept = server
    page = urllib.request.urlopen(running.address).read().decode()
    assert '"boxes": [[10.0, 10.0, 30.0, 60.0], [50.0, 10.0, 70.0, 60.0]]' in page
    assert post(running, json.dumps({"frames": [{"image": 1, "wrong": [0], "missing": [[5, 6]]}]})) == "thanks"
    assert kept == [Corrections(frames=[Correction(image=1, wrong=[0], missing=[(5, 6)])])]
    end = time.monotonic() + 10
    while not running.answered and time.monotonic() < end:  # it is set after the answer was sent
        time.sleep(0.01)
    assert running.answered


@pytest.mark.parametrize("content", ["", "{", '{"frames": 3}', '{"frames": [{"image": 2}]}'])
def test_what_is_no_correction_is_refused(server, content) -> None:
    running, kept = server
    with pytest.raises(urllib.error.HTTPError, match="400"):
        post(running, content)
    assert kept == []
    assert not running.answered


def test_the_page_is_at_its_secret_address_alone(server) -> None:
    running, _ = server
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(f"http://127.0.0.1:{running.server_address[1]}/")
    assert running.server_address[0] == "127.0.0.1"


def test_the_page_ends_with_its_answer(tmp_path) -> None:
    cv2.imwrite(str(tmp_path / "1.png"), np.full((80, 100, 3), 90, np.uint8))
    with ReviewServer(page_of([IMAGE], tmp_path), lambda corrections: "thanks") as running:
        thread = threading.Thread(target=running.until_answered, daemon=True)
        thread.start()
        assert post(running, json.dumps({"frames": []})) == "thanks"
        thread.join(10)
        assert not thread.is_alive()
