"""A real node for the tests of a file; every test finds it as it was started."""

import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from orpose_models.files.assets import asset
from orpose_models.model_format.pose_model import PoseModel
from orpose_models.registry.models import load_model

if TYPE_CHECKING:
    from support.rig import Rig


@pytest.fixture(scope="session")
def pictures() -> list[NDArray[np.uint8]]:
    """Successive pictures of several people, 360 x 640."""
    video = cv2.VideoCapture(str(asset("multiperson") / "cam01.mp4"))
    frames = []
    for _ in range(3):
        done, frame = video.read()
        assert done
        frames.append(cv2.resize(frame, (360, 640), interpolation=cv2.INTER_AREA))
    return frames


@pytest.fixture(scope="session")
def model() -> PoseModel:
    from support.node_checks import MODEL

    return load_model(MODEL, threads=1)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the model's weights, to be damaged and mended."""
    from support.node_checks import WEIGHTS

    folder = tmp_path_factory.mktemp("cache")
    for name in WEIGHTS:
        shutil.copytree(asset(name), folder / name)
    return folder


class _Started:
    """A node and the rig around it, started anew when it has ended."""

    def __init__(self, folder: Path, cache: Path) -> None:
        self._folder, self._cache = folder, cache
        self._rig: Any = None
        self._parameters: Any = None

    def rig(self) -> "Rig":
        from support.node_checks import DOMAIN, MODEL
        from support.rig import NodeProcess, Rig

        if self._rig is not None and not self._rig.program.runs:
            self._rig.close()
            self._rig = None
        if self._rig is None:
            environment = {"ROS_DOMAIN_ID": str(DOMAIN), "ORPOSE_CACHE": str(self._cache)}
            settings = {"model": MODEL, "threads": 1, "image_reliability": "reliable", "smoothing": False}
            process = NodeProcess(self._folder, environment, **settings)
            self._rig = Rig(process, DOMAIN)
            self._rig.wait_ready()
            self._parameters = self._rig.parameters()
        else:
            self._rig.restore(self._parameters)
        return self._rig

    def end(self) -> None:
        if self._rig is None:
            return
        process = self._rig.program
        try:
            if process.runs:
                # Told to stop while it works.
                self._rig.send(np.zeros((480, 640, 3), np.uint8))
                assert process.end(signal.SIGINT) == 0, process.log
            assert "Traceback" not in process.log
        finally:
            process.kill()
            self._rig.close()


@pytest.fixture(scope="module")
def _started(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Iterator[_Started]:
    started = _Started(tmp_path_factory.mktemp("node"), cache)
    yield started
    started.end()


@pytest.fixture
def rig(_started: _Started) -> "Rig":
    """The file's node, active and with the parameters that it was started with, whatever the test before did."""
    return _started.rig()
