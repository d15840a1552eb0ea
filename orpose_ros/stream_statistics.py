"""Counting what goes in and out of a camera's pipeline: rates, latencies, drops. Times are given, never read."""

from collections import deque
from dataclasses import dataclass
from threading import Lock

import numpy as np

from orpose_models.vocabulary.resolution import Resolution


@dataclass(frozen=True)
class Latency:
    """Median and 95th percentile of a delay in seconds (linear interpolation between samples)."""

    p50: float
    p95: float


@dataclass(frozen=True)
class Snapshot:
    """The state of a camera's pipeline at one time. Counts are since the start; the rest is of the recent window.

    Attributes:
        rate_in, rate_out: images received and results published, in Hz.
        latency_from_stamp: from acquisition to publishing; None where the stamps are not of this clock.
        latency_from_arrival: from receiving the image to publishing; None without results.
        longest_wait: the longest in seconds from receiving an image to the begin of the work on it.
        received, processed, dropped, lost, bad, failed: images that came; that gave a result; that a newer one
            replaced while they waited; that the middleware reported lost; that were unusable; whose processing failed.
        recent_received, recent_bad, recent_failed: of these, how many within the window.
        last_bad, last_failure: the reason of the last such case within the window, else empty.
        silence: seconds since the last image, or since the start if none came.
        persons: in the last result.
        resolution: sizes of the last result; None without.
    """

    rate_in: float
    rate_out: float
    latency_from_stamp: Latency | None
    latency_from_arrival: Latency | None
    longest_wait: float
    received: int
    processed: int
    dropped: int
    lost: int
    bad: int
    failed: int
    recent_received: int
    recent_bad: int
    recent_failed: int
    last_bad: str
    last_failure: str
    silence: float
    persons: int
    resolution: Resolution | None


@dataclass(frozen=True)
class _Output:
    time: float
    from_arrival: float
    waited: float
    from_stamp: float | None


class Statistics:
    """Collects from any thread. All times are seconds of one monotonic clock.

    Args:
        start: now.
        window: length in seconds of the recent window.
    """

    # Beyond this, a stamp is of another clock (a replayed recording, an unset camera clock), not a delay.
    MAX_STAMP_LATENCY = 60.0

    def __init__(self, start: float, window: float = 5.0) -> None:
        self._lock = Lock()
        self._start = start
        self._window = window
        self._inputs: deque[float] = deque()
        self._outputs: deque[_Output] = deque()
        self._bad: deque[tuple[float, str]] = deque()
        self._failures: deque[tuple[float, str]] = deque()
        self._received = self._processed = self._dropped = self._lost = self._bad_count = self._failed = 0
        self._last_input = start
        self._persons = 0
        self._resolution: Resolution | None = None

    def received(self, now: float) -> None:
        """An image arrived."""
        with self._lock:
            self._received += 1
            self._last_input = now
            self._inputs.append(now)
            self._forget(now)

    def dropped(self) -> None:
        """A waiting image was replaced by a newer one."""
        with self._lock:
            self._dropped += 1

    def lost(self, number: int) -> None:
        """The middleware lost images before they could be received."""
        with self._lock:
            self._lost += number

    def bad(self, now: float, reason: str) -> None:
        """A received image could not be used."""
        with self._lock:
            self._bad_count += 1
            self._bad.append((now, reason))
            self._forget(now)

    def failed(self, now: float, reason: str) -> None:
        """Processing a good image failed."""
        with self._lock:
            self._failed += 1
            self._failures.append((now, reason))
            self._forget(now)

    def processed(
        self,
        now: float,
        from_arrival: float,
        from_stamp: float | None,
        persons: int,
        resolution: Resolution,
        waited: float,
    ) -> None:
        """A result was published.

        Args:
            from_arrival: seconds since the image was received.
            from_stamp: seconds since its acquisition; None where its stamp is unset.
            waited: seconds between receiving it and the begin of the work on it.
        """
        if from_stamp is not None and not 0 <= from_stamp <= self.MAX_STAMP_LATENCY:
            from_stamp = None
        with self._lock:
            self._processed += 1
            self._persons = persons
            self._resolution = resolution
            self._outputs.append(_Output(now, from_arrival, waited, from_stamp))
            self._forget(now)

    def snapshot(self, now: float) -> Snapshot:
        """What is known now."""
        with self._lock:
            self._forget(now)
            span = min(self._window, max(now - self._start, 1e-9))
            return Snapshot(
                rate_in=len(self._inputs) / span,
                rate_out=len(self._outputs) / span,
                latency_from_stamp=_latency([o.from_stamp for o in self._outputs if o.from_stamp is not None]),
                latency_from_arrival=_latency([o.from_arrival for o in self._outputs]),
                longest_wait=max((o.waited for o in self._outputs), default=0.0),
                received=self._received,
                processed=self._processed,
                dropped=self._dropped,
                lost=self._lost,
                bad=self._bad_count,
                failed=self._failed,
                recent_received=len(self._inputs),
                recent_bad=len(self._bad),
                recent_failed=len(self._failures),
                last_bad=self._bad[-1][1] if self._bad else "",
                last_failure=self._failures[-1][1] if self._failures else "",
                silence=now - self._last_input,
                persons=self._persons,
                resolution=self._resolution,
            )

    def _forget(self, now: float) -> None:
        oldest = now - self._window
        while self._inputs and self._inputs[0] <= oldest:
            self._inputs.popleft()
        while self._outputs and self._outputs[0].time <= oldest:
            self._outputs.popleft()
        for cases in (self._bad, self._failures):
            while cases and cases[0][0] <= oldest:
                cases.popleft()


def _latency(samples: list[float]) -> Latency | None:
    if not samples:
        return None
    p50, p95 = np.percentile(samples, [50, 95])
    return Latency(float(p50), float(p95))
