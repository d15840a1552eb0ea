"""The list of everybody who is followed, and whether it changed."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from orpose_models.tracking.tracker import DISORDER
from orpose_models.vocabulary.happenings import Followed


class Roll:
    """Call it for every image or moment, in order of time.

    Args:
        memory_ns: after how many nanoseconds unseen somebody is struck off.
    """

    def __init__(self, memory_ns: int) -> None:
        self._memory = memory_ns
        self._all: dict[int, Followed] = {}

    @property
    def all(self) -> list[Followed]:
        """Everybody on it, the smallest id first."""
        return [self._all[id_] for id_ in sorted(self._all)]

    def call(self, ids: Iterable[int], stamp_ns: int, zones: Mapping[int, tuple[str, ...]] | None = None) -> bool:
        """Take who is seen; negative ids are of nobody in particular.

        Args:
            ids: of the persons.
            stamp_ns: of the moment, nanoseconds. A step back by more than 5 s, or the memory if that is less, is a
                beginning anew, as for `Tracker`.
            zones: the zones that everybody is in, by id; also of those on the list who are not seen now.

        Returns:
            Whether somebody came, went, or is in other zones.
        """
        before = {id_: one.zones for id_, one in self._all.items()}
        newest = max((one.last_ns for one in self._all.values()), default=stamp_ns)
        if stamp_ns < newest - min(self._memory, round(DISORDER * 1e9)):
            self._all = {}
        for id_ in ids:
            if id_ >= 0:
                known = self._all.get(id_)
                self._all[id_] = Followed(id_, known.first_ns if known is not None else stamp_ns, stamp_ns)
        self._all = {id_: one for id_, one in self._all.items() if stamp_ns - one.last_ns <= self._memory}
        where = zones or {}
        self._all = {id_: replace(one, zones=where.get(id_, ())) for id_, one in self._all.items()}
        return before != {id_: one.zones for id_, one in self._all.items()}
