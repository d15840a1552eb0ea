"""The files of the benchmark: what was measured, of what, on which machine.

`SCHEMA` counts incompatible changes.
"""

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from orpose_models.files.disk import read_json, write_json
from orpose_models.files.validation import layout_error
from orpose_models.vocabulary.errors import OrposeError

SCHEMA: Literal[1] = 1
KIND: Literal["orpose-benchmark"] = "orpose-benchmark"
NODE_KIND: Literal["orpose-node-benchmark"] = "orpose-node-benchmark"


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class Timing(_Model):
    """Durations of `calls` calls in milliseconds; `p95_ms` is None where they are too few for it."""

    calls: int
    median_ms: float
    p95_ms: float | None


class Machine(_Model):
    """What was measured on. `packages` are versions by name, `flags` those of the processor that engines choose by."""

    cpu: str
    cores: int
    flags: list[str]
    memory_gb: float
    system: str
    python: str
    packages: dict[str, str]


class Quiet(_Model):
    """How much else the machine had to do.

    Attributes:
        load_before, load_after: load average of a minute.
        others_before: share of all processors' time that others used in the second before.
        others_during: the same from begin to end.
    """

    load_before: float
    load_after: float
    others_before: float
    others_during: float


class Start(_Model):
    """Seconds from asking for a fresh process to its first result, and what they went into."""

    seconds: float
    interpreter: float
    loading: float
    first: float


class Participant(_Model):
    """A contender: what it is, and what it needed.

    Attributes:
        label: tells it apart in this file.
        name, kind, engine, threads, note: see `contenders.Contender`.
        sha256: of its weights; empty where they are random.
        parameters: how many numbers its file of weights holds; None where there is no such file.
        starts: of several fresh processes, files in the system's cache.
        building: of the process before them, where the engine keeps what it makes of a model and had nothing yet.
        rss_mb, peak_mb: memory in MB (10^6 bytes) beyond the bare interpreter, after all cases, and at most.
        problem: why it could not be run, or could not go on; empty if nothing was wrong.
    """

    label: str
    name: str
    kind: str
    engine: str
    threads: int
    note: str
    sha256: str = ""
    parameters: int | None = None
    starts: list[Start] = []
    building: Start | None = None
    rss_mb: float | None = None
    peak_mb: float | None = None
    problem: str = ""


class Cell(_Model):
    """A contender at a case.

    Attributes:
        label: whose.
        persons: in the pictures.
        downsample: factor by which they were reduced.
        total: from picture to result.
        stages: parts of it by name, where the contender tells them.
        processed: mean number of persons the network worked on.
        reported: mean number of persons it reported.
        cores: processor time by wall time.
        samples_ms: every call's duration, in order.
    """

    label: str
    persons: int
    downsample: float
    total: Timing
    stages: dict[str, Timing]
    processed: float
    reported: float
    cores: float
    samples_ms: list[float]


class Robustness(_Model):
    """How a model behaves beside other processes, not kept to certain processors.

    Attributes:
        label: of which contender.
        alone, one_core, all_cores: durations with nothing else, one, and as many busy processes as there are cores.
        cores: processor time by wall time, alone.
        busy_threads: threads that had more than a tenth of the busiest one's processor time.
        idle_cpu: processor time by wall time while there is nothing to do.
        thread_difference_px, thread_difference_mm: largest difference of boxes and keypoints, and of 3D joints,
            between the model on one thread and on several; None where the number of persons differs.
    """

    label: str
    alone: Timing
    one_core: Timing
    all_cores: Timing
    cores: float
    busy_threads: int
    idle_cpu: float
    thread_difference_px: float | None
    thread_difference_mm: float | None


class _Run(_Model):
    """What every file says first.

    Attributes:
        created: date and time, UTC.
        command: that was given.
        seconds: how long it took.
    """

    kind: str
    schema_version: Literal[1] = SCHEMA
    created: str
    command: str
    seconds: float
    machine: Machine
    quiet: Quiet

    def save(self, path: Path) -> None:
        """Write the file."""
        write_json(path, self.model_dump(), indent=1)


class Benchmark(_Run):
    """One run of `orpose benchmark`.

    Attributes:
        reference: label of the contender that goals and ratios are about.
        settings: numbers of persons and so on.
    """

    kind: Literal["orpose-benchmark"] = KIND
    reference: str
    settings: dict[str, Any]
    participants: list[Participant]
    cells: list[Cell]
    robustness: Robustness | None

    def cell(self, label: str, persons: int, downsample: float = 1.0) -> Cell | None:
        """A contender's figures at a case, if there are any."""
        case = (label, persons, downsample)
        return next((cell for cell in self.cells if (cell.label, cell.persons, cell.downsample) == case), None)

    def participant(self, label: str) -> Participant | None:
        """A contender by its label."""
        return next((one for one in self.participants if one.label == label), None)


class Camera(_Model):
    """One camera of a node.

    Attributes:
        sent, received, processed, dropped: images.
        oldest_ms: greatest age, since its arrival, of an image when the model took it.
        rate: results a second.
    """

    name: str
    sent: int
    received: int
    processed: int
    dropped: int
    oldest_ms: float
    rate: float


class NodeRun(_Model):
    """A node with some cameras.

    Attributes:
        cameras: each of them.
        fps: images a second that each camera sends.
        seconds: how long.
        latency: from an image's stamp to the arrival of its 3D poses at a subscriber.
    """

    cameras: list[Camera]
    fps: float
    seconds: float
    latency: Timing


class NodeBenchmark(_Run):
    """One run of the node's benchmark.

    Attributes:
        bare: the model without the node, on the same pictures, in turn with `node`.
        node: from publishing an image to the arrival of its 3D poses, one image at a time, every output subscribed.
        single, several: a camera's, and some cameras' images at their own rate.
    """

    kind: Literal["orpose-node-benchmark"] = NODE_KIND
    model: str
    engine: str
    threads: int
    persons: int
    bare: Timing
    node: Timing
    single: NodeRun
    several: NodeRun


def load_result(path: Path) -> Benchmark | NodeBenchmark | None:
    """Read a file of the benchmark; None if it is of another kind.

    Raises:
        OrposeError: not a JSON file, or not as this version writes it.
    """
    data = read_json(path)
    kinds: dict[str, type[Benchmark] | type[NodeBenchmark]] = {KIND: Benchmark, NODE_KIND: NodeBenchmark}
    model = kinds.get(data.get("kind", "")) if isinstance(data, dict) else None
    if model is None:
        return None
    if data.get("schema_version") != SCHEMA:
        raise OrposeError(
            f"{path}: is of version {data.get('schema_version')!r}, this program reads {SCHEMA}; measure again"
        )
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise layout_error(path, error) from None
