"""Which image comes when, and its preparation: all of it decided by the seed and the image's place in the run.

A run that is continued therefore goes on exactly as if it had not been interrupted, and neither the number of
processes nor that of workers changes what is trained on.
"""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import DataLoader, Dataset

from orpose_models.datasets.folder import list_images
from orpose_models.datasets.image_file import read_image, size_of
from orpose_models.model_format.student_config import StudentConfig
from orpose_models.training.labels import ImageLabels, LabelSet
from orpose_models.training.samples import Sample, make_sample
from orpose_models.training.train_config import DataSource, TrainConfig
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.poses import Poses

_EPOCH = 0x0E0  # keeps the streams of epochs apart from those of samples


class TrainingImages(Dataset["Sample | OrposeError"]):
    """All images of a run; item i is the i-th of the run, prepared as its turn demands.

    Attributes:
        paths, labels, accept: of each image; labels are None where nobody is.
    """

    def __init__(self, config: TrainConfig) -> None:
        self.config = config
        self.student: StudentConfig = config.model.student_config()
        self.paths: list[Path] = []
        self.labels: list[ImageLabels | None] = []
        self.accept: list[float] = []
        self._sources: list[tuple[NDArray[np.int64], float]] = []  # numbers of images, weight
        for source in config.data.sources:
            first = len(self.paths)
            self._read(source)
            numbers = np.arange(first, len(self.paths))
            # Folders in which nobody is were given for just that; their weight is their own.
            nobody = np.array([source.labels is not None and self._nobody(int(number)) for number in numbers], np.bool_)
            self._sources.append((numbers[~nobody], source.weight))
            self._sources.append((numbers[nobody], source.weight * config.data.empty))
        if not self.epoch:
            raise OrposeError("there is nothing to train on: name files of labels with --labels or in data.sources")
        self._plan: tuple[int, np.ndarray] | None = None

    def _read(self, source: DataSource) -> None:
        if source.person_free is not None:
            files = list_images(source.person_free).images
            self.paths += files
            self.labels += [None] * len(files)
            self.accept += [0.0] * len(files)
            return
        assert source.labels is not None
        labels = LabelSet.load(source.labels)
        if not labels.images:
            raise OrposeError(f"{source.labels}: has no image")
        paths = [labels.path_of(image) for image in labels.images]
        missing = [path for path in paths if not path.is_file()]
        if missing:
            raise OrposeError(f"{source.labels}: {len(missing)} images are missing, the first is {missing[0]}")
        accept = labels.accept if self.config.data.accept is None else self.config.data.accept
        self.paths += paths
        self.labels += labels.images
        self.accept += [accept] * len(paths)

    def _nobody(self, number: int) -> bool:
        labels = self.labels[number]
        return labels is None or not bool((labels.soft.box_scores >= self.accept[number]).any())

    @property
    def persons(self) -> int:
        """How many persons are accepted."""
        pairs = zip(self.labels, self.accept, strict=True)
        return sum(int((image.soft.box_scores >= accept).sum()) for image, accept in pairs if image is not None)

    @property
    def epoch(self) -> int:
        """How many images an epoch has."""
        return sum(int(weight) * len(some) + round(weight % 1 * len(some)) for some, weight in self._sources)

    def image_at(self, place: int) -> int:
        """Which image comes at a place of the run."""
        epoch, offset = divmod(place, self.epoch)
        if self._plan is None or self._plan[0] != epoch:
            rng = np.random.default_rng((self.config.seed, _EPOCH, epoch))
            parts = []
            for some, weight in self._sources:
                parts += [some] * int(weight)
                parts.append(some[rng.permutation(len(some))[: round(weight % 1 * len(some))]])
            self._plan = epoch, rng.permutation(np.concatenate(parts))
        return int(self._plan[1][offset])

    def __getitem__(self, place: int) -> "Sample | OrposeError":
        try:
            return self.sample(place)
        except OrposeError as error:  # handed over: raised in a worker it would come with the worker's traceback
            return error

    def sample(self, place: int) -> Sample:
        """The image at a place of the run, prepared.

        Raises:
            OrposeError: it is missing, damaged or not the one that was labelled.
        """
        number = self.image_at(place)
        image = read_image(self.paths[number])
        labels = self.labels[number]
        if labels is None:
            labels = ImageLabels(0, self.paths[number].name, size_of(image), Poses.empty(), Poses.empty())
        elif size_of(image) != labels.size:
            raise OrposeError(f"{self.paths[number]}: is of another size than when it was labelled; teach again")
        rng = np.random.default_rng((self.config.seed, place))
        return make_sample(image, labels, self.accept[number], self.config.augmentation, self.student, rng)


class _Batches:
    """Places of the images of each iteration that fall to one process."""

    def __init__(self, config: TrainConfig, first: int, rank: int, ranks: int) -> None:
        self.config, self.first, self.rank, self.ranks = config, first, rank, ranks

    def __iter__(self) -> Iterator[list[int]]:
        batch = self.config.batch
        for iteration in range(self.first, self.config.schedule.iterations):
            yield list(range(iteration * batch + self.rank, (iteration + 1) * batch, self.ranks))


def load_batches(images: TrainingImages, first: int, rank: int = 0, ranks: int = 1) -> Iterator[list[Sample]]:
    """The batches of a run from iteration `first` on; of several processes, those of process `rank`.

    Raises:
        OrposeError: an image is missing, damaged or not the one that was labelled.
    """
    workers = images.config.data.workers
    loader = DataLoader(
        images,
        batch_sampler=_Batches(images.config, first, rank, ranks),  # type: ignore[arg-type]
        num_workers=workers,
        collate_fn=_as_list,
        prefetch_factor=3 if workers else None,
        worker_init_fn=_start_worker,
        # A forked process would inherit locks of threads that it does not have.
        multiprocessing_context="spawn" if workers else None,
    )
    for batch in loader:
        if problem := next((item for item in batch if isinstance(item, OrposeError)), None):
            raise problem
        yield batch


def _as_list(items: list["Sample | OrposeError"]) -> list["Sample | OrposeError"]:
    return items


def _start_worker(number: int) -> None:
    import signal

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # the training process ends the work, after its checkpoint
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
