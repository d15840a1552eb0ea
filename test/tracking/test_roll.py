from orpose_models.tracking.roll import Roll
from orpose_models.vocabulary.happenings import Followed

SECOND = 10**9


def test_who_comes_and_goes_changes_the_list() -> None:
    roll = Roll(5 * SECOND)
    assert not roll.call([], 0)
    assert roll.call([2, 1], SECOND)
    assert not roll.call([1, 2], 2 * SECOND)
    assert not roll.call([1], 7 * SECOND)
    assert roll.all == [Followed(1, SECOND, 7 * SECOND), Followed(2, SECOND, 2 * SECOND)]
    assert roll.call([1], 7 * SECOND + 1)
    assert [one.id for one in roll.all] == [1]


def test_whoever_comes_back_in_time_is_still_on_it() -> None:
    roll = Roll(5 * SECOND)
    roll.call([4], 0)
    assert not roll.call([4], 5 * SECOND)
    assert roll.all == [Followed(4, 0, 5 * SECOND)]


def test_a_change_of_zones_is_a_change() -> None:
    roll = Roll(5 * SECOND)
    roll.call([4], 0)
    assert roll.call([4], 1, {4: ("table",)})
    assert not roll.call([], 2, {4: ("table",)})
    assert roll.call([4], 3, {})
    assert roll.all == [Followed(4, 0, 3)]


def test_nobody_in_particular_is_not_on_it() -> None:
    roll = Roll(SECOND)
    assert not roll.call([-1], 0)
    assert roll.all == []


def test_a_step_back_of_more_than_five_seconds_is_one_too_though_memory_is_longer() -> None:
    roll = Roll(20 * SECOND)
    roll.call([1], 10 * SECOND)
    roll.call([2], 5 * SECOND)
    assert [one.id for one in roll.all] == [1, 2]
    roll.call([3], 4 * SECOND)
    assert [one.id for one in roll.all] == [3]


def test_a_step_back_in_time_is_a_beginning_anew() -> None:
    roll = Roll(SECOND)
    roll.call([4], 100 * SECOND)
    roll.call([4], SECOND)
    assert roll.all == [Followed(4, SECOND, SECOND)]
