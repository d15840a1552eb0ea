"""In which order contenders are measured."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

Case = TypeVar("Case")
Competitor = TypeVar("Competitor")


def interleaved(
    cases: Sequence[Case], competitors: Sequence[Competitor], rounds: int
) -> Iterator[tuple[int, Case, Competitor]]:
    """Every competitor's turn at every case, round after round.

    In a case all competitors take their turns one after the other, so that whatever slows the machine for a while
    slows all alike; every round another one begins, so that nobody always comes after the same one.

    Yields:
        Round, case, competitor.
    """
    for turn in range(rounds):
        first = turn % len(competitors) if competitors else 0
        for case in cases:
            for competitor in [*competitors[first:], *competitors[:first]]:
                yield turn, case, competitor
