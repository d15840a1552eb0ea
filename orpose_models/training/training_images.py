"""Which image comes when, and its preparation: all of it decided by the seed and the image's place in the run.

A run that is continued therefore goes on exactly as if it had not been interrupted, and neither the number of
processes nor that of workers changes what is trained on.
"""

from collections.abc import Generator, Iterator, Sequence
from fnmatch import fnmatch
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import DataLoader, Dataset

from orpose_models.datasets.folder import list_images
from orpose_models.datasets.image_file import read_image, size_of
from orpose_models.model_format.student_config import StudentConfig
from orpose_models.runtime.engine_loading import processors
from orpose_models.training.augmentation_config import InputKind
from orpose_models.training.labels import ImageLabels, LabelSet
from orpose_models.training.region_samples import Sample, make_sample
from orpose_models.training.scale_pairs import Scene, make_scene
from orpose_models.training.train_config import DataSource, TrainConfig
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.poses import Poses

# Keep apart what is drawn for an iteration, for a place, and for the image at a place.
_ITERATION, _PLACE = 0x0E0, 0x0E1

# More do not help one card.
_MOST_WORKERS = 16

Prepared = Sample | Scene


class TrainingImages(Dataset["Prepared | OrposeError"]):
    """All images of a run; item i is the i-th of the run, prepared as its turn demands.

    Every batch has its part of each source, to one image: the places of a batch are spread evenly over the shares.

    Attributes:
        paths, labels, accept: of each image; labels are None where nobody is.
    """

    def __init__(self, config: TrainConfig) -> None:
        self.config = config
        self.student = config.model.student_config()
        self.paths: list[Path] = []
        self.labels: list[ImageLabels | None] = []
        self.accept: list[float] = []
        sources = config.data.sources
        if len({source.share is None for source in sources}) > 1:
            raise OrposeError("data.sources: either all have a share or none; sources named by options have none")
        kinds: list[tuple[NDArray[np.int64], float]] = []  # numbers of images, share
        for source in sources:
            first = len(self.paths)
            self._read(source)
            numbers = np.arange(first, len(self.paths))
            # Folders in which nobody is were given for just that.
            nobody = np.array([source.labels is not None and self._nobody(int(number)) for number in numbers], np.bool_)
            some, none = float((~nobody).sum()), float(nobody.sum()) * config.data.empty
            whole = some + none if source.share is None else source.share
            for part, count in ((numbers[~nobody], some), (numbers[nobody], none)):
                kinds.append((part, whole * count / max(some + none, 1)))
        self._kinds = [numbers for numbers, share in kinds if share]
        if not self._kinds:
            raise OrposeError("there is nothing to train on: name files of labels with --labels or in data.sources")
        shares = np.cumsum([share for _, share in kinds if share])
        self._until: NDArray[np.float64] = shares / shares[-1]

    def _read(self, source: DataSource) -> None:
        if source.person_free is not None:
            files = list_images(source.person_free).images
            self.paths += files
            self.labels += [None] * len(files)
            self.accept += [0.0] * len(files)
            return
        assert source.labels is not None
        labels = LabelSet.load(source.labels)
        chosen = chosen_images(labels, source.only, self.config.data.held_back)
        if not chosen:
            raise OrposeError(f"{source.labels}: has no image{' of these names' if source.only else ''}")
        paths = [labels.path_of(image) for image in chosen]
        missing = [path for path in paths if not path.is_file()]
        if missing:
            raise OrposeError(f"{source.labels}: {len(missing)} images are missing, the first is {missing[0]}")
        accept = labels.accept if self.config.data.accept is None else self.config.data.accept
        self.paths += paths
        self.labels += chosen
        self.accept += [accept] * len(paths)

    def _nobody(self, number: int) -> bool:
        labels = self.labels[number]
        return labels is None or not bool((labels.soft.box_scores >= self.accept[number]).any())

    @property
    def persons(self) -> int:
        """How many persons are accepted."""
        pairs = zip(self.labels, self.accept, strict=True)
        return sum(int((image.soft.box_scores >= accept).sum()) for image, accept in pairs if image is not None)

    def image_at(self, place: int) -> int:
        """Which image comes at a place of the run."""
        iteration, slot = divmod(place, self.config.batch)
        offset = np.random.default_rng((self.config.seed, _ITERATION, iteration)).random()
        kind = np.searchsorted(self._until, (slot + offset) / self.config.batch, side="right")
        numbers = self._kinds[min(int(kind), len(self._kinds) - 1)]
        return int(numbers[np.random.default_rng((self.config.seed, _PLACE, place)).integers(len(numbers))])

    def input_at(self, place: int) -> InputKind:
        """The one-stage student's input at a place of the run; the same for all of an iteration."""
        rng = np.random.default_rng((self.config.seed, _ITERATION, place // self.config.batch, 1))
        kinds = self.config.augmentation.inputs
        number = np.searchsorted(np.cumsum([kind.share for kind in kinds]), rng.random(), side="right")
        return kinds[min(int(number), len(kinds) - 1)]

    def __getitem__(self, place: int) -> "Prepared | OrposeError":
        try:
            return self.sample(place)
        except OrposeError as error:  # handed over: raised in a worker it would come with the worker's traceback
            return error

    def sample(self, place: int) -> Prepared:
        """The image at a place of the run, prepared.

        Raises:
            OrposeError: it is missing, damaged or not the one that was labelled.
        """
        number = self.image_at(place)
        image = read_image(self.paths[number])
        labels = self.labels[number]
        nobody = labels is None
        if labels is None:
            labels = ImageLabels(0, self.paths[number].name, size_of(image), Poses.empty(), Poses.empty())
        elif size_of(image) != labels.size:
            raise OrposeError(f"{self.paths[number]}: is of another size than when it was labelled; teach again")
        rng = np.random.default_rng((self.config.seed, place))
        augmentation, accept = self.config.augmentation, self.accept[number]
        if isinstance(self.student, StudentConfig):
            return make_sample(image, labels, accept, augmentation, self.student, rng)
        return make_scene(image, labels, accept, nobody, augmentation, self.input_at(place), rng)


def chosen_images(labels: LabelSet, only: Sequence[str], held_back: Sequence[str] = ()) -> list[ImageLabels]:
    """Images whose name, behind that of their dataset's folder, is of a pattern of `only` (none: any) and of none of
    `held_back`.
    """

    def named(image: ImageLabels, patterns: Sequence[str]) -> bool:
        name = f"{labels.folders[image.source].name}/{image.file_name}"
        return any(fnmatch(name, pattern) for pattern in patterns)

    return [image for image in labels.images if (not only or named(image, only)) and not named(image, held_back)]


class _Batches:
    """Places of the images of each iteration that fall to one process."""

    def __init__(self, config: TrainConfig, first: int, rank: int, ranks: int) -> None:
        self.config, self.first, self.rank, self.ranks = config, first, rank, ranks

    def __iter__(self) -> Iterator[list[int]]:
        batch = self.config.batch
        for iteration in range(self.first, self.config.schedule.iterations):
            yield list(range(iteration * batch + self.rank, (iteration + 1) * batch, self.ranks))


def workers_of(wanted: int | None, ranks: int) -> int:
    """How many processes prepare images for each of `ranks`: as wanted; else one, or with a GPU all processors' share.

    A processor that trains needs them itself.
    """
    if wanted is not None:
        return wanted
    return max(1, min(processors() // ranks - 1, _MOST_WORKERS)) if torch.cuda.is_available() else 1


def load_batches(
    images: TrainingImages, first: int, rank: int = 0, ranks: int = 1
) -> Generator[list[Prepared], None, None]:
    """The batches of a run from iteration `first` on; of several processes, those of process `rank`.

    Closing it ends its workers. One that is left open keeps the process from ending: they heed no signals.

    Raises:
        OrposeError: an image is missing, damaged or not the one that was labelled.
    """
    workers = workers_of(images.config.data.workers, ranks)
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


def _as_list(items: list["Prepared | OrposeError"]) -> list["Prepared | OrposeError"]:
    return items


def _start_worker(number: int) -> None:
    import signal

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # the training process ends the work, after its checkpoint
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
