"""The training loop."""

import time
from collections.abc import Callable
from contextlib import closing, nullcontext
from math import isfinite
from pathlib import Path
from typing import Any

import torch
import yaml
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from orpose_models.files.disk import atomic_path
from orpose_models.runtime.free_memory import keep_memory
from orpose_models.student.network import Student
from orpose_models.student.one_stage import OneStageStudent
from orpose_models.student.weights import SUFFIX, load_student, save_student
from orpose_models.training.averaging import moving_average
from orpose_models.training.checkpoint import identity, load_checkpoint, save_checkpoint
from orpose_models.training.distributed import Ranks, any_rank, total
from orpose_models.training.interruption import noted_interruption
from orpose_models.training.measuring import evaluate_student, open_truth
from orpose_models.training.monitor import Monitor
from orpose_models.training.one_stage_objective import OneStageObjective
from orpose_models.training.optimising import make_optimiser, schedule_factor, set_learning_rate
from orpose_models.training.precision import Precision, precision_of
from orpose_models.training.region_objective import RegionObjective
from orpose_models.training.selection import Selection
from orpose_models.training.start import AnyStudent, new_student, origin_weights, start_student
from orpose_models.training.train_config import TrainConfig
from orpose_models.training.training_images import Prepared, TrainingImages, load_batches
from orpose_models.vocabulary.errors import OrposeError

# So many iterations in a row without finite gradients end a run.
_MAX_BAD = 10

Report = Callable[[int, str], None]


class Trainer:
    """One run: made anew, or from the checkpoint in its folder.

    Everything random is decided by the seed and the number of the iteration or image: a run that was interrupted
    and continued gives the same weights, bit by bit, as one that was not.

    Attributes:
        config: of the run.
        folder: where checkpoint, weights, history and TensorBoard files are.
        images: what is trained on.
        student: the network that is trained.
        precision: of its numbers.
        iteration: how many iterations are done.
        losses: of the latest iteration, by name.
    """

    def __init__(self, config: TrainConfig, folder: Path, ranks: Ranks) -> None:
        if config.batch % ranks.count:
            raise OrposeError(f"a batch of {config.batch} cannot be divided among {ranks.count} processes")
        self.config, self.folder, self.ranks = config, folder, ranks
        self.images = TrainingImages(config)
        if self.images.persons == 0:
            raise OrposeError("no label has an accepted person: there is nothing to learn; see data.accept")
        self._truth = open_truth(config) if config.evaluation else None
        saved = load_checkpoint(self.checkpoint, identity(config)) if self.checkpoint.exists() else None
        # A run that goes on needs nothing of what it started from, which may be gone.
        student, self._before = start_student(config, self.images) if saved is None else (new_student(config), {})
        start = origin_weights(config, student) if saved is None else saved["start"]
        self.student = student.to(ranks.device)
        self.precision = precision_of(config.bfloat16, ranks.device)
        if ranks.device.type == "cuda":  # which convolves fastest so
            self.student.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._objective = _objective(self.student, start, config, self.precision)
        self._average = moving_average(self.student, config.ema) if config.ema else None
        self._optimiser = make_optimiser(self.student, config.optimiser)
        self._selection = Selection(start, config.evaluation.shares if config.evaluation else ())
        self._identity = identity(config)
        self.iteration = 0
        self.losses: dict[str, float] = {}
        self._bad = 0  # iterations in a row without finite gradients
        self._sums: dict[str, float] = {}  # of losses since they were last logged
        self._computing = 0.0  # seconds of this process, the rest of which it waited for images
        if saved is not None:
            self._resume(saved)

    @property
    def checkpoint(self) -> Path:
        """The file from which the run goes on."""
        return self.folder / "checkpoint.pt"

    @property
    def weights(self) -> Path:
        """The file that the run ends with."""
        return self.folder / f"{self.config.name}{SUFFIX}"

    @property
    def result(self) -> AnyStudent:
        """The network as it would be shipped now: the moving average where there is one. Not for training."""
        if self._average is not None:
            module = self._average.module
            assert isinstance(module, type(self.student))
            return module
        return self.student

    def run(self, report: Report = lambda iterations, text: None) -> None:
        """Train to the end; `report` is called after every iteration with their number and a line about it.

        Raises:
            KeyboardInterrupt: SIGINT or SIGTERM came; a checkpoint was written.
            OrposeError: losses or gradients were not finite many times in a row, or an image cannot be read.
        """
        keep_memory()
        main = self.ranks.rank == 0
        if main:
            self.folder.mkdir(parents=True, exist_ok=True)
            with atomic_path(self.folder / "config.yaml") as temporary:
                temporary.write_text(yaml.safe_dump(self.config.model_dump(mode="json"), sort_keys=False))
        monitor = Monitor(self.folder, self.iteration) if main else None
        network: Any = self._objective
        if self.ranks.count > 1:
            # Images of an iteration go through the layers for many pixels, or through those for few.
            two = getattr(self.student, "small", None) is not None and not self.config.model.small_alone
            network = DistributedDataParallel(self._objective, find_unused_parameters=two)
        batches = load_batches(self.images, self.iteration, self.ranks.rank, self.ranks.count)
        with noted_interruption() as interrupted, closing(batches):
            started, first, self._computing = time.monotonic(), self.iteration, 0.0
            for samples in batches:
                begun = time.monotonic()
                self._step(network, samples)
                self._computing += time.monotonic() - begun
                if monitor is not None:
                    passed = time.monotonic() - started
                    rate = (self.iteration - first) * self.config.batch / passed
                    self._note(monitor, samples, rate, busy := self._computing / passed)
                    loss = sum(self.losses.values())
                    report(1, f"loss {loss:.3f}, {rate:.2f} images/s, computing {busy:.0%} of the time")
                if any_rank(bool(interrupted), self.ranks.device):
                    self.save()
                    raise KeyboardInterrupt
                if self.iteration % self.config.checkpoint_every == 0:
                    self.save()
        if main and not (first == self.iteration and self._finished()):
            self.save()
            chosen = self._select()
            save_student(self.weights, self.result, {**self._info(), **chosen})
        if monitor is not None:
            monitor.close()

    def _finished(self) -> bool:
        """Whether the run's weights are there; more may have been said of them since, such as their calibration."""
        if not self.weights.is_file():
            return False
        _, info = load_student(self.weights)
        return bool(info.get("settings") == self._identity and info.get("iterations") == self.iteration)

    def save(self) -> None:
        """Write a checkpoint (process 0 does)."""
        if self.ranks.rank:
            return
        state = {
            "iteration": self.iteration,
            "student": self.student.state_dict(),
            "optimiser": self._optimiser.state_dict(),
            "average": self._average.state_dict() if self._average is not None else None,
            "bad": self._bad,
            "sums": self._sums,
            "before": self._before,
            "start": self._selection.start,
            "selection": self._selection.state_dict(),
            "scaler": self.precision.scaler.state_dict(),
        }
        save_checkpoint(self.checkpoint, self._identity, state)

    def _resume(self, state: dict[str, Any]) -> None:
        self.student.load_state_dict(state["student"])
        self._optimiser.load_state_dict(state["optimiser"])
        if self._average is not None:
            self._average.load_state_dict(state["average"])
        self.iteration, self._bad, self._sums = state["iteration"], state["bad"], state["sums"]
        self._before = state.get("before", {})
        self._selection.load_state_dict(state["selection"])
        if scale := state.get("scaler"):  # there is none without half precision
            self.precision.scaler.load_state_dict(scale)

    def _step(self, network: Callable[[list[Prepared]], dict[str, torch.Tensor]], samples: list[Prepared]) -> None:
        config = self.config
        torch.manual_seed((config.seed * 1_000_003 + self.iteration) * 1009 + self.ranks.rank)  # of dropout
        self._optimiser.zero_grad()
        weighted = self._gradients(network, samples)
        scaler = self.precision.scaler
        scaler.unscale_(self._optimiser)
        parameters = [p for group in self._optimiser.param_groups for p in group["params"]]
        norm = float(torch.nn.utils.clip_grad_norm_(parameters, config.optimiser.clip or float("inf")))
        # The norm is the same in all processes, so all of them decide alike.
        if isfinite(norm):
            set_learning_rate(self._optimiser, config.optimiser, schedule_factor(config.schedule, self.iteration))
            scaler.step(self._optimiser)
            self._bad = 0
        else:
            self._bad += 1
        scaler.update()
        if self._average is not None:
            self._average.update_parameters(self.student)
        # Each process has its share of a mean over all; the mean of the shares is what one process would have.
        means = total(torch.stack(list(weighted.values()))) / self.ranks.count
        self.losses = dict(zip(weighted, means.tolist(), strict=True))
        for name, loss in self.losses.items():
            self._sums[name] = self._sums.get(name, 0.0) + loss
        self.iteration += 1
        if self._bad >= _MAX_BAD:
            raise OrposeError(
                f"iteration {self.iteration}: the gradients were not finite {_MAX_BAD} times in a row; lower "
                f"optimiser.learning_rate, set optimiser.clip, or go back to the checkpoint {self.checkpoint}"
            )

    def _gradients(
        self, network: Callable[[list[Prepared]], dict[str, torch.Tensor]], samples: list[Prepared]
    ) -> dict[str, torch.Tensor]:
        """Add the gradients of some images, in as many parts as are wanted, and return their weighted losses."""
        count = min(self.config.accumulate, len(samples))
        means: dict[str, torch.Tensor] = {}
        for number in range(count):
            part = samples[number * len(samples) // count : (number + 1) * len(samples) // count]
            last = number == count - 1
            several = isinstance(network, DistributedDataParallel) and not last
            with network.no_sync() if several else nullcontext():  # type: ignore[attr-defined]
                losses = network(part)
                weighted = {name: loss * self.config.loss_weights.of(name) for name, loss in losses.items()}
                whole = torch.stack(list(weighted.values())).sum()
                self.precision.scaler.scale(whole / count if count > 1 else whole).backward()
            for name, loss in weighted.items():
                means[name] = means.get(name, 0) + loss.detach() / count if count > 1 else loss.detach()
        return means

    def _note(self, monitor: Monitor, samples: list[Prepared], rate: float, busy: float) -> None:
        config, iteration = self.config, self.iteration
        if iteration % config.log_every == 0:
            factor = schedule_factor(config.schedule, iteration - 1)
            means = {name: sum_ / config.log_every for name, sum_ in self._sums.items()}
            figures = {"loss": sum(means.values()), **means}
            figures["learning_rate"] = config.optimiser.learning_rate * factor
            monitor.scalars(iteration, "training", {k: v if isfinite(v) else -1.0 for k, v in figures.items()})
            monitor.board_only(iteration, {"images_per_second": rate, "computing": busy})
            self._sums = {}
        last = iteration == config.schedule.iterations
        pictures = iteration % config.pictures_every == 0 or last
        evaluation = config.evaluation
        due = evaluation is not None and (iteration % evaluation.every == 0 or last)
        if not pictures and not due:
            return
        student = self.result.eval()
        if pictures:
            monitor.pictures(iteration, samples, student)
        if evaluation is not None and due:
            figures = self._measure(student, f"{iteration:07d}")
            monitor.scalars(iteration, "evaluation", figures)
            self._selection.consider(figures, iteration, student)
        self.student.train()

    def _measure(self, student: nn.Module, name: str) -> dict[str, float]:
        assert self._truth is not None
        assert self.config.evaluation is not None
        assert isinstance(student, Student | OneStageStudent)
        folder = self.folder / "evaluation" / name
        return evaluate_student(student, self._truth, self.config.evaluation.factors, folder)

    def _select(self) -> dict[str, Any]:
        """Give the result the weights that are best on what was held back, and say which; nothing if not asked for."""
        if not self._selection.shares:
            return {}
        return {"selected": self._selection.choose(self.result.eval(), self._measure)}

    def _info(self) -> dict[str, Any]:
        return {
            "name": self.config.name,
            "iterations": self.iteration,
            "images_seen": self.iteration * self.config.batch,
            "averaged": self._average is not None,
            "settings": self._identity,
            **({"started_from": self._before} if self._before else {}),
        }


def _objective(
    student: AnyStudent, start: dict[str, torch.Tensor], config: TrainConfig, precision: Precision
) -> nn.Module:
    if not isinstance(student, OneStageStudent):
        return RegionObjective(student, config.regions, precision.mixed)
    frozen = OneStageStudent(student.config)
    frozen.load_state_dict(start)
    return OneStageObjective(student, frozen.to(next(student.parameters()).device), precision.mixed)
