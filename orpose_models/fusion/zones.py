"""Named boxes in the room's frame, and who enters, leaves or comes near them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import yaml
from numpy.typing import NDArray

from orpose_models.files.disk import read_yaml
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.happenings import ZoneChange, ZoneEvent
from orpose_models.vocabulary.room_persons import RoomPersons

Floats = NDArray[np.float64]
Counts = Literal["pelvis", "any"]

# Who is in a zone or near it stays so until this much further off, metres, so that nobody flickers on its border.
MARGIN = 0.1
# Joints with a lower score do not count.
MIN_SCORE = 0.3


@dataclass(frozen=True, eq=False)
class Zone:
    """A box along the room's axes: two corners (3,), metres."""

    name: str
    low: Floats
    high: Floats

    def distance(self, points: Floats) -> Floats:
        """(n,) metres from points (n, 3) to the box; 0 in it."""
        outside = np.maximum(np.maximum(self.low - points, points - self.high), 0.0)
        return np.asarray(np.linalg.norm(outside, axis=1))


def read_zones(text: str) -> list[Zone]:
    """The zones of a text: YAML such as `{table: [-1, -0.5, 0, 1, 0.5, 2]}`, x y z of two opposite corners of each, or
    the name of a file with the like; none if it is empty.

    Raises:
        OrposeError: no such thing; says which zone.
    """
    if not text.strip():
        return []
    if text.strip().endswith((".yaml", ".yml")):
        what, content = text.strip(), read_yaml(Path(text.strip()))
    else:
        what = f"zones {text!r}"
        try:
            content = yaml.safe_load(text)
        except yaml.YAMLError:
            content = None
    if not isinstance(content, Mapping) or not content:
        raise OrposeError(f"{what}: not a mapping from names to boxes, such as {{table: [-1, -0.5, 0, 1, 0.5, 2]}}")
    return [_zone(what, str(name), box) for name, box in content.items()]


def _zone(what: str, name: str, box: Any) -> Zone:
    try:
        corners = np.asarray(box, np.float64).reshape(2, 3)
    except (TypeError, ValueError):
        corners = np.full((2, 3), np.nan)
    if not np.isfinite(corners).all():
        raise OrposeError(f"{what}: zone {name!r} needs six numbers, x y z of two opposite corners in metres")
    low, high = corners.min(axis=0), corners.max(axis=0)
    if not (high > low).all():
        raise OrposeError(f"{what}: zone {name!r} has no volume")
    return Zone(name, low, high)


@dataclass
class _Visit:
    inside: bool = False
    near: bool = False
    distance: float = np.inf
    position: Floats | None = None


class ZoneWatch:
    """Follows persons through the zones. Give it the moments in order of time.

    Args:
        zones: they.
        near: metres within which somebody is near a zone; 0 for no such events.
        counts: what of a person counts: the pelvis, or any joint that is seen.
        memory: seconds after which somebody unseen has left.
    """

    def __init__(self, zones: Sequence[Zone], near: float = 0.0, counts: Counts = "pelvis", memory: float = 5.0):
        self.zones = list(zones)
        self._near, self._counts, self._memory = near, counts, memory
        self._visits: dict[int, dict[str, _Visit]] = {}
        self._seen: dict[int, float] = {}

    def where(self) -> dict[int, tuple[str, ...]]:
        """The zones that everybody is in, by id."""
        return {
            person: tuple(zone.name for zone in self.zones if visits[zone.name].inside)
            for person, visits in self._visits.items()
        }

    def update(self, persons: RoomPersons, time: float) -> list[ZoneEvent]:
        """What happened since the moment before: by person's id, then in the zones' order.

        Args:
            persons: of the moment.
            time: seconds. A step back beyond the memory is a beginning anew.
        """
        if time < max(self._seen.values(), default=time) - self._memory:
            self._visits, self._seen = {}, {}
        events = []
        for i in np.argsort(persons.ids, kind="stable"):
            person, points = int(persons.ids[i]), self._points(persons, int(i))
            if not len(points):
                continue
            self._seen[person] = time
            visits = self._visits.setdefault(person, {zone.name: _Visit() for zone in self.zones})
            for zone in self.zones:
                distances = zone.distance(points)
                nearest = int(distances.argmin())
                events += self._changes(visits[zone.name], zone, person, float(distances[nearest]), points[nearest])
        for person in sorted(one for one, at in self._seen.items() if time - at > self._memory):
            for name, visit in self._visits.pop(person).items():
                gone = [(visit.inside, ZoneChange.LEAVE), (visit.near, ZoneChange.FAR)]
                where = visit.position if visit.position is not None else np.full(3, np.nan)
                events += [ZoneEvent(change, name, person, visit.distance, where, True) for was, change in gone if was]
            del self._seen[person]
        return events

    def _points(self, persons: RoomPersons, i: int) -> Floats:
        if self._counts == "pelvis":
            return np.asarray(persons.joints[i, :1])
        return np.asarray(persons.joints[i][persons.joint_scores[i] >= MIN_SCORE])

    def _changes(self, visit: _Visit, zone: Zone, person: int, distance: float, at: Floats) -> list[ZoneEvent]:
        """Who comes is near before inside; who goes has left before being far."""
        inside = distance == 0 or (visit.inside and distance <= MARGIN)
        near = self._near > 0 and distance <= self._near + (MARGIN if visit.near else 0.0)
        changes = []
        if near and not visit.near:
            changes.append(ZoneChange.NEAR)
        if inside != visit.inside:
            changes.append(ZoneChange.ENTER if inside else ZoneChange.LEAVE)
        if visit.near and not near:
            changes.append(ZoneChange.FAR)
        visit.inside, visit.near, visit.distance, visit.position = inside, near, distance, at
        return [ZoneEvent(change, zone.name, person, distance, at) for change in changes]
