"""Pose models by name."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from orpose_models.model_format.engines import AUTO, CHOICES, DEFAULT_ENGINE
from orpose_models.model_format.pose_model import Chosen, PoseModel
from orpose_models.registry.own_models import own_models
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.installing import needed_for

_log = logging.getLogger(__name__)


def _teacher(preset: str, threads: int | None, engine: str | None) -> PoseModel:
    with needed_for("the teacher", "command"):
        from orpose_models.teacher.packaged import load_packaged_teacher
    return load_packaged_teacher(preset, threads, engine or DEFAULT_ENGINE, _say)


def _say(text: str) -> None:
    """What takes long, or was decided: for whoever listens to the package's log."""
    _log.info(text)


def _paper_teacher(threads: int | None, engine: str | None) -> PoseModel:
    with needed_for("the paper's teacher", "train"):
        import torch
    from orpose_models.teacher.paper import load_paper_teacher

    if threads is not None:
        torch.set_num_threads(threads)
    return load_paper_teacher(device="cuda" if torch.cuda.is_available() else "cpu")


def _on_torch(path: Path, threads: int | None) -> PoseModel:
    """A student's weights, or an exported folder."""
    with needed_for(f"{path}: running a student's weights", "train"):
        import torch
    from orpose_models.student.model import load_exported_student, load_student_model

    if threads is not None:
        torch.set_num_threads(threads)
    return load_exported_student(path) if path.is_dir() else load_student_model(path)


def _exported(folder: Path, threads: int | None, engine: str) -> PoseModel:
    if engine == "torch":
        return _on_torch(folder, threads)
    from orpose_models.runtime.student import load_runtime_student

    return load_runtime_student(folder, engine, threads, _say)


# What `load_model` knows by name, besides `shipped_models`: a description and a loader (threads, engine) -> PoseModel.
MODELS: Mapping[str, tuple[str, Callable[[int | None, str | None], PoseModel]]] = {
    "teacher": (
        "packaged teacher: three networks look at an image and again at each person, in the mirror too: accurate, slow",
        lambda threads, engine: _teacher("full", threads, engine),
    ),
    "teacher-fast": (
        "packaged teacher with one look at the image and one at each person: several images a second on two cores",
        lambda threads, engine: _teacher("fast", threads, engine),
    ),
    "paper-teacher": (
        "the paper's three networks, on torch; you provide detectron2 and the weights (docs/paper-teacher.md)",
        _paper_teacher,
    ),
}

# Those of them that run on torch and nothing else.
ON_TORCH = ("paper-teacher",)
DEFAULT_MODEL = "orpose-all-light"  # of the command line and of the node
SIDES = (96, 1024)  # of a network's input that can be asked for
# Exported students that come with the program, each in a folder of its name.
SHIPPED = Path(__file__).resolve().parents[1] / "models"


def shipped_models() -> dict[str, Path]:
    """The folders of the students that come with the program, by name."""
    return {path.parent.name: path.parent for path in sorted(SHIPPED.glob("*/model.json"))}


def plain_name(name: str) -> tuple[str, str]:
    """A model's name without `@SIDE`, and SIDE; empty without one."""
    plain, _, side = name.rpartition("@")
    return (plain, side) if plain and not Path(name).exists() else (name, "")


def load_model(name: str, threads: int | None = None, engine: str | None = None) -> PoseModel:
    """Load a model.

    Args:
        name: one of `shipped_models`, `MODELS` or `own_models`, the folder of an exported student, or a trained
            student's FILE.safetensors. `@SIDE` after a light student's has its network look at images with that short
            side, in pixels, instead of the student's own: less is faster, more finds smaller persons.
        threads: how many threads it may use; None for all cores.
        engine: one of `ENGINES`; 'auto' for the fastest that computes the same here (`choosing`); None for the model's
            own, which is `DEFAULT_ENGINE` for exported students and the packaged teacher.

    Raises:
        OrposeError: no such model or engine, the model does not run on the engine, or its weights are missing,
            corrupt or of another version.
    """
    if engine is not None and engine not in CHOICES:
        raise OrposeError(f"engine {engine!r} is not known; choose one of: {', '.join(CHOICES)}")
    plain, side = plain_name(name)
    if side:
        return _sized(name, load_model(plain, threads, engine), side)
    if engine == AUTO:
        return _chosen(name, threads)
    if name in MODELS:
        model = MODELS[name][1](threads, engine)
    elif name in (shipped := shipped_models()):
        return _exported(shipped[name], threads, engine or DEFAULT_ENGINE)
    elif name in (own := own_models()):
        return _exported(own[name], threads, engine or DEFAULT_ENGINE)
    elif name.endswith(".safetensors"):
        if engine not in (None, "torch"):
            raise OrposeError(f"{name}: weights alone run on torch; for {engine} first run: orpose export {name}")
        return _on_torch(Path(name), threads)
    elif Path(name).is_dir():
        return _exported(Path(name), threads, engine or DEFAULT_ENGINE)
    else:
        names = ", ".join([*shipped, *own, *MODELS])
        raise OrposeError(
            f"model {name!r} is not known; choose one of: {names}, a folder made by orpose export, or FILE.safetensors"
        )
    if engine not in (None, model.engine):
        raise OrposeError(f"model {name!r} runs on {model.engine}, not on {engine}; leave the choice to the model")
    return model


def _sized(name: str, model: PoseModel, side: str) -> PoseModel:
    """A student whose network sees images with another short side; it is called `name`."""
    from orpose_models.runtime.student import RuntimeStudent

    least, most = SIDES
    if not side.isdecimal() or not least <= int(side) <= most:
        raise OrposeError(f"model {name!r}: after the @ comes the network's short side, {least}..{most} pixels")
    if not isinstance(model, RuntimeStudent):
        raise OrposeError(f"model {name!r}: only a light student's input can be chosen; leave out @{side}")
    return replace(model, name=f"{model.name}@{side}", config=model.config.sized(int(side)))


def _chosen(name: str, threads: int | None) -> PoseModel:
    """A model on the engine that `choosing` takes; one that runs on torch alone stays there."""
    if name.endswith(".safetensors") or name in ON_TORCH:
        return load_model(name, threads)
    from orpose_models.registry.engine_choice import choose

    choice = choose(lambda engine: load_model(name, threads, engine), _say)
    if isinstance(choice.model, Chosen):
        choice.model.chosen = choice.sentence
    _say(choice.sentence)
    return choice.model
