"""What tools/measure_gpu.sh measures besides the benchmark: `python tools/measure_card.py FILE` writes it as JSON."""

import platform
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

from orpose_models.files.assets import asset
from orpose_models.files.disk import write_json
from orpose_models.model_format.engines import AUTO_ORDER, DEFAULT_ENGINE
from orpose_models.model_format.pose_model import View
from orpose_models.registry.batches import MOST, settled_batch
from orpose_models.registry.models import DEFAULT_MODEL, load_model
from orpose_models.runtime.engine_loading import why_not
from orpose_models.runtime.parity import compare
from orpose_models.student.export import parity_images
from orpose_models.training.distributed import Ranks
from orpose_models.training.image_source import Choice
from orpose_models.training.teach_run import TeachPlan, teach
from orpose_models.training.train_config import DataSource, TrainConfig
from orpose_models.training.trainer import Trainer
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.reporting import Silent

CONFIG = "config/train/light/ORPose_all.yaml"
CALLS, FRAMES, STEPS = 20, 64, 40


class Notes(Silent):
    """Keeps the sentences that long work says."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def note(self, label: str, text: str) -> None:
        """Keep it."""
        self.texts.append(text)


def student_on(engine: str) -> dict[str, Any]:
    """Agreement with the processor, and what several images at once gain."""
    reference, model = load_model(DEFAULT_MODEL, 1), load_model(DEFAULT_MODEL, 1, engine)
    images = parity_images()
    (difference,) = compare(reference, [model], images)
    views = [View(images[0])] * MOST
    model.predict_all(views)  # type: ignore[attr-defined]
    start = time.perf_counter()
    for _ in range(CALLS):
        model.predict_all(views)  # type: ignore[attr-defined]
    together = (time.perf_counter() - start) / CALLS / MOST
    start = time.perf_counter()
    for _ in range(CALLS):
        model.predict(images[0])
    single = (time.perf_counter() - start) / CALLS
    figures = {"ms_single": round(1000 * single, 3), f"ms_of_{MOST}_at_once": round(1000 * together, 3)}
    return {**difference.summary(), **figures, "batch": settled_batch(model)}


def teacher_on(engine: str, labels: Path) -> list[str]:
    """What `orpose teach` says of its speed."""
    notes = Notes()
    source = asset("multiperson") / "cam01.mp4"
    teach(TeachPlan((source,), (Choice(at_most=FRAMES),), labels, engine=engine), notes)
    return [text for text in notes.texts if text.startswith("labelled on")]


def training(labels: Path, folder: Path) -> dict[str, Any]:
    """Some steps of the light student's training on the card."""
    changes = (f"schedule.iterations={STEPS}", "bfloat16=true", "evaluation=null", "model.start=coco")
    config = TrainConfig.read(CONFIG, changes)
    data = config.data.model_copy(update={"sources": (DataSource(labels=labels),), "held_back": ()})
    texts: list[str] = []
    torch.cuda.reset_peak_memory_stats()
    trainer = Trainer(config.model_copy(update={"data": data}), folder, Ranks(0, 1, torch.device("cuda")))
    trainer.run(lambda count, text: texts.append(text))
    peak = torch.cuda.max_memory_allocated() / 1e6
    return {"batch": config.batch, "precision": trainer.precision.name, "last": texts[-1], "peak_mb": round(peak)}


def main() -> None:
    """Measure and write."""
    if not torch.cuda.is_available():
        sys.exit("error: torch sees no card")
    found: dict[str, Any] = {
        "kind": "orpose-card",
        "card": torch.cuda.get_device_name(),
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in ("onnxruntime-gpu", "tensorrt", "torch")},
        "student": {},
        "teacher": {},
    }
    with TemporaryDirectory() as folder:
        for name in (*[engine for engine in AUTO_ORDER if "coreml" not in engine], DEFAULT_ENGINE):
            if name in found["student"]:
                continue
            try:
                found["student"][name] = why_not(name) or student_on(name)
                labels = Path(folder) / name / "labels.json"
                found["teacher"][name] = why_not(name) or teacher_on(name, labels)
            except OrposeError as error:
                found["student"].setdefault(name, str(error))
        found["training"] = training(labels, Path(folder) / "run")
    write_json(sys.argv[1], found, indent=1)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


if __name__ == "__main__":
    main()
