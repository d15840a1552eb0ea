"""The runs that `tools/kills.py` kills: small inputs of real footage, the commands, and what they leave when they end.

Everything lies below one folder: `input` is made once and only read, and every run writes to the same place.
"""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FRAMES = 6
WIDTH, HEIGHT = 320, 240
_CONFIG = """
name: small
model: {kind: light, start: coco}
data: {workers: 0}
optimiser: {kind: channel_adam, learning_rate: 2.0e-4}
schedule: {kind: cosine, iterations: 6, warmup: 2}
augmentation: {inputs: [{share: 1, width: 160, height: 128}]}
evaluation: {dataset: "%s", every: 3, factors: [1, 4], images: 2}
batch: 1
ema: 0.9
threads: 1
log_every: 1
pictures_every: 100
checkpoint_every: 2
"""


@dataclass(frozen=True)
class Case:
    """One command.

    Attributes:
        name: of the verb.
        arguments: of the command; OUT stands for the folder of the chain, IN for the inputs.
        grows: files that get longer line by line, relative to OUT: half of one is its beginning.
        loose: names of folders and files that differ from run to run, such as TensorBoard's.
        refused: what the same command says when all is done; None if it ends well.
    """

    name: str
    arguments: tuple[str, ...]
    grows: tuple[str, ...] = ()
    loose: tuple[str, ...] = ()
    refused: str | None = None

    @property
    def reads(self) -> tuple[str, ...]:
        """The arguments, and the images that labels name."""
        return (*self.arguments, "IN/images") if "IN/taught/labels.json" in self.arguments else self.arguments

    def command(self, inputs: Path, out: Path) -> list[str]:
        """The arguments with the folders filled in."""
        return [part.replace("OUT", str(out)).replace("IN/", f"{inputs}/") for part in self.arguments]


CASES = (
    Case("predict, a folder", ("predict", "IN/images", "--out", "OUT/found", "--threads", "1")),
    Case("predict, a video", ("predict", "IN/film.mp4", "--out", "OUT/found", "--threads", "1")),
    Case("bag run", ("bag", "run", "IN/bag", "OUT/poses", "--threads", "1"), refused="exists already"),
    Case("teach", ("teach", "IN/images", "IN/film.mp4", "--out", "OUT/labels.json", "--teacher", "teacher-fast")),
    Case(
        "train",
        ("train", "IN/small.yaml", "--labels", "IN/taught/labels.json", "--out", "OUT/run"),
        grows=("run/history.jsonl",),
        loose=("tensorboard", "checkpoint.pt"),
    ),
    Case(
        "evaluate",
        ("evaluate", "run", "--dataset", "predictions:IN/truth/predictions.json", "--images", "IN/images")
        + ("--model", "orpose-all-light", "--downsample", "1,4", "--out", "OUT/measured", "--threads", "1"),
    ),
    Case("export", ("export", "IN/trained/small.safetensors", "--out", "OUT/model"), refused="exists already"),
)


def command(arguments: list[str]) -> int:
    """Run the command in this process; its exit code."""
    from orpose_models.cli.main import run

    return run(arguments)


def make_inputs(folder: Path) -> None:
    """Write frames of the fetched footage as a folder, a video and a bag, labels of them and a trained student."""
    import cv2

    from orpose_models.datasets.bags.types import message_class
    from orpose_models.datasets.bags.writer import new_bag
    from orpose_models.datasets.frames import open_frames
    from orpose_models.files.assets import asset
    from orpose_models.files.picture_writer import PictureWriter
    from orpose_models.messages.fields import make_header
    from orpose_models.messages.images import bgr_to_image

    source = open_frames(asset("multiperson") / "cam01.mp4")
    frames = source.frames(max(1, len(source) // FRAMES))
    images = [cv2.resize(frame.image, (WIDTH, HEIGHT)) for frame, _ in zip(frames, range(FRAMES), strict=False)]
    (folder / "images").mkdir(parents=True)
    for number, image in enumerate(images):
        (folder / "images" / f"{number}.png").write_bytes(cv2.imencode(".png", image)[1].tobytes())
    with PictureWriter(folder / "film.mp4", 10) as writer:
        for image in images:
            writer.write("", image)
    with new_bag(folder / "bag") as bag:
        bag.add_topic("/camera/image_raw", "sensor_msgs/msg/Image")
        for number, image in enumerate(images):
            stamp = (number + 1) * 10**8
            bag.write(
                "/camera/image_raw",
                bgr_to_image(image, make_header(stamp, "camera", message_class), message_class),
                stamp,
            )
    truth = folder / "truth" / "predictions.json"
    shutil.copytree(folder / "images", truth.parent)  # where a training's evaluation looks for them
    (folder / "small.yaml").write_text(_CONFIG % f"predictions:{truth}")
    small = ("--set", "schedule.iterations=2", "--set", "evaluation=null", "--out", str(folder / "trained"))
    for arguments in (
        ("predict", str(folder / "images"), "--out", str(truth.parent), "--no-pictures"),
        ("teach", str(folder / "images"), "--out", str(folder / "taught/labels.json"), "--teacher", "teacher-fast"),
        ("train", str(folder / "small.yaml"), "--labels", str(folder / "taught/labels.json"), *small),
    ):
        if code := command(list(arguments)):
            raise RuntimeError(f"making the inputs: {' '.join(arguments)} ended with {code}")


def result(case: Case, out: Path) -> dict[str, bytes]:
    """What lies in the folder of a chain and may be looked at: neither hidden nor different from run to run."""
    found = {}
    for path in sorted(out.rglob("*")):
        parts = path.relative_to(out).parts
        if path.is_file() and not any(part.startswith(".") or part in case.loose for part in parts):
            found[str(Path(*parts))] = path.read_bytes()
    return found


def left_behind(out: Path) -> list[str]:
    """Hidden files and folders: what a run keeps for itself while it works."""
    hidden = (path for path in sorted(out.rglob("*")) if path.name.startswith("."))
    return [str(path.relative_to(out)) for path in hidden]


def half_written(case: Case, out: Path, whole: dict[str, bytes]) -> list[str]:
    """Files in the folder of a run that was killed that are not as they are to be in the end."""
    wrong = []
    for name, content in result(case, out).items():
        end = whole.get(name)
        if end is None or not (content == end or (name in case.grows and grown(content, end))):
            wrong.append(name)
    return wrong


def grown(content: bytes, end: bytes) -> bool:
    """Whether a file of lines is on its way to another: its whole lines are the other's."""
    lines = content[: content.rfind(b"\n") + 1]
    return end.startswith(lines)


def emptied(out: Path) -> Path:
    """The folder of a chain, made anew."""
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    return out


def quiet_libraries() -> None:
    """One thread each, so that a process can be forked; imported once, so that what is killed is work."""
    os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", ORT_NUM_THREADS="1")
    import cv2

    cv2.setNumThreads(1)
    modules: list[Any] = []
    import onnxruntime
    import torch

    import orpose_models.cli.main
    import orpose_models.runs.bag_run
    import orpose_models.runs.file_run
    import orpose_models.student.export
    import orpose_models.training.teach_run
    import orpose_models.training.trainer

    modules += [onnxruntime, torch, orpose_models]
    torch.set_num_threads(1)
