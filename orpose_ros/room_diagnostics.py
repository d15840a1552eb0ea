"""What `/diagnostics` says of a room: pure functions from what is known to level, sentence and values."""

from collections.abc import Sequence
from dataclasses import dataclass

from orpose_models.fusion.camera_check import CameraVerdict
from orpose_models.fusion.room import Room
from orpose_ros.diagnostics import Level, Status

SILENCE = 5.0  # seconds without a moment after which the room counts as blind


@dataclass
class RoomHealth:
    """What can be wrong with a room.

    Attributes:
        state: lifecycle state by name.
        problem: why configuring failed; empty if it did not.
        moments: how many were published in the last `SILENCE` seconds.
        persons: in the last one.
        cost: seconds that the last one took.
        verdicts: of the cameras, as last checked.
    """

    state: str = "unconfigured"
    problem: str = ""
    moments: int = 0
    persons: int = 0
    cost: float = 0.0
    verdicts: Sequence[CameraVerdict] = ()


def room_status(health: RoomHealth, room: Room | None) -> Status:
    """Of the room as a whole."""
    values = {"state": health.state}
    if health.problem:
        return Status(Level.ERROR, f"not configured: {health.problem}", values)
    if health.state != "active" or room is None:
        return Status(Level.OK, health.state, values)
    rate = health.moments / SILENCE
    values |= {
        "rate out (Hz)": f"{rate:.2f}",
        "persons": str(health.persons),
        "cost of a moment (ms)": f"{1e3 * health.cost:.2f}",
    }
    if not health.moments:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in room.missing.items()) or "no poses arrive"
        return Status(Level.ERROR, f"no moment for {SILENCE:g} s: {reasons}", values)
    return Status(Level.OK, f"{rate:.1f} moments a second, {health.persons} persons", values)


def camera_statuses(health: RoomHealth, room: Room | None) -> dict[str, Status]:
    """Of each camera by name: whether it takes part, and whether it is where the calibration says."""
    if room is None:
        return {}
    verdicts = {verdict.name: verdict for verdict in health.verdicts}
    found = {}
    for name in room.names:
        verdict = verdicts.get(name)
        if name in room.missing:
            found[name] = Status(Level.WARN, room.missing[name])
        elif verdict is None:
            found[name] = Status(Level.OK, "not compared yet")
        else:
            level = Level.WARN if verdict.state in ("moved", "disagrees") else Level.OK
            values = {"state": verdict.state, "reprojection error (px)": f"{verdict.error_px:.2f}"}
            if verdict.state == "moved":
                values |= {"turned (degrees)": f"{verdict.turned_deg:.2f}", "moved (m)": f"{verdict.moved_m:.3f}"}
            found[name] = Status(level, verdict.sentence, values)
    return found
