"""From a room's labels to an exported student: training, choice of weights, calibration, export."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from orpose_models.adaptation.chosen_weights import choose_weights
from orpose_models.adaptation.everyday import everyday_labels
from orpose_models.adaptation.input_sizes import choose_size
from orpose_models.adaptation.recipe import room_config, settings_of
from orpose_models.datasets.folder import list_images
from orpose_models.datasets.image_file import read_image
from orpose_models.datasets.truth import Truth
from orpose_models.evaluation.calibration_run import CalibrationFiles, calibrate, give_calibration, own_predictions
from orpose_models.files.disk import atomic_path, read_json, sha256, write_json
from orpose_models.model_format.manifest import MANIFEST, WEIGHTS
from orpose_models.student.export import export_student
from orpose_models.training.held_back_truth import held_back_truth
from orpose_models.training.labels import LabelSet
from orpose_models.training.processes import locked, train
from orpose_models.training.train_config import TrainConfig
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.reporting import Reporter

_CALIBRATED_AT = (1.0, 8.0, 12.0)
_COMPARED = 9  # images that engines are compared on


@dataclass(frozen=True)
class Material:
    """Where everything of a round lies, and what it is called.

    Attributes:
        folder: of the round.
        name: of the student.
        earlier, others: labels of earlier rounds, and of other images.
    """

    folder: Path
    name: str
    earlier: tuple[Path, ...] = ()
    others: tuple[Path, ...] = ()

    @property
    def start(self) -> Path:
        """The exported student that it starts from."""
        return self.folder / "start"

    @property
    def frames(self) -> Path:
        """What was kept of the recordings."""
        return self.folder / "frames"

    @property
    def taught(self) -> Path:
        """The teacher's labels."""
        return self.folder / "labels" / "labels.json"

    @property
    def room(self) -> Path:
        """The labels corrected over time."""
        return self.folder / "labels" / "room.json"

    @property
    def nobody(self) -> Path:
        """Pictures of the room in which nobody is."""
        return self.folder / "nobody"

    @property
    def sizes(self) -> Path:
        """What the network's sizes were chosen by."""
        return self.folder / "size" / "sizes.json"

    @property
    def training(self) -> Path:
        """The training's run."""
        return self.folder / "training"

    @property
    def weights(self) -> Path:
        """The weights that were chosen, later with their calibration."""
        return self.folder / "weights" / f"{self.name}.safetensors"

    @property
    def model(self) -> Path:
        """The exported student."""
        return self.folder / "model" / self.name

    def proof(self, which: str) -> Path:
        """What was measured of the student 'before' or 'after'."""
        return self.folder / "proof" / which

    def part(self, part: str) -> Truth:
        """The moments of a part, without their neighbours; the teacher's labels as truth."""
        return held_back_truth([self.room], [f"*/{part}/*m.jpg"], None)

    def everyday(self, reporter: Reporter) -> Truth:
        """The everyday people, the teacher's labels as truth."""
        folder = self.folder.parent / "everyday"
        return held_back_truth([everyday_labels(folder, folder.with_suffix(".json"), reporter)], ["*"], None)

    def config(self, iterations: int) -> TrainConfig:
        """Of the training."""
        nobody = self.nobody.resolve() if self.nobody.is_dir() and any(self.nobody.iterdir()) else None
        room, start = self.room.resolve(), self.start.resolve()
        first = self.folder.resolve().parent / "round-1" / "start"
        origin = first if first != start and first.is_dir() else None
        settings = {**settings_of(start), "small_images": read_json(self.sizes)["small_images"]}
        shape = LabelSet.load(room).images[0].size
        return room_config(
            self.name, start, settings, origin, room, nobody, self.earlier, self.others, iterations, shape
        )


def choose_input_size(material: Material, reporter: Reporter) -> dict[str, Any]:
    """Choose at which sizes images of few pixels go through the network."""
    start, folder = material.start / WEIGHTS, material.sizes.parent
    chosen = choose_size(start, material.part("learn"), material.everyday(reporter), folder, reporter)
    write_json(material.sizes, chosen, indent=1)
    return chosen


def train_student(material: Material, iterations: int, workers: int, reporter: Reporter) -> str:
    """Train; an interrupted training goes on. Gives the SHA-256 of the weights."""
    config = material.config(iterations)
    processes = max(count for count in range(1, workers + 1) if config.batch % count == 0)
    file = material.folder / "training.yaml"
    with atomic_path(file) as temporary:
        temporary.write_text(yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False))

    def report(done: int, loss: float | None) -> None:
        reporter.progress("training", done, iterations)

    with locked(material.training) as lock:
        train([str(file), "--out", str(material.training)], processes, material.training, lock, report)
    reporter.progress("training", iterations, iterations)
    return sha256(_trained(material))


def choose_student(material: Material, reporter: Reporter) -> dict[str, Any]:
    """Choose how far from the start to go."""
    return choose_weights(
        material.start / WEIGHTS,
        _trained(material),
        material.part("choose"),
        material.everyday(reporter),
        material.folder / "choosing",
        material.weights,
        reporter,
    )


def calibrate_student(material: Material, reporter: Reporter) -> dict[str, Any]:
    """Give the weights a calibration of their keypoint scores if it makes them more honest."""
    truth = material.part("choose")
    folder = material.folder / "calibration"
    runs = own_predictions(truth, str(material.weights), _CALIBRATED_AT, folder / "own-scores", reporter, threads=1)
    files = CalibrationFiles(folder / "calibration.json", folder / "report.json")
    try:
        # Whatever shows the teacher labels: of joints that it does not see scores become low.
        fitted, _ = calibrate(truth, runs, files, "isotonic", 5, 0, unlabelled_wrong=True)
        give_calibration(str(material.weights), material.weights, fitted)
    except OrposeError as error:
        return {"calibrated": False, "why": str(error)}
    return {"calibrated": True, "before": fitted.ece_before, "after": fitted.ece_after}


def export_room_student(material: Material, reporter: Reporter) -> str:
    """Export the weights; engines are compared on the room's own images. Gives the SHA-256 of its manifest."""
    shutil.rmtree(material.model, ignore_errors=True)
    root = material.frames
    files = [file for file in list_images(root).images if "learn" in file.relative_to(root).parts]
    images = [read_image(file) for file in files[:: max(1, len(files) // _COMPARED)][:_COMPARED]]
    reporter.progress("export", 0, 1)
    export_student(material.weights, material.model, images)
    reporter.progress("export", 1, 1)
    return sha256(material.model / MANIFEST)


def _trained(material: Material) -> Path:
    return material.training / f"{material.name}.safetensors"
