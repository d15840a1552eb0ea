"""What the node adds to the time of its model, and what becomes of the images of one camera and of several.

The node runs in a process of its own, as it is used; here images are published to it and all its outputs are
subscribed to. `python -m orpose_ros.tools.node_benchmark MODEL [THREADS]` prints the measurement as JSON.
"""

import os
import sys
import time
from array import array
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import Image

from orpose_models.lab.benchmark.benchmark_files import Camera, NodeBenchmark, NodeRun
from orpose_models.lab.benchmark.benchmark_run import REFERENCE_PERSONS
from orpose_models.lab.benchmark.contenders import Contender
from orpose_models.lab.benchmark.machine import Circumstances
from orpose_models.lab.benchmark.measuring_process import ContenderError, MeasuringProcess
from orpose_models.lab.benchmark.staged_pictures import SIZE, pictures, save_pictures
from orpose_models.lab.benchmark.timing_statistics import timing
from orpose_models.messages.camera_info import camera_info_message
from orpose_models.messages.fields import make_header
from orpose_models.vocabulary import cameras
from orpose_models.vocabulary.errors import OrposeError
from orpose_ros.message_types import message_class
from orpose_ros.tools.client import Client, NodeProgram, PlayedCamera

CALLS = 60
WARM = 8
SINGLE_FPS, SEVERAL_FPS = 30.0, 15.0
SECONDS = 10.0
CAMERAS = ("cam1", "cam2", "cam3", "cam4")

_NAMESPACE = "/orpose_benchmark"


class _Eye(PlayedCamera):
    """One camera as the benchmark plays it: pictures in turn, with intrinsics, stamped with the time."""

    def __init__(self, client: Client, name: str, images: list[Image]) -> None:
        super().__init__(client, name, _NAMESPACE, keep=False)
        self._images_to_show = images
        camera = replace(cameras.Camera.from_fov(*SIZE), guessed=False)
        self._info = camera_info_message(camera, make_header(0, "camera", message_class), message_class)

    def send_next(self) -> int:
        """Publish the next picture, and the intrinsics; the stamp in nanoseconds."""
        stamp = time.time_ns()
        self.send_info(self._info)
        self.send(self._images_to_show[len(self.sent) % len(self._images_to_show)], stamp)
        return stamp

    def ask(self) -> float:
        """Publish an image and wait for its poses; seconds."""
        stamp = self.send_next()
        self.client.wait(lambda: stamp in self.arrived, "the node gave no poses")
        return self.arrived[stamp] - self.sent[stamp]

    def count(self, key: str) -> int:
        """A count of the node's latest diagnostics."""
        return int(self._value(-1, key))

    def longest_wait(self) -> float:
        """The longest time that an image waited for its turn, in milliseconds, by all diagnostics that came."""
        return max(float(self._value(i, "longest wait (ms)")) for i in range(len(self.statuses)))

    def _value(self, status: int, key: str) -> str:
        return next((pair.value for pair in self.statuses[status].values if pair.key == key), "0")


def _fresh_status(client: Client, eyes: list[_Eye]) -> None:
    """Wait for diagnostics that were made after now."""
    wanted = [len(eye.statuses) + 2 for eye in eyes]
    client.wait(
        lambda: all(len(eye.statuses) >= count for eye, count in zip(eyes, wanted, strict=True)),
        "the node gave no diagnostics",
    )


def measure_node(model: str, threads: int, report: Callable[[str], None] = lambda text: None) -> NodeBenchmark:
    """Measure the node with a model.

    Args:
        model: a name that `load_model` knows.
        threads: how many the model may use.
        report: called with one sentence before each step.

    Raises:
        OrposeError: the model cannot be loaded, the footage is not fetched, or the node does not work.
    """
    circumstances = Circumstances()
    shown = pictures(REFERENCE_PERSONS)
    with TemporaryDirectory(prefix="orpose-benchmark-") as temporary:
        folder = Path(temporary)
        report(f"the node beside the model alone, {CALLS} images each")
        bare, node, engine = _overhead(model, threads, shown, folder)
        report(f"one camera of {SINGLE_FPS:g} images a second for {SECONDS:g} s")
        single = _stream(model, threads, shown, folder, ("",), SINGLE_FPS)
        report(f"{len(CAMERAS)} cameras of {SEVERAL_FPS:g} images a second each for {SECONDS:g} s")
        several = _stream(model, threads, shown, folder, CAMERAS, SEVERAL_FPS)
    name = Path(model).name
    return NodeBenchmark(
        **circumstances.record(),
        command=f"orpose benchmark-node --model {name} --threads {threads}",
        model=name,
        engine=engine,
        threads=threads,
        persons=REFERENCE_PERSONS,
        bare=timing(bare),
        node=timing(node),
        single=single,
        several=several,
    )


def _overhead(
    model: str, threads: int, shown: list[NDArray[np.uint8]], folder: Path
) -> tuple[list[float], list[float], str]:
    """Seconds of the model alone and of the node, image by image in turn, and the model's engine."""
    files = save_pictures(REFERENCE_PERSONS, folder)
    bare, node = [], []
    try:
        with MeasuringProcess(Contender("model", model, None, threads), pinned=False) as alone:
            alone.wait_loaded()
            engine = alone.do("start", picture=files[0], persons=0, boxes=[])["engine"]

            def ask_alone(i: int) -> float:
                order = {"persons": 0, "downsample": 1.0, "boxes": [], "warm": 0, "calls": 1}
                seconds: float = alone.do("run", pictures=[files[i % len(files)]], **order)["seconds"][0]
                return seconds

            for i in range(len(files)):
                ask_alone(i)
            with _running(model, threads, shown, folder, ("",)) as (_, eyes):
                for i in range(CALLS):
                    node.append(eyes[0].ask())
                    bare.append(ask_alone(i))
    except ContenderError as problem:
        raise OrposeError(str(problem)) from None
    return bare, node, str(engine)


def _stream(
    model: str, threads: int, shown: list[NDArray[np.uint8]], folder: Path, names: tuple[str, ...], fps: float
) -> NodeRun:
    """Cameras that send images at their own rate, whatever the node makes of them."""
    with _running(model, threads, shown, folder, names) as (client, eyes):
        before = [{key: eye.count(key) for key in ("received", "processed", "dropped")} for eye in eyes]
        for eye in eyes:
            eye.statuses.clear()
            eye.sent.clear()
            eye.arrived.clear()
        start = time.monotonic()
        images = round(SECONDS * fps)
        for i in range(images):
            for j, eye in enumerate(eyes):
                # The cameras are not synchronised: their images are spread evenly over the period.
                client.spin(start + (i + j / len(eyes)) / fps - time.monotonic())
                eye.send_next()
        client.spin(start + images / fps - time.monotonic())
        arrived = [len(eye.arrived) for eye in eyes]
        client.spin(1.0)
        _fresh_status(client, eyes)
        seen = [
            Camera(
                name=eye.name or "camera",
                sent=len(eye.sent),
                received=eye.count("received") - first["received"],
                processed=eye.count("processed") - first["processed"],
                dropped=eye.count("dropped") - first["dropped"],
                oldest_ms=eye.longest_wait(),
                rate=round(count / SECONDS, 2),
            )
            for eye, first, count in zip(eyes, before, arrived, strict=True)
        ]
        latencies = [eye.arrived[s] - eye.sent[s] for eye in eyes for s in eye.arrived if s in eye.sent]
    if not latencies:
        raise OrposeError("the node gave no poses of images that came at the cameras' rate")
    return NodeRun(cameras=seen, fps=fps, seconds=SECONDS, latency=timing(latencies))


@contextmanager
def _running(
    model: str, threads: int, shown: list[NDArray[np.uint8]], folder: Path, names: tuple[str, ...]
) -> Iterator[tuple[Client, list[_Eye]]]:
    """A node that is active and warm, with these cameras; ended at the end."""
    domain = os.getpid() % 100  # nobody else's node is to be measured along
    parameters = {"model": model, "threads": threads, "image_reliability": "reliable"}
    if names != ("",):
        parameters["cameras"] = ",".join(names)
    environment = {"ROS_DOMAIN_ID": str(domain), "ROS_LOG_DIR": str(folder)}
    program = NodeProgram(folder / "log.txt", environment, namespace=_NAMESPACE, **parameters)
    with program, Client(program, domain) as client:
        eyes = [_Eye(client, name, [_message(picture) for picture in shown]) for name in names]
        client.wait(lambda: all(eye.is_heard for eye in eyes), "the node subscribes to no images")
        for eye in eyes:
            for _ in range(WARM):
                eye.ask()
        _fresh_status(client, eyes)
        yield client, eyes


def _message(picture: NDArray[np.uint8]) -> Image:
    height, width = picture.shape[:2]
    message = Image(height=height, width=width, encoding="bgr8", step=3 * width)
    message.header.frame_id = "camera"
    message.data = array("B", picture.tobytes())
    return message


if __name__ == "__main__":
    print(measure_node(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 1).model_dump_json(indent=1))
