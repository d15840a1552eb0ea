"""What `/diagnostics` says of a node: pure functions from its state to level, sentence and values."""

from dataclasses import dataclass, field
from enum import IntEnum

from orpose_models.model_format.pose_model import Chosen, PoseModel
from orpose_models.vocabulary.resolution import Resolution
from orpose_ros.stream_statistics import Latency, Snapshot


class Level(IntEnum):
    """Severity, with the numbers of diagnostic_msgs/DiagnosticStatus."""

    OK = 0
    WARN = 1
    ERROR = 2


@dataclass
class Health:
    """What can be wrong apart from the stream of images.

    Attributes:
        state: lifecycle state by name ('unconfigured', 'inactive', 'active').
        configure_problem: why configuring failed; empty if it did not.
        image_topic: fully resolved name.
        publishers: how many nodes publish it.
        incompatible: why images of some publishers cannot arrive (QoS or type).
        camera_problem: why the camera's intrinsics are not used; empty if they are, or none came.
        calibrated: whether intrinsics are in use.
        image_timeout: seconds of silence after which the camera counts as stalled.
        max_input_pixels: the privacy guard; 0 for none.
        model: the loaded model, if any.
    """

    state: str
    configure_problem: str = ""
    image_topic: str = ""
    publishers: int = 0
    incompatible: list[str] = field(default_factory=list)
    camera_problem: str = ""
    calibrated: bool = False
    image_timeout: float = 2.0
    max_input_pixels: int = 0
    model: PoseModel | None = None


@dataclass(frozen=True)
class Status:
    """One diagnostic status: level, a sentence, and named values in order."""

    level: Level
    message: str
    values: dict[str, str] = field(default_factory=dict)


def assess(health: Health, snapshot: Snapshot | None) -> Status:
    """Judge a node. `snapshot` is None unless the node is active."""
    values = {"state": health.state}
    if health.model is not None:
        values |= {"model": health.model.name, "model sha256": health.model.sha256, "engine": health.model.engine}
        if isinstance(health.model, Chosen) and health.model.chosen:
            values["engine chosen"] = health.model.chosen
    if snapshot is None:
        if health.configure_problem:
            return Status(Level.ERROR, f"not configured: {health.configure_problem}", values)
        return Status(Level.OK, health.state, values)

    values |= _values(health, snapshot)
    problems = _problems(health, snapshot)
    if not problems:
        message = f"{snapshot.rate_in:.1f} Hz in, {snapshot.rate_out:.1f} Hz out, {snapshot.persons} persons"
        return Status(Level.OK, message, values)
    level = max(level for level, _ in problems)
    worst_first = sorted(problems, key=lambda problem: -problem[0])
    return Status(level, "; ".join(text for _, text in worst_first), values)


def _problems(health: Health, s: Snapshot) -> list[tuple[Level, str]]:
    problems = []
    if health.incompatible:
        reasons = ", ".join(health.incompatible)
        level = Level.WARN if s.recent_received else Level.ERROR
        problems.append((level, f"publisher offers incompatible QoS or type on {health.image_topic}: {reasons}"))
    if s.silence > health.image_timeout:
        source = health.image_topic if health.publishers else f"{health.image_topic}, which nobody publishes"
        problems.append((Level.ERROR, f"no image for {s.silence:.1f} s on {source}"))
    if s.recent_bad:
        all_bad = s.recent_bad >= s.recent_received and s.rate_out == 0
        text = f"{s.recent_bad} of {s.recent_received} images unusable: {s.last_bad}"
        problems.append((Level.ERROR if all_bad else Level.WARN, text))
    if s.recent_failed:
        level = Level.ERROR if s.rate_out == 0 else Level.WARN
        problems.append((level, f"processing failed for {s.recent_failed} images: {s.last_failure}"))
    if health.camera_problem:
        problems.append((Level.WARN, f"intrinsics not used: {health.camera_problem}"))
    return problems


def _values(health: Health, s: Snapshot) -> dict[str, str]:
    return {
        "image topic": health.image_topic,
        "publishers": str(health.publishers),
        "rate in (Hz)": f"{s.rate_in:.2f}",
        "rate out (Hz)": f"{s.rate_out:.2f}",
        **_latency("stamp", s.latency_from_stamp, "the stamps are not of this clock" if s.rate_out else "no result"),
        **_latency("arrival", s.latency_from_arrival, "no result"),
        "longest wait (ms)": f"{1e3 * s.longest_wait:.1f}",
        "seconds since last image": f"{s.silence:.2f}",
        "received": str(s.received),
        "processed": str(s.processed),
        "dropped": str(s.dropped),
        "lost by the middleware": str(s.lost),
        "bad messages": str(s.bad),
        "failed": str(s.failed),
        "persons": str(s.persons),
        "image size": _size(s.resolution.full) if s.resolution else "none yet",
        "size the model saw": _size(s.resolution.seen) if s.resolution else "none yet",
        "pixels fed": str(s.resolution.pixels) if s.resolution else "0",
        "downsample": f"{s.resolution.factor:g}" if s.resolution else "none yet",
        "privacy guard": _guard(health.max_input_pixels, s.resolution),
        "intrinsics": "calibrated" if health.calibrated else "not known: root positions are not valid",
    }


def _latency(since: str, latency: Latency | None, otherwise: str) -> dict[str, str]:
    p50, p95 = (otherwise, otherwise) if latency is None else (f"{1e3 * latency.p50:.1f}", f"{1e3 * latency.p95:.1f}")
    return {f"latency from {since} p50 (ms)": p50, f"latency from {since} p95 (ms)": p95}


def _size(size: tuple[int, int]) -> str:
    return f"{size[0]} x {size[1]}"


def _guard(max_input_pixels: int, resolution: Resolution | None) -> str:
    if not max_input_pixels:
        return "off"
    text = f"at most {max_input_pixels} pixels of an image are used"
    if resolution is None or resolution.full == resolution.seen:
        return text
    return f"{text}; frames of {_size(resolution.full)} are reduced to {_size(resolution.seen)} first"
