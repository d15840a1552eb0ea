"""Damages valid files and messages at random and watches what becomes of them: `make torture`.

Each case is one input with one damage, made from a seed and a number, so that it can be made again. It is read in a
process of its own kind that does many cases; the process that watches counts what happens: read, refused with one
sentence, an error without a sentence (a bug), a crash, a hang. What is done is kept in a journal: the same command
goes on. The section of the document is written from the journal.
"""

import argparse
import json
import multiprocessing
import random
import resource
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from reliability_page import write_section

from orpose_models.datasets.bags.images import decoded, picture
from orpose_models.datasets.bags.reader import open_bag
from orpose_models.datasets.bags.types import message_class, typestore
from orpose_models.datasets.bags.writer import STORAGES, new_bag
from orpose_models.datasets.by_name import open_dataset
from orpose_models.datasets.camera_file import read_camera
from orpose_models.datasets.frames import open_frames
from orpose_models.files.picture_writer import PictureWriter
from orpose_models.files.predictions import Predictions
from orpose_models.messages.camera_info import camera_from_info, camera_info_message
from orpose_models.messages.compressed_images import bgr_to_compressed
from orpose_models.messages.fields import make_header
from orpose_models.messages.images import bgr_to_image
from orpose_models.model_format.manifest import read_manifest
from orpose_models.vocabulary.cameras import Camera
from orpose_models.vocabulary.errors import OrposeError

TITLE = "Damaged inputs"
HANG = 10.0  # seconds
CAMERA = "image_width: 64\nimage_height: 48\ncamera_matrix: {rows: 3, cols: 3, data: [50, 0, 32, 0, 50, 24, 0, 0, 1]}\n"
COCO = {
    "categories": [{"id": 1, "name": "person"}],
    "images": [{"id": 1, "file_name": "a.png", "width": 64, "height": 48}],
    "annotations": [
        {"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 2, 30, 40], "area": 900, "iscrowd": 0}
        | {"keypoints": [20, 20, 2] * 17, "num_keypoints": 17}
    ],
}

Reader = Callable[[Path], Any]


def read_frames(path: Path) -> None:
    """Every frame of an image or video."""
    for _ in open_frames(path).frames():
        pass


def read_bag(path: Path) -> None:
    """Every message of a bag; pictures are decoded, and a message that is refused does not end the bag."""
    for message in open_bag(path).messages():
        read_message(message)


def read_message(message: Any) -> None:
    """An image or a camera info."""
    try:
        content = decoded(message)
        camera_from_info(content) if message.type.endswith("CameraInfo") else picture(content)
    except OrposeError:
        pass


def make_inputs(folder: Path) -> dict[str, tuple[Path, Reader]]:
    """Valid inputs of each kind, small ones, and what reads them."""
    noise = np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)
    inputs: dict[str, tuple[Path, Reader]] = {}
    for suffix in (".jpg", ".png", ".bmp", ".tiff", ".webp", ".ppm", ".jp2"):
        path = folder / f"a{suffix}"
        path.write_bytes(cv2.imencode(suffix, noise)[1].tobytes())
        inputs[f"image {suffix}"] = path, read_frames
    with PictureWriter(folder / "a.mp4", 10) as writer:
        for i in range(5):
            writer.write("", np.roll(noise, i * 5, 1))
    inputs["video .mp4"] = folder / "a.mp4", read_frames
    for storage in STORAGES:
        with new_bag(folder / storage, storage) as bag:
            header = make_header(10**9, "camera", message_class)
            messages = {
                "/raw": bgr_to_image(noise, header, message_class),
                "/jpeg": bgr_to_compressed(noise, header, message_class),
                "/camera_info": camera_info_message(Camera(64, 48, 50, 50, 32, 24), header, message_class),
            }
            for topic, message in messages.items():
                bag.add_topic(topic, message.__msgtype__)
                bag.write(topic, message, 10**9)
        path = next(file for file in (folder / storage).iterdir() if file.suffix in (".mcap", ".db3"))
        inputs[f"bag {path.suffix}"] = path, read_bag
    for message in messages.values():
        kind = message.__msgtype__
        path = folder / kind.rpartition("/")[2]
        path.write_bytes(bytes(typestore().serialize_cdr(message, kind)))
        inputs[f"message {path.name}"] = path, _Message(kind)
    (folder / "camera.yaml").write_text(CAMERA)
    inputs["camera .yaml"] = folder / "camera.yaml", read_camera
    (folder / "coco.json").write_text(json.dumps(COCO))
    inputs["annotations .json"] = folder / "coco.json", lambda path: open_dataset(f"coco:{path}", path.parent)
    (folder / "model").mkdir()
    shipped = Path(__file__).parents[1] / "orpose_models/models/orpose-all-light/model.json"
    (folder / "model" / "model.json").write_bytes(shipped.read_bytes())
    inputs["model.json"] = folder / "model" / "model.json", lambda path: read_manifest(path.parent)
    Predictions([], {}).save(folder / "predictions.json")
    inputs["predictions .json"] = folder / "predictions.json", Predictions.load
    return inputs


class _Message:
    """Reads the bytes of a message as if they came from a bag."""

    def __init__(self, kind: str) -> None:
        self.type = kind
        self.data = b""

    def __call__(self, path: Path) -> None:
        self.data = path.read_bytes()
        content = decoded(self)  # type: ignore[arg-type]
        camera_from_info(content) if self.type.endswith("CameraInfo") else picture(content)


def damaged(content: bytes, rng: random.Random) -> bytes:
    """One to four damages: bits, bytes of extreme values, a piece lost, doubled, moved or cut off, digits changed."""
    data = bytearray(content)
    for _ in range(rng.randint(1, 4)):
        place = rng.randrange(len(data) or 1)
        length = rng.choice((1, 2, 4, 8, 64, 1000))
        kind = rng.randrange(7)
        if kind == 0 and data:
            data[place] ^= 1 << rng.randrange(8)
        elif kind == 1:
            data[place : place + length] = rng.choice((b"\xff", b"\x00", b"\x7f", b"\x80")) * min(length, 8)
        elif kind == 2:
            del data[place : place + length]
        elif kind == 3:
            data[place:place] = data[place : place + length]
        elif kind == 4:
            data[place:place] = rng.randbytes(length)
        elif kind == 5:
            del data[place:]
        else:
            digits = [i for i in range(len(data)) if 48 <= data[i] <= 57][:5000]
            if digits:
                at = rng.choice(digits)
                data[at : at + 1] = rng.choice((b"-1", b"1e308", b"99999999999999999999", b"null", b'"', b"NaN", b"0"))
    return bytes(data)


def input_of(case: int, seed: int, inputs: dict[str, tuple[Path, Reader]]) -> str:
    """What kind of input a case is."""
    return random.Random(f"input {seed} {case}").choice(sorted(inputs))


def outcome(case: int, seed: int, inputs: dict[str, tuple[Path, Reader]], work: Path) -> tuple[str, str]:
    """What became of a case, and details of a bug."""
    rng = random.Random(f"damage {seed} {case}")
    path, read = inputs[input_of(case, seed, inputs)]
    folder = work / "case"
    folder.mkdir(exist_ok=True)
    target = folder / path.name
    target.write_bytes(damaged(path.read_bytes(), rng))
    try:
        read(target)
    except OrposeError as error:
        one = "\n" not in str(error) and str(error) != ""
        return ("refused with a sentence", "") if one else ("not one sentence", str(error))
    except Exception as error:
        return "an error without a sentence", f"{type(error).__name__}: {error}"
    finally:
        target.unlink()
    return "read", ""


def work_off(connection: Any, seed: int, folder: str) -> None:
    """A worker: cases in, outcomes and memory out."""
    work = Path(folder)
    inputs = make_inputs(Path(tempfile.mkdtemp(dir=work)))
    while (case := connection.recv()) is not None:
        connection.send(input_of(case, seed, inputs))
        what, detail = outcome(case, seed, inputs, work)
        connection.send((what, detail, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024))


def run(count: int, seed: int, journal: Path) -> None:
    """Do the cases that the journal has not."""
    journal.parent.mkdir(parents=True, exist_ok=True)
    before = entries(journal)
    journal.write_text("".join(json.dumps(entry) + "\n" for entry in before))  # without a line that was cut off
    done = {entry["case"] for entry in before if entry["seed"] == seed}
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder, journal.open("a") as file:
        process = here = None
        for case in (case for case in range(count) if case not in done):
            if process is None:
                here, there = context.Pipe()
                process = context.Process(target=work_off, args=(there, seed, folder), daemon=True)
                process.start()
                there.close()
            assert here is not None
            here.send(case)
            name, what, detail, memory = "unknown", "crash", "", 0
            try:
                name = here.recv()  # the worker is up
                if here.poll(HANG):
                    what, detail, memory = here.recv()
                else:
                    what = "hang"
            except EOFError:
                process.join()
                detail = f"exit code {process.exitcode}"
            if what in ("crash", "hang"):
                process.kill()
                process.join()
                process = None
            entry = {"seed": seed, "case": case, "input": name, "outcome": what, "detail": detail, "memory": memory}
            file.write(json.dumps(entry) + "\n")
            file.flush()
        if process is not None and here is not None:
            here.send(None)
            process.join()


def entries(journal: Path) -> list[dict[str, Any]]:
    """What a journal holds; a last line that was cut off is left out."""
    lines = journal.read_text().split("\n")[:-1] if journal.exists() else []
    return [json.loads(line) for line in lines]


def section(found: list[dict[str, Any]]) -> str:
    """The section of docs/reliability.md."""
    outcomes = ("read", "refused with a sentence", "an error without a sentence", "not one sentence", "crash", "hang")
    table = [f"| input | cases | {' | '.join(outcomes)} |", "|---" * (len(outcomes) + 2) + "|"]
    for name in [*sorted({entry["input"] for entry in found}), "all"]:
        of = Counter(entry["outcome"] for entry in found if name in (entry["input"], "all"))
        table.append(f"| {name} | {sum(of.values())} | {' | '.join(str(of[what]) for what in outcomes)} |")
    memory = [entry["memory"] for entry in found if entry["memory"]]
    least = min(memory, default=0)
    return f"""Written by `make torture` (`tools/torture.py`): valid inputs are damaged at random, one to four damages
each - bits turned, bytes overwritten, pieces lost, doubled, put in or cut off, numbers replaced - and read as the
commands read them. Right is that an input is read, as far as it can be, or refused with one sentence. Of a model only
`model.json` is there, so that none is read.

{chr(10).join(table)}

Memory of a reading process: at most {max(memory, default=0)} MiB, {least} MiB after the least case. A case that takes
longer than {HANG:g} s is a hang.

`make torture COUNT=1000 SEED=1` does more, or others; an interrupted run goes on where it stopped."""


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=300, help="how many cases")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--journal", type=Path, default=Path("out/torture/journal.jsonl"))
    parser.add_argument("--document", type=Path, help="write what the journal holds as Markdown")
    arguments = parser.parse_args()
    run(arguments.count, arguments.seed, arguments.journal)
    found = entries(arguments.journal)
    for entry in found:
        if entry["outcome"] not in ("read", "refused with a sentence"):
            print(json.dumps(entry))
    print(dict(Counter(entry["outcome"] for entry in found)))
    if arguments.document:
        write_section(arguments.document, TITLE, section(found))


if __name__ == "__main__":
    main()
