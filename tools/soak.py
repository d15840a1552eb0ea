"""A node under stress for minutes or hours: `make soak MINUTES=60`.

Cameras come, go, stall, change the size of their images, send damaged ones and lie about stamps, each at random and on
its own, while other processes take the processors. Right is that the node neither ends nor shows a traceback, that its
poses bear the stamps of images that were sent, that its memory stays flat, and that in the end every camera's images
give poses again. What was measured is written into a JSON file, and from it into the document.
"""

import argparse
import json
import multiprocessing
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import cv2
import rclpy
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from reliability_page import write_section
from soak_cameras import NAMESPACE, Eye

from orpose_models.datasets.frames import open_frames
from orpose_models.files.assets import asset
from orpose_ros.dds import use_large_image_profile

TITLE = "A node under stress"
_LIMIT = 600.0  # seconds until the node must be up, or have answered


class Soak:
    """The node's process, the cameras, and what is noted of them."""

    def __init__(self, folder: Path, cameras: int, seed: int, rate: float) -> None:
        use_large_image_profile(os.environ)
        domain = 30 + os.getpid() % 60
        names = [f"cam{i + 1}" for i in range(cameras)]
        command = [sys.executable, "-m", "orpose_ros.pose_node", "--ros-args", "-r", f"__ns:={NAMESPACE}"]
        options = (
            f"cameras:={','.join(names)}",
            "threads:=1",
            "image_reliability:=reliable",
        )
        command += [word for option in options for word in ("-p", option)]
        self.log = folder / "node.log"
        environment = {**os.environ, "ROS_DOMAIN_ID": str(domain), "ROS_LOG_DIR": str(folder)}
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env=environment)
        self._context = Context()
        rclpy.init(args=[], context=self._context, domain_id=domain)
        node = Node("orpose_soak", context=self._context)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(node)
        source = open_frames(asset("multiperson") / "cam01.mp4")
        frames = source.frames(max(1, len(source) // 4))
        pictures = [cv2.resize(frame.image, (640, 480)) for frame, _ in zip(frames, range(4), strict=False)]
        self.eyes = [Eye(node, name, pictures, f"{seed} {name}", rate) for name in names]
        self.memory: list[tuple[float, int]] = []  # seconds, MiB

    def answered(self) -> float:
        """Send good images of every camera until each gives poses; seconds."""
        began = time.monotonic()
        before = [eye.poses for eye in self.eyes]
        while any(eye.poses == count for eye, count in zip(self.eyes, before, strict=True)):
            if self.process.poll() is not None or time.monotonic() - began > _LIMIT:
                return float("inf")
            for eye in self.eyes:
                eye.come()
                eye.send(honest=True)
            self.spin(1.0)
        return time.monotonic() - began

    def stress(self, seconds: float) -> None:
        """Let the cameras do as they like."""
        began = noted = time.monotonic()
        while (now := time.monotonic()) - began < seconds and self.process.poll() is None:
            for eye in self.eyes:
                eye.act(now)
            self.spin(0.02)
            if now - noted >= 5:
                noted = now
                self.memory.append((now - began, resident(self.process.pid)))

    def spin(self, seconds: float) -> None:
        """Let messages arrive."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._executor.spin_once(timeout_sec=left)

    def end(self) -> int | None:
        """Ask the node to end; its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        try:
            return self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return None
        finally:
            self._executor.shutdown()
            rclpy.shutdown(context=self._context)


def resident(pid: int) -> int:
    """Memory of a process in MiB."""
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) // 1024 if found else 0


def hog() -> None:
    """Take a processor, after everybody else."""
    os.nice(19)
    while True:
        sum(range(10000))


def soak(minutes: float, cameras: int, hogs: int, seed: int, rate: float, folder: Path) -> dict[str, Any]:
    """Stress a node; what was measured."""
    folder.mkdir(parents=True, exist_ok=True)
    context = multiprocessing.get_context("spawn")
    others = [context.Process(target=hog, daemon=True) for _ in range(hogs)]
    for other in others:
        other.start()
    run = Soak(folder, cameras, seed, rate)
    try:
        if run.answered() == float("inf"):
            raise SystemExit(f"error: the node gave no poses at the start: {run.log.read_text()[-600:]}")
        counts = [(eye.poses, sum(eye.sent.values())) for eye in run.eyes]
        began = time.monotonic()
        run.stress(60 * minutes)
        seconds = time.monotonic() - began
        poses = sum(eye.poses - before for eye, (before, _) in zip(run.eyes, counts, strict=True))
        alive = run.process.poll() is None
        again = run.answered() if alive else float("inf")
    finally:
        code = run.end()
        for other in others:
            other.kill()
    log = run.log.read_text(errors="replace")
    sizes = [size for _, size in run.memory]
    settled = sizes[len(sizes) // 5 :]
    return {
        "minutes": round(seconds / 60, 1),
        "cameras": cameras,
        "hogs": hogs,
        "seed": seed,
        "rate": rate,
        "sent": dict(sum((eye.sent for eye in run.eyes), Counter())),
        "poses": poses,
        "strange": sum(eye.strange for eye in run.eyes),
        "warnings": log.count("[WARN]"),
        "tracebacks": log.count("Traceback"),
        "lost": log.count("an image is lost"),
        "alive": alive,
        "answered_again": again if again < float("inf") else None,
        "exit_code": code,
        "memory_mib": {
            "first": sizes[0] if sizes else 0,
            "after a fifth": settled[0] if settled else 0,
            "last": sizes[-1] if sizes else 0,
            "most": max(sizes, default=0),
        },
    }


def section(found: dict[str, Any]) -> str:
    """The section of docs/reliability.md."""
    sent, memory = found["sent"], found["memory_mib"]
    rows = [f"| {name} | {count} |" for name, count in sorted(sent.items())]
    again = "none came" if found["answered_again"] is None else f"after {found['answered_again']:.1f} s"
    sizes = f"{memory['first']}, {memory['after a fifth']}, {memory['last']}, {memory['most']} MiB"
    return f"""Written by `make soak` (`tools/soak.py`). A node with {found["cameras"]} cameras of {found["rate"]:g}
images a second ran for **{found["minutes"]:g} minutes** beside {found["hogs"]} processes that take what they get of
the processors, on a machine that had other work as well. Each camera comes, goes, stalls, changes its size, sends
damaged images and lies about stamps, at random (seed {found["seed"]}).

| what the cameras did | times |
|---|---|
{chr(10).join(rows)}

| what the node did | |
|---|---|
| poses of images | {found["poses"]} |
| poses with a stamp that nobody sent | {found["strange"]} |
| warnings, of one sentence each | {found["warnings"]} |
| tracebacks, images lost to an error | {found["tracebacks"]}, {found["lost"]} |
| ran until the end | {"yes" if found["alive"] else "no"} |
| poses of every camera in the end | {again} |
| exit code after Ctrl-C | {found["exit_code"]} |
| memory: first, after a fifth of the time, last, most | {sizes} |"""


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--cameras", type=int, default=3)
    parser.add_argument("--hogs", type=int, default=2, help="processes that take the processors")
    parser.add_argument("--rate", type=float, default=5.0, help="images a second of each camera")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", type=Path, default=Path("out/soak"))
    parser.add_argument("--document", type=Path, help="write what was measured into this Markdown file")
    given = parser.parse_args()
    found = soak(given.minutes, given.cameras, given.hogs, given.seed, given.rate, given.folder)
    (given.folder / "soak.json").write_text(json.dumps(found, indent=1) + "\n")
    print(json.dumps(found))
    if given.document:
        write_section(given.document, TITLE, section(found))


if __name__ == "__main__":
    main()
