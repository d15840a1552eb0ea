"""A recording of a room, as `orpose fuse` makes it, played into the page or into Rerun."""

import time

import numpy as np

from orpose_models.datasets.bags.reader import Bag
from orpose_models.datasets.bags.room_bag import room_messages
from orpose_models.messages.room_messages import ROOM_COLOURS
from orpose_models.view.state import Health, ViewState
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.skeletons import H36M17

_LONGEST_PAUSE = 1.0  # seconds between two moments


def play(bag: Bag, topic: str, state: ViewState, speed: float = 1.0) -> int:
    """Show a recording once, as fast as it was taken.

    Args:
        bag: the recording. topic: of the persons.
        state: what the page shows.
        speed: how many times as fast; 0 for without waiting.

    Returns:
        How many moments there were.
    """
    before: float | None = None
    count = 0
    for moment in room_messages(bag, topic):
        persons, stamp = moment.persons, moment.stamp_ns * 1e-9
        if before is not None and speed > 0:
            time.sleep(min(max(stamp - before, 0.0), _LONGEST_PAUSE) / speed)
        before = stamp
        state.show_persons(persons, moment.cameras, moment.frame, stamp)
        for k, name in enumerate(moment.cameras):
            errors = persons.errors[:, k][np.isfinite(persons.errors[:, k])]
            seen = f"sees {len(errors)}" + (f", {np.median(errors):.1f} px from the others" if len(errors) else "")
            state.show_health(Health(name, "ok", seen))
        count += 1
    return count


def log_to_rerun(bag: Bag, topic: str) -> int:
    """Show a recording in the Rerun viewer, which is started.

    Returns:
        How many moments there were.

    Raises:
        OrposeError: Rerun is not installed, or its viewer cannot be started.
    """
    try:
        import rerun
    except ImportError:
        raise OrposeError("Rerun is not installed; install it: pip install rerun-sdk") from None
    try:
        rerun.init("orpose", spawn=True)
    except RuntimeError as error:
        reason = str(error).strip().splitlines()[0]
        raise OrposeError(f"the Rerun viewer does not start: {reason}") from None
    rerun.log("room", rerun.ViewCoordinates.RIGHT_HAND_Z_UP, static=True)
    shown: set[int] = set()
    count = 0
    for moment in room_messages(bag, topic):
        persons = moment.persons
        rerun.set_time("stamp", timestamp=moment.stamp_ns * 1e-9)
        for i, person in enumerate(persons.ids.tolist()):
            joints = persons.joints[i]
            bones = [[joints[a], joints[b]] for a, b in H36M17.edges]
            colour = np.rint(255 * ROOM_COLOURS[person % len(ROOM_COLOURS)]).astype(np.uint8)
            lines = rerun.LineStrips3D(bones, radii=0.015, labels=[str(person)], colors=colour)
            rerun.log(f"room/{person}/bones", lines)
            rerun.log(f"room/{person}/joints", rerun.Points3D(joints, radii=0.03, colors=colour))
        for person in shown - set(persons.ids.tolist()):
            rerun.log(f"room/{person}", rerun.Clear(recursive=True))
        shown = set(persons.ids.tolist())
        count += 1
    return count
