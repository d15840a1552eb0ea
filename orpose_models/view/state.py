"""What the page shows at this moment. Filled in one thread, read in others."""

import json
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Condition
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from orpose_models.vocabulary.room_persons import RoomPersons
from orpose_models.vocabulary.skeletons import H36M17

_JPEG_QUALITY = 80
_RATE_WINDOW = 5.0  # seconds


@dataclass(frozen=True)
class Health:
    """A line of the page's health: of what, 'ok', 'warn' or 'error', and a sentence."""

    name: str
    level: str
    message: str


class ViewState:
    """The latest of everything.

    Args:
        title: of the page.
        images: whether pictures of the cameras may be shown; else only skeletons in space are.
    """

    def __init__(self, title: str = "orpose", images: bool = True) -> None:
        self._title, self._images = title, images
        self._changed = Condition()
        self._version = 0
        self._frame, self._stamp = "", 0.0
        self._persons: list[dict[str, Any]] = []
        self._pictures: dict[str, bytes] = {}
        self._picture_versions: dict[str, int] = {}
        self._health: dict[str, Health] = {}
        self._times: deque[float] = deque(maxlen=1000)

    def show_persons(
        self, persons: RoomPersons, cameras: Sequence[str], frame: str, stamp: float, min_score: float = 0.05
    ) -> None:
        """Show the persons of a moment.

        Args:
            persons: in a frame whose z axis points up.
            cameras: names of the columns of `persons.views`.
            frame: the frame's name.
            stamp: seconds.
            min_score: joints with lower scores are left out.
        """
        shown = np.isfinite(persons.joints).all(axis=2) & (persons.joint_scores >= min_score)
        found = [
            {
                "id": int(persons.ids[i]),
                "score": round(float(persons.scores[i]), 2),
                "cameras": [cameras[int(k)] for k in np.flatnonzero(persons.views[i] >= 0)],
                "joints": [
                    [round(float(v), 3) for v in point] if there else None
                    for point, there in zip(persons.joints[i], shown[i], strict=True)
                ],
            }
            for i in range(len(persons))
        ]
        with self._changed:
            self._persons, self._frame, self._stamp = found, frame, stamp
            self._times.append(time.monotonic())
            self._tell()

    def show_picture(self, camera: str, image: NDArray[np.uint8]) -> None:
        """Show what a camera's model saw: (h, w, 3) uint8 BGR, reduced already. Nothing is kept of it but a JPEG."""
        if not self._images:
            return
        done, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
        if not done:
            return
        with self._changed:
            self._pictures[camera] = data.tobytes()
            self._picture_versions[camera] = self._picture_versions.get(camera, 0) + 1
            self._tell()

    def show_health(self, health: Health) -> None:
        """Show or renew a line of the health."""
        with self._changed:
            self._health[health.name] = health
            self._tell()

    def picture(self, camera: str) -> bytes | None:
        """The latest JPEG of a camera."""
        with self._changed:
            return self._pictures.get(camera)

    def description(self) -> dict[str, Any]:
        """What does not change."""
        sides = [H36M17.side(joint) for joint in range(len(H36M17))]
        return {"title": self._title, "edges": [list(edge) for edge in H36M17.edges], "sides": sides}

    def wait(self, version: int, timeout: float) -> tuple[int, str]:
        """The state as JSON once it is another than `version`, or after `timeout` seconds; and its own version."""
        with self._changed:
            self._changed.wait_for(lambda: self._version != version, timeout)
            now = time.monotonic()
            recent = sum(now - at <= _RATE_WINDOW for at in self._times)
            content = {
                "frame": self._frame,
                "stamp": round(self._stamp, 3),
                "rate": round(recent / _RATE_WINDOW, 1),
                "persons": self._persons,
                "pictures": dict(sorted(self._picture_versions.items())),
                "health": [vars(one) for _, one in sorted(self._health.items())],
            }
            return self._version, json.dumps(content, allow_nan=False)

    def _tell(self) -> None:
        self._version += 1
        self._changed.notify_all()
