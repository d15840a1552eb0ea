from pathlib import Path

import numpy as np
import pytest

from orpose_models.fusion.zones import ZoneWatch, read_zones
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.happenings import ZoneChange
from orpose_models.vocabulary.room_persons import RoomPersons

ENTER, LEAVE, NEAR, FAR = ZoneChange
TABLE = "{table: [1, 1, 2, -1, -1, 0]}"


def persons(*places: tuple[int, float, float, float], wrist: tuple[float, float, float] | None = None) -> RoomPersons:
    """Id and pelvis of each; all other joints are not seen, but a wrist of the first."""
    n = len(places)
    joints = np.repeat(np.array([p[1:] for p in places], float).reshape(n, 1, 3), 17, axis=1)
    scores = np.zeros((n, 17))
    if n:
        scores[:, 0] = 0.9
    if wrist is not None:
        joints[0, 13], scores[0, 13] = wrist, 0.8
    return RoomPersons(
        np.array([p[0] for p in places], np.int64), np.full(n, 0.9), joints, scores, joints, scores,
        np.zeros((n, 17, 3, 3)), np.zeros((n, 3)), np.zeros((n, 2), np.int64), np.zeros((n, 2)),
    )  # fmt: skip


def told(watch: ZoneWatch, time: float, *places: tuple[int, float, float, float]) -> list[tuple[int, str, ZoneChange]]:
    return [(event.person, event.zone, event.change) for event in watch.update(persons(*places), time)]


def test_zones_are_read_from_yaml() -> None:
    table, door = read_zones("{table: [1, 1, 2, -1, -1, 0], door: [[2, 0, 0], [3, 1, 2.1]]}")
    assert (table.name, table.low.tolist(), table.high.tolist()) == ("table", [-1, -1, 0], [1, 1, 2])
    assert (door.name, door.high.tolist()) == ("door", [3, 1, 2.1])
    assert read_zones("") == read_zones("  ") == []


def test_zones_are_read_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "zones.yaml").write_text("table: [1, 1, 2, -1, -1, 0]\n")
    assert [zone.name for zone in read_zones(str(tmp_path / "zones.yaml"))] == ["table"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{table: [1, 2, 3]}", "zone 'table' needs six numbers"),
        ("{table: [1, 1, 2, -1, -1, .nan]}", "zone 'table' needs six numbers"),
        ("{table: there}", "zone 'table' needs six numbers"),
        ("{table: [1, 1, 0, -1, -1, 0]}", "zone 'table' has no volume"),
        ("[1, 2]", "not a mapping from names to boxes"),
        ("{table: [", "not a mapping from names to boxes"),
        ("nowhere.yaml", "nowhere.yaml"),
    ],
)
def test_what_is_no_zone_is_refused(text: str, sentence: str) -> None:
    with pytest.raises(OrposeError, match=sentence.replace("[", r"\[")):
        read_zones(text)


def test_distances_to_a_box() -> None:
    points = np.array([(0, 0, 1), (1, 1, 2), (1.3, 0, 1), (1.3, 1.4, 1), (-2, 0, 3.0)])
    np.testing.assert_allclose(read_zones(TABLE)[0].distance(points), [0, 0, 0.3, 0.5, np.sqrt(2)])


def test_somebody_comes_and_goes() -> None:
    watch = ZoneWatch(read_zones(TABLE), near=0.5)
    assert told(watch, 0.0, (7, 2.0, 0, 1)) == []
    assert told(watch, 0.1, (7, 1.4, 0, 1)) == [(7, "table", NEAR)]
    assert told(watch, 0.2, (7, 0.9, 0, 1)) == [(7, "table", ENTER)]
    assert watch.where() == {7: ("table",)}
    # Within the margin of both borders nothing happens.
    assert told(watch, 0.3, (7, 1.05, 0, 1)) == []
    assert told(watch, 0.4, (7, 1.2, 0, 1)) == [(7, "table", LEAVE)]
    assert told(watch, 0.5, (7, 1.55, 0, 1)) == []
    assert told(watch, 0.6, (7, 1.7, 0, 1)) == [(7, "table", FAR)]
    assert watch.where() == {7: ()}


def test_without_a_distance_nobody_is_near() -> None:
    watch = ZoneWatch(read_zones(TABLE))
    assert told(watch, 0.0, (1, 1.01, 0, 1)) == []
    assert told(watch, 0.1, (1, 0.5, 0, 1)) == [(1, "table", ENTER)]


def test_by_id_then_in_the_zones_order() -> None:
    watch = ZoneWatch(read_zones("{b: [0, 0, 0, 1, 1, 1], a: [0, 0, 0, 2, 2, 2]}"))
    places = [(9, 0.5, 0.5, 0.5), (3, 0.5, 0.5, 0.5)]
    assert told(watch, 0.0, *places) == [(3, "b", ENTER), (3, "a", ENTER), (9, "b", ENTER), (9, "a", ENTER)]


def test_whoever_is_lost_has_left_after_the_memory() -> None:
    watch = ZoneWatch(read_zones(TABLE), near=0.5, memory=5.0)
    told(watch, 0.0, (7, 0, 0, 1))
    assert told(watch, 5.0) == []
    events = watch.update(persons(), 5.1)
    assert [(event.change, event.lost, event.distance) for event in events] == [(LEAVE, True, 0.0), (FAR, True, 0.0)]
    np.testing.assert_allclose(events[0].position, (0, 0, 1))
    assert watch.where() == {}


def test_a_hand_counts_if_any_joint_does() -> None:
    reaching = persons((7, 1.5, 0, 1), wrist=(0.95, 0, 1.1))
    assert ZoneWatch(read_zones(TABLE)).update(reaching, 0.0) == []
    (event,) = ZoneWatch(read_zones(TABLE), counts="any").update(reaching, 0.0)
    assert event.change == ENTER
    np.testing.assert_allclose(event.position, (0.95, 0, 1.1))


def test_a_step_back_in_time_is_a_beginning_anew() -> None:
    watch = ZoneWatch(read_zones(TABLE))
    told(watch, 100.0, (7, 0, 0, 1))
    assert told(watch, 1.0, (7, 0, 0, 1)) == [(7, "table", ENTER)]
