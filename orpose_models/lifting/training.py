"""Training of the lifters on synthetic people.

Every chunk of samples is drawn anew from a seed of its own, so nothing is stored and no sample is
seen twice. A checkpoint after each chunk makes an interrupted run continue exactly where it was.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from orpose_models.files.disk import atomic_path
from orpose_models.lifting.features import LENGTHS, features, standardised
from orpose_models.lifting.lifter_network import LiftingConfig, LiftingNetwork
from orpose_models.lifting.lifter_weights import OUTPUTS
from orpose_models.lifting.processor import processor_has_bfloat16
from orpose_models.lifting.runtime import Lifter, Network
from orpose_models.lifting.synthesis.samples import Samples, SampleSettings, generate
from orpose_models.lifting.synthesis.synthetic_bodies import Bodies
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.skeletons import H36M17

# What counts in the loss. Legs are mostly hidden in operating rooms and guessed; joint 9 is taken from joint 10, and
# the spine follows from its neighbours.
_LOSS_WEIGHTS = {"knee": 0.5, "ankle": 0.3, "spine": 0.3, "neck": 0.0}

# Seeds of chunks that no training run reaches: the samples that it is judged by.
_VALIDATION = 1_000_000


@dataclass(frozen=True)
class TrainingSettings:
    """A training run.

    Attributes:
        form: 'gravity' or 'intrinsics', see `features`.
        seed: of the samples, the initial weights and the dropout.
        chunks, chunk: how many chunks are drawn, and how many samples are in each.
        batch: samples of one step of AdamW under the one-cycle schedule.
        learning_rate: the largest; weight_decay: AdamW's.
        half: share of the run computed in bfloat16 where a processor has it, with float32 weights; the rest, in which
            the learning rate is small, in float32.
        hidden, dropout: of the network, see `network.LiftingConfig`.
        samples: what is drawn.
    """

    form: str = "gravity"
    seed: int = 0
    chunks: int = 32
    chunk: int = 65_536
    batch: int = 512
    learning_rate: float = 1.5e-3
    weight_decay: float = 1e-4
    half: float = 0.8
    hidden: int = 512
    dropout: float = 0.1
    samples: SampleSettings = field(default_factory=SampleSettings)

    @property
    def steps_per_chunk(self) -> int:
        """Optimiser steps in a chunk."""
        return self.chunk // self.batch


@dataclass(frozen=True)
class Progress:
    """Where a run is.

    Attributes:
        chunk: number of finished chunks.
        loss: weighted mean distance of the joints over the last chunk, metres, with dropout.
    """

    chunk: int
    loss: float


class LifterTraining:
    """A run that can be continued: iterate it to train, then take `arrays`."""

    def __init__(self, settings: TrainingSettings, bodies: Bodies | None = None) -> None:
        self.settings = settings
        self._bodies = bodies
        torch.manual_seed(settings.seed)
        self.network = LiftingNetwork(
            LiftingConfig(LENGTHS[settings.form], OUTPUTS, settings.hidden, dropout=settings.dropout)
        )
        self._optimizer = torch.optim.AdamW(
            self.network.parameters(), settings.learning_rate, weight_decay=settings.weight_decay
        )
        self._schedule = torch.optim.lr_scheduler.OneCycleLR(
            self._optimizer, settings.learning_rate, settings.chunks * settings.steps_per_chunk, pct_start=0.15
        )
        self._statistics: dict[str, NDArray[np.float32]] | None = None
        self._done = 0

    def __iter__(self) -> Iterator[Progress]:
        """Train one chunk after the other."""
        while self._done < self.settings.chunks:
            loss = self._train(self._draw(self._done))
            self._done += 1
            yield Progress(self._done, loss)

    @property
    def done(self) -> int:
        """Number of finished chunks."""
        return self._done

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Parameters and statistics as `weights.LifterWeights` holds them, float32."""
        if self._statistics is None:
            raise ValueError("nothing has been trained yet")
        state = self.network.state_dict()
        parameters = {name: t.numpy().copy() for name, t in state.items() if not name.endswith("num_batches_tracked")}
        return {**parameters, **self._statistics}

    def save_checkpoint(self, path: Path) -> None:
        """Write everything that continuing needs, atomically."""
        state = {
            "settings": asdict(self.settings),
            "done": self._done,
            "network": self.network.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "schedule": self._schedule.state_dict(),
            "statistics": {name: torch.from_numpy(array) for name, array in (self._statistics or {}).items()},
        }
        with atomic_path(path) as temporary:
            torch.save(state, temporary)

    def load_checkpoint(self, path: Path) -> None:
        """Continue from a checkpoint.

        Raises:
            OrposeError: the file is unreadable or of a run with other settings.
        """
        try:
            state = torch.load(path, weights_only=True)
            settings = state["settings"]
        except Exception as error:  # torch.load has no error class of its own
            raise OrposeError(f"{path}: not a readable checkpoint ({type(error).__name__}); remove it") from None
        if _plain(settings) != _plain(asdict(self.settings)):
            raise OrposeError(f"{path}: is of a run with other settings; remove it or choose another folder")
        self.network.load_state_dict(state["network"])
        self._optimizer.load_state_dict(state["optimizer"])
        self._schedule.load_state_dict(state["schedule"])
        self._statistics = {name: tensor.numpy() for name, tensor in state["statistics"].items()}
        self._done = state["done"]

    def _draw(self, chunk: int) -> tuple[Tensor, Tensor, Tensor]:
        """Inputs, targets (metres) and what restores the network's output to metres."""
        settings = self.settings
        samples = generate(settings.chunk, (settings.seed, chunk), settings.samples, self._bodies)
        gravity = samples.gravity if settings.form == "gravity" else None
        seen = features(settings.form, samples.plane, samples.scores, gravity)
        joints = samples.joints3d[:, 1:] @ np.swapaxes(seen.axes, 1, 2)
        targets = joints.reshape(len(joints), OUTPUTS).astype(np.float32)
        if self._statistics is None:
            self._statistics = {
                "input_mean": np.nanmean(seen.values, axis=0).astype(np.float32),
                "input_std": (np.nanstd(seen.values, axis=0) + 1e-6).astype(np.float32),
                "output_mean": targets.mean(axis=0),
                "output_std": targets.std(axis=0) + 1e-6,
            }
        inputs = standardised(seen.values, self._statistics["input_mean"], self._statistics["input_std"])
        scale = torch.from_numpy(self._statistics["output_std"])
        return torch.from_numpy(inputs), torch.from_numpy(targets - self._statistics["output_mean"]), scale

    def _train(self, data: tuple[Tensor, Tensor, Tensor]) -> float:
        inputs, targets, scale = data
        torch.manual_seed(self.settings.seed * 100_003 + self._done)
        self.network.train()
        total = 0.0
        half = self._done < self.settings.half * self.settings.chunks
        half = half and processor_has_bfloat16()  # elsewhere it is ten times slower
        order = torch.randperm(len(inputs))
        weights = torch.tensor([_LOSS_WEIGHTS.get(joint.split("_")[-1], 1.0) for joint in H36M17.joints[1:]])
        weights = weights / weights.mean()
        for step in range(self.settings.steps_per_chunk):
            index = order[step * self.settings.batch : (step + 1) * self.settings.batch]
            with torch.autocast("cpu", torch.bfloat16, enabled=half):
                output = self.network(inputs[index])
            difference = (output.float() * scale - targets[index]).view(-1, 16, 3)
            loss = (torch.sqrt((difference**2).sum(dim=-1) + 1e-6) * weights).mean()
            self._optimizer.zero_grad()
            loss.backward()
            self._optimizer.step()
            self._schedule.step()
            total += loss.item()
        self.network.eval()
        return total / self.settings.steps_per_chunk


def validation_samples(settings: TrainingSettings, raised: bool, n: int = 20_000) -> Samples:
    """Samples that no run sees, all from raised cameras or all from others."""
    values = {**settings.samples.__dict__, "raised_cameras": float(raised)}
    return generate(n, (settings.seed, _VALIDATION + int(raised)), SampleSettings(**values))


def synthetic_error(arrays: dict[str, NDArray[Any]], form: str, samples: Samples) -> NDArray[np.float64]:
    """(17,) mean distance of each joint from the truth on synthetic samples, metres, with flip averaging."""
    lifter = Lifter({form: Network(arrays)}, "")
    gravity = samples.gravity if form == "gravity" else None
    lifted = lifter.lift_normalised(samples.plane, samples.scores, gravity)
    return np.asarray(np.linalg.norm(lifted - samples.joints3d, axis=-1).mean(axis=0), np.float64)


def _plain(settings: Any) -> Any:
    """Settings with tuples as lists, as they come back from a checkpoint."""
    if isinstance(settings, dict):
        return {name: _plain(value) for name, value in settings.items()}
    return [_plain(value) for value in settings] if isinstance(settings, list | tuple) else settings
