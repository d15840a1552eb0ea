"""The demonstration: a bag is played to a running node, and what arrives over DDS is measured and drawn."""

import re
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sensor_msgs.msg import CameraInfo
from visualization_msgs.msg import MarkerArray

from orpose_models.datasets.bags.create import BagPlan
from orpose_models.datasets.bags.topics import camera_info_topic
from orpose_models.datasets.multiview import read_qualisys
from orpose_models.files.assets import fetch
from orpose_models.messages.fields import stamp_of
from orpose_models.messages.pose_messages import poses_from_messages
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.poses import Poses
from orpose_models.vocabulary.reporting import Reporter
from orpose_ros.parameters import PARAMETERS
from orpose_ros.tools.client import Camera, Client, NodeProgram, Program
from orpose_ros.tools.demo_footage import draw_bag, make_bag
from orpose_ros.tools.marker_picture import save_marker_picture

_CAMERA = "cam02"  # of the footage
_START_TIMEOUT = 180.0  # seconds until the node must have its model; it may have to build one
_LAST_POSES = 5.0  # seconds for what is still being worked on when the bag is over


@dataclass(frozen=True)
class Arrivals:
    """What arrived over DDS.

    Attributes:
        sent: when each image was published, by its stamp: the arrival of its camera_info, which the player sends
            just before it. Times are of `time.monotonic`.
        camera: what the node answered.
    """

    sent: dict[int, float]
    camera: Camera

    @property
    def markers(self) -> MarkerArray:
        """Those of the image with the most, the latest of them."""
        return max(
            reversed(self.camera.markers.values()), key=lambda message: len(message.markers), default=MarkerArray()
        )

    def poses(self) -> dict[int, Poses]:
        """The persons by stamp, of images whose 2D and 3D poses both arrived."""
        found2d, found3d = self.camera.poses2d, self.camera.poses3d
        both = sorted(found2d.keys() & found3d.keys())
        return {stamp: poses_from_messages(found2d[stamp], found3d[stamp])[0] for stamp in both}

    def latencies(self) -> list[float]:
        """Seconds from the publication of an image to the arrival of its 3D poses here, sorted."""
        return sorted(at - self.sent[stamp] for stamp, at in self.camera.arrived.items() if stamp in self.sent)

    def rate(self) -> float:
        """Pose messages per second."""
        times = sorted(self.camera.arrived.values())
        return (len(times) - 1) / (times[-1] - times[0]) if len(times) > 1 else 0.0

    def summary(self) -> list[str]:
        """Rate, latency and persons, in words."""
        poses = self.poses()
        counts = [len(one) for one in poses.values()]
        latencies = self.latencies()
        model = self.camera.skeleton[0]
        lines = [
            f"model      {model.model} ({model.engine}, sha256 {model.model_sha256[:12]})",
            f"images     {len(self.sent)} seen published, {len(poses)} with poses, at {self.rate():.1f} a second",
            f"persons    {sum(counts)} in all, {np.mean(counts):.1f} per image on average, {max(counts)} at most",
        ]
        if latencies:
            p50, p95 = (1000 * float(np.percentile(latencies, q)) for q in (50, 95))
            lines.insert(
                2, f"latency    {p50:.0f} ms median, {p95:.0f} ms for 95 %, from image published to poses here"
            )
        return lines


def demonstrate(
    out: Path,
    model: str | None,
    downsample: float,
    rate: float,
    say: Callable[[str], None],
    reporter: Reporter,
    view: bool = False,
) -> None:
    """Play footage of several people to the node, and draw the poses that arrive.

    Args:
        out: folder for the results; a bag that is there is played again.
        model: name of the model; None for the node's.
        downsample: factor by which images are reduced first.
        rate: how fast to play the footage of 60 images a second.
        say: called with a sentence.
        reporter: hears how far it is.
        view: whether to show it in the browser meanwhile.

    Raises:
        OrposeError: as `run_demo`, the page cannot be served, or the weights or the footage cannot be fetched.
    """
    footage = fetch(["weights", "multiperson"], report=say)["multiperson"]
    camera = {placed.name: placed.camera for placed in read_qualisys(footage / "Calib.qca.txt")}[_CAMERA]
    assert camera.gravity is not None
    plan = BagPlan(short_side=640)
    bag = make_bag(footage / f"{_CAMERA}.mp4", out / "bag", plan, camera, reporter)
    gravity = [round(float(g), 6) for g in camera.gravity]
    parameters = {"model": model or PARAMETERS["model"].default, "downsample": downsample, "gravity": gravity}
    say(f"playing {bag} at {rate:g} times its speed to the node")
    infos = camera_info_topic(plan.topic)
    with live_view(gravity, out / "view.txt", say) if view else nullcontext():
        arrivals = run_demo(bag, plan.topic, infos, parameters, rate, out / "log.txt")
    for line in arrivals.summary():
        say(line)
    draw_bag(bag, arrivals.poses(), plan, camera, out / "overlay.mp4", arrivals.rate(), reporter)
    save_marker_picture(arrivals.markers, out / "markers.png", "3D markers as they arrived, in the camera's frame")
    say(f"pictures -> {out / 'overlay.mp4'}, {out / 'markers.png'}")


@contextmanager
def live_view(gravity: Sequence[float], log: Path, say: Callable[[str], None]) -> Iterator[None]:
    """A page that shows what the node publishes, for as long as the `with` statement lasts.

    Args:
        gravity: in the camera's optical axes.
        log: what the page's node says is written here.
        say: called with a sentence that has the address.

    Raises:
        OrposeError: it does not start; `log` says more.
    """
    log.unlink(missing_ok=True)
    options = {
        "poses3d_topic": "poses3d",
        "gravity": list(gravity),
        "cameras": _CAMERA,
        "overlay_topic": "overlay",
        "port": 0,
    }
    words = [word for name, value in options.items() for word in ("-p", f"{name}:={value}")]
    with Program([sys.executable, "-m", "orpose_ros.web_view", "--ros-args", *words], log) as page:
        end = time.monotonic() + _START_TIMEOUT
        while not (address := re.search(r"is shown on (\S+)", page.log)):
            if not page.runs or time.monotonic() > end:
                raise OrposeError(f"the live view does not start; see {log}")
            time.sleep(0.1)
        say(f"live view  {address[1]}, until the footage has been played")
        yield


def run_demo(bag: Path, images: str, infos: str, parameters: dict[str, Any], rate: float, log: Path) -> Arrivals:
    """Start the node, play the bag to it, and collect what it publishes.

    Args:
        bag: has images and camera_info.
        images, infos: their topics.
        parameters: of the node.
        rate: how fast to play.
        log: what node and player say is written here.

    Raises:
        OrposeError: the node does not start or fails, or no poses with persons arrive; `log` says more.
    """
    log.unlink(missing_ok=True)
    sent: dict[int, float] = {}
    verb = "from orpose_ros.tools.command import main; main()"
    play = [sys.executable, "-c", verb, "bag", "play", str(bag), "--rate", str(rate), "--wait", "20"]
    with NodeProgram(log, image_topic=images, **parameters) as node, Client(node, limit=_START_TIMEOUT) as client:
        camera = Camera(client)
        # The player sends it just before the image.
        client.listen(CameraInfo, infos, lambda info: sent.update({stamp_of(info.header): time.monotonic()}))
        client.wait(lambda: camera.skeleton, "the node did not become active")  # then it says what its poses mean
        with Program(play, log) as player:
            while player.runs and node.runs:
                client.spin(0.1)
        client.wait_briefly(lambda: max(sent, default=0) in camera.arrived or not node.runs, _LAST_POSES)
    if node.process.returncode != 0 or player.process.returncode != 0:
        codes = f"node ended with code {node.process.returncode}, player with {player.process.returncode}"
        raise OrposeError(f"{codes}; see {log}")
    arrivals = Arrivals(sent, camera)
    if not any(len(poses) for poses in arrivals.poses().values()):
        raise OrposeError(f"no poses with persons arrived over DDS ({len(sent)} images seen published); see {log}")
    return arrivals
