"""When a student is recommended, and what is said when it is not."""

import pytest

from orpose_models.adaptation.chosen_weights import best_share
from orpose_models.adaptation.verdict import judge


def row(before, after, low=None, high=None):
    change = None if after is None else after - before
    low, high = (
        (change - 0.005 if low is None else low, change + 0.005 if high is None else high) if after else (low, high)
    )
    return {"before": before, "after": after, "difference": change, "low": low, "high": high}


def figures(room=None, everyday=None, false=None, movement=None, cameras=None):
    return {
        "room": {"keypoint AP": {"1": row(0.4, 0.43), "12": row(0.1, 0.16)} if room is None else room},
        "everyday": {"keypoint AP": {"1": row(0.3, 0.295), "12": row(0.1, 0.1)} if everyday is None else everyday},
        "false_persons": {"before": {}, "after": {}} if false is None else false,
        "movement": {"before": {}, "after": {}} if movement is None else movement,
        "cameras": {"before": {}, "after": {}} if cameras is None else cameras,
    }


def test_nothing_measured_is_not_recommended() -> None:
    said = judge(figures(room={}, everyday={}), "my-room", "start")
    assert not said.recommended
    assert said.reasons == (
        "nobody is in the part that was kept back, so nothing is proved",
        "what it may have forgotten of everyday people was not measured",
    )


def test_better_in_the_room_and_no_worse_elsewhere_is_recommended() -> None:
    said = judge(figures(), "my-room", "start")
    assert said.recommended
    assert said.summary == (
        "recommended: keypoint AP by the teacher's labels in the room 1x 40.0 -> 43.0, 12x 10.0 -> 16.0; "
        "everyday 1x 30.0 -> 29.5, 12x 10.0 -> 10.0"
    )


def test_lower_scores_elsewhere_are_told() -> None:
    seen = figures()
    seen["everyday"]["recall"] = {"1": row(0.9, 0.9), "8": row(0.8, 0.7), "12": row(0.6, 0.55)}
    said = judge(seen, "my-room", "start")
    assert said.recommended
    assert said.reasons[-1] == (
        "but elsewhere its scores are lower: of 100 everyday people it finds 10 fewer at 8x and a score of 0.3; use it "
        "in this room, or with a lower threshold"
    )


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"room": {"1": row(0.4, 0.405)}}, r"hardly better than before \(\+0.5 points"),
        ({"room": {"1": row(0.4, 0.42, -0.01, 0.05)}}, "at no scale beyond chance"),
        ({"room": {"1": row(0.4, 0.36), "12": row(0.1, 0.2)}}, r"worse at 1x \(-4.0 points"),
        ({"everyday": {"1": row(0.3, 0.28)}}, r"forgotten some .* \(-2.0 points"),
        (
            {"everyday": {"1": row(0.3, 0.27), "8": row(0.1, 0.2)}},
            r"on everyday people it is worse at 1x \(-3.0 points",
        ),
        (
            {"false": {"before": {"images": 10, "8": 1.0}, "after": {"images": 10, "8": 3.0}}},
            "where nobody is it sees 3 persons in 10 images at 8x, before 1",
        ),
        (
            {
                "movement": {
                    "before": {"1": {"jitter": 0.02, "changes": 1.0, "limbs": None}},
                    "after": {"1": {"jitter": 0.04, "changes": 1.1, "limbs": 0.3}},
                }
            },
            r"joints jitter more than before at 1x \(0.04, before 0.02\)",
        ),
        (
            {"cameras": {"before": {"8": {"error": 0.004}}, "after": {"8": {"error": 0.006}}}},
            r"cameras agree less than before at 8x \(0.60 % of the image's diagonal apart, before 0.40\)",
        ),
    ],
)
def test_a_student_is_refused_with_the_reason(changed, reason) -> None:
    said = judge(figures(**changed), "my-room", "start")
    assert not said.recommended
    assert len(said.reasons) == 1
    with pytest.raises(AssertionError, match=reason):
        raise AssertionError(said.reasons[0])


def test_the_best_share_forgets_nothing() -> None:
    measured = {
        0.0: {"room": 0.1, "everyday": 0.3},
        0.5: {"room": 0.2, "everyday": 0.295},
        1.0: {"room": 0.4, "everyday": 0.28},
    }
    assert best_share(measured, (1.0, 0.5)) == 0.5
    measured[0.5]["everyday"] = 0.2
    assert best_share(measured, (1.0, 0.5)) == 1.0
    measured[1.0]["everyday"] = 0.31
    assert best_share(measured, (1.0, 0.5)) == 1.0
