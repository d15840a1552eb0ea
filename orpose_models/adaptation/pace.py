"""How fast this machine labels and trains, and what therefore fits into a budget."""

import time
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from orpose_models.adaptation.looking import seen_as
from orpose_models.adaptation.recipe import BATCH
from orpose_models.registry.models import load_model
from orpose_models.runtime.free_memory import give_back_memory, keep_memory
from orpose_models.vocabulary.errors import OrposeError

if TYPE_CHECKING:
    from orpose_models.training.train_config import TrainConfig

# Of a budget: looking and keeping; labelling; training. The rest is for export and proof.
_LABELLING, _TRAINING = 0.3, 0.45
_PER_MOMENT = 3  # images to label
_MOST_MOMENTS, _MOST_ITERATIONS = 600, 20_000
LEAST_MOMENTS, _LEAST_ITERATIONS = 24, 40
USUAL_MOMENTS, USUAL_ITERATIONS = 200, 2000
_STEPS = 2  # that training is timed by


def moments_within(budget_s: float | None, seconds_a_label: float, workers: int, timed: bool) -> int:
    """How many moments to learn from can be labelled, those to choose and to prove by included."""
    if budget_s is None:
        return USUAL_MOMENTS
    each = seconds_a_label / workers * (_PER_MOMENT if timed else 1) * 1.375
    return round(min(_MOST_MOMENTS, max(LEAST_MOMENTS, budget_s * _LABELLING / each)))


def iterations_within(budget_s: float | None, left_s: float | None, seconds_an_image: float, processes: int) -> int:
    """How many iterations fit into what is left of the budget.

    Raises:
        OrposeError: hardly any.
    """
    if budget_s is None or left_s is None:
        return USUAL_ITERATIONS
    mine = min(budget_s * _TRAINING, left_s * 0.65)
    fit = int(mine / (seconds_an_image * BATCH / processes))
    if fit < _LEAST_ITERATIONS:
        raise OrposeError(
            f"the budget leaves time for {max(0, fit)} training steps, which is no training; give a larger --budget"
        )
    return min(fit, _MOST_ITERATIONS)


def seconds_a_label(teacher: str, engine: str | None, image: NDArray[np.uint8], max_pixels: int | None) -> float:
    """How long the teacher takes for an image, in one thread."""
    model, seen = load_model(teacher, 1, engine), seen_as(image, max_pixels)
    model.predict(seen)
    begun = time.monotonic()
    model.predict(seen)
    return time.monotonic() - begun


def seconds_an_image(config: "TrainConfig") -> float:
    """How long one process trains at an image, in one thread: steps of the run itself, the first one not counted."""
    import torch

    from orpose_models.student.one_stage import OneStageStudent
    from orpose_models.training.one_stage_objective import OneStageObjective
    from orpose_models.training.precision import precision_of
    from orpose_models.training.start import start_student
    from orpose_models.training.training_images import TrainingImages

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    keep_memory()
    try:
        images = TrainingImages(config)
        student, _ = start_student(config, images)
        frozen = OneStageStudent(student.config)  # type: ignore[arg-type]
        frozen.load_state_dict(student.state_dict())
        objective = OneStageObjective(student, frozen, precision_of(config.bfloat16, torch.device("cpu")).mixed)  # type: ignore[arg-type]
        seconds = pixels = 0.0
        for step in range(_STEPS + 1):
            places = range(step * config.batch, (step + 1) * config.batch)
            scenes = [images.sample(place) for place in places]
            begun = time.monotonic()
            torch.stack(list(objective(scenes).values())).sum().backward()
            if step:
                seconds += time.monotonic() - begun
                pixels += config.batch * images.input_at(places[0]).width * images.input_at(places[0]).height
    finally:
        torch.set_num_threads(threads)
        give_back_memory()
    usual = sum(kind.share * kind.width * kind.height for kind in config.augmentation.inputs)
    return seconds / pixels * usual
