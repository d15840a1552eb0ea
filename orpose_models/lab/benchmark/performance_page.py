"""`docs/performance.md`, written from the files of the benchmark."""

from pathlib import Path
from textwrap import fill

from orpose_models.files.disk import atomic_path
from orpose_models.lab.benchmark.benchmark_files import Benchmark, Machine, NodeBenchmark, Quiet, load_result
from orpose_models.lab.benchmark.benchmark_run import CALLS_A_TURN, REFERENCE_PERSONS, SLOW_BUDGET, SLOW_SECONDS
from orpose_models.lab.benchmark.goals import node_verdicts, runtime_verdicts
from orpose_models.lab.benchmark.machine import IDLE_SHARE
from orpose_models.lab.benchmark.runners import SCORE_THRESHOLD
from orpose_models.lab.benchmark.staged_pictures import SIZE, VARIANTS
from orpose_models.lab.benchmark.timing_plot import draw
from orpose_models.lab.benchmark.timing_tables import (
    Sheet,
    comparison_sheet,
    found_sheet,
    goals_sheet,
    needs_sheet,
    node_sheets,
    reduced_sheet,
    robustness_sheet,
    speed_sheets,
    stages_sheet,
)
from orpose_models.vocabulary.errors import OrposeError

_HEAD = """\
# Performance

For knowing how fast a model and the node are, how much memory they take, and whether that meets the goals.
`orpose benchmark --documents docs` writes this page from the files in `docs/performance`; changes by hand are lost.
What has no file or no figure there is shown as not measured.
"""

_READING = f"""\
## How to read this

* **Time** is that of one image, from the BGR array of {SIZE[0]} x {SIZE[1]} pixels in memory to poses with ids and root
  positions: reducing the picture, network, selection, placing, tracking. The median is what to expect, the 95th
  percentile what to plan for.
* **Every contender runs in a process of its own**, kept to as many processors as it has threads. All take their
  turns one after the other: {CALLS_A_TURN} timed calls after one that is not timed, round after round, each round
  begun by another contender, so that whatever slows the machine slows all alike. In the first round every picture is
  seen once before any time is taken.
* **Pictures** are parts of the multi-person footage (cameras 1 to 3) side by side, {VARIANTS} moments for each number
  of persons. Nobody in them makes the light student look a second time ([student.md](student.md#light)). How many
  persons the reference *processed* (it looked for their keypoints; this is what costs time) and *reported* (score of
  at least {SCORE_THRESHOLD:g}) is told below. The cost of a person is the slope of the median time over persons
  processed.
* **Memory** is the resident set in MB (10^6 bytes) after all cases, less that of the bare interpreter in the same
  process. Libraries' code counts.
* **Start** is from asking the system for a new process to its first poses: interpreter, imports, weights, first
  picture. The files are in the system's cache.
* **Peers** have random weights, but for MediaPipe: this compares speed, not accuracy. What is left out, as
  MediaPipe's search for persons and the 3D of the networks that have none, makes the peers look faster than they
  are in use. A peer slower than {SLOW_SECONDS:g} s an image is measured at one case, for {SLOW_BUDGET:g} s.
* **Beside other processes** nothing is kept to certain processors; the busy processes do nothing but compute.
* **The node** is measured from outside: from publishing an image to the arrival of its 3D poses at a subscriber of
  every output, on the same machine, whose processors publisher, node and subscriber share. The model without the
  node takes turns with it on the same pictures.
"""

_COMMANDS = """\
## How to measure

On a machine that has nothing else to do (the command looks and warns):

```
orpose fetch weights multiperson
orpose benchmark --peers --yolo-onnx yolo11n-pose.onnx --yolo-onnx yolo26n-pose.onnx \\
  --mediapipe mediapipe-env/bin/python --out docs/performance
source tools/ros_env.sh && orpose benchmark-node --out docs/performance
orpose benchmark --documents docs
```

`orpose benchmark` without options measures the default model on all installed engines. Copy `benchmark.json` and
`node.json` to names of their own to keep several machines in this document.

YOLO graphs come from an environment of its own; Ultralytics is under the AGPL and neither a part nor a dependency of
this project. `yolo11n-pose.yaml` and `yolo26n-pose.yaml` are copies of Ultralytics' `yolo11-pose.yaml` and
`yolo26-pose.yaml` with `nc: 1`; the weights are random:

```
python3 -m venv yolo-env && yolo-env/bin/pip install ultralytics onnx
yolo-env/bin/python -c "from ultralytics import YOLO; \\
YOLO('yolo11n-pose.yaml', task='pose').export(format='onnx', imgsz=[480, 640], opset=18, simplify=False)"
yolo-env/bin/python -c "from ultralytics import YOLO; \\
YOLO('yolo26n-pose.yaml', task='pose').export(format='onnx', imgsz=[480, 640], opset=18, simplify=False, end2end=True)"
```

Read are graphs of one class and a fixed input that answer (1, 56, cells), whose non-maximum suppression is done here,
or (1, persons, 57), such as those with `nms=True` or `end2end=True`. Others are refused before anything is measured.

MediaPipe 0.10.21 has the network in its wheel; it needs NumPy 1, so it has an environment of its own, too:

```
python3.11 -m venv mediapipe-env && mediapipe-env/bin/pip install mediapipe==0.10.21
```
"""


def write_document(docs: Path) -> Path:
    """Write `performance.md` into a folder from the files in its `performance` folder, and a plot beside each of them.

    Returns:
        The document.

    Raises:
        OrposeError: there is no such folder, or a file in it is damaged.
    """
    folder = docs / "performance"
    if not folder.is_dir():
        raise OrposeError(f"{folder}: no such folder; measure into it first: orpose benchmark --out {folder}")
    results = {path.stem: load_result(path) for path in sorted(folder.glob("*.json"))}
    runtimes = {name: result for name, result in results.items() if isinstance(result, Benchmark)}
    nodes = {name: result for name, result in results.items() if isinstance(result, NodeBenchmark)}
    parts = [_HEAD, "## Goals\n", *_goals(runtimes, nodes), _READING]
    for name, benchmark in runtimes.items():
        with atomic_path(folder / f"{name}.png") as temporary:
            temporary.write_bytes(draw(benchmark, REFERENCE_PERSONS))
        parts.append(_runtime(name, benchmark))
    parts += [_node(name, node) for name, node in nodes.items()]
    parts.append(_COMMANDS)
    target = docs / "performance.md"
    with atomic_path(target) as temporary:
        temporary.write_text("\n".join(parts))
    return target


def _goals(runtimes: dict[str, Benchmark], nodes: dict[str, NodeBenchmark]) -> list[str]:
    parts = []
    some: dict[str, Benchmark | None] = {**runtimes} or {"": None}
    for name, benchmark in some.items():
        about = f"The model ({name}; {benchmark.reference}):" if benchmark else "The model:"
        parts.append(f"{about}\n\n{goals_sheet(runtime_verdicts(benchmark)).markdown()}")
    some_nodes: dict[str, NodeBenchmark | None] = {**nodes} or {"": None}
    for name, node in some_nodes.items():
        threads = f"{node.threads} thread{'s' if node.threads > 1 else ''}" if node else ""
        about = f"The node ({name}; {node.model}, {node.engine}, {threads}):" if node else "The node:"
        parts.append(f"{about}\n\n{goals_sheet(node_verdicts(node)).markdown()}")
    return parts


def _runtime(name: str, benchmark: Benchmark) -> str:
    reference = REFERENCE_PERSONS
    sheets = [
        comparison_sheet(benchmark, reference),
        *speed_sheets(benchmark),
        reduced_sheet(benchmark, reference),
        stages_sheet(benchmark, reference),
        needs_sheet(benchmark),
        found_sheet(benchmark),
        robustness_sheet(benchmark),
    ]
    minutes = benchmark.seconds / 60
    return "\n".join(
        [
            f"## Measured: {name}\n",
            f"`{benchmark.command}`, {benchmark.created}, {minutes:.1f} minutes.\n",
            _quiet(benchmark.quiet),
            f"![all of it as a picture](performance/{name}.png)\n",
            *(_section(sheet) for sheet in sheets),
            _machine(benchmark.machine),
        ]
    )


def _node(name: str, benchmark: NodeBenchmark) -> str:
    return "\n".join(
        [
            f"## Measured: {name}\n",
            f"`{benchmark.command}`, {benchmark.created}, {benchmark.seconds / 60:.1f} minutes.\n",
            _quiet(benchmark.quiet),
            *(_section(sheet) for sheet in node_sheets(benchmark)),
            _machine(benchmark.machine),
        ]
    )


def _section(sheet: Sheet) -> str:
    title = sheet.title[:1].upper() + sheet.title[1:]
    notes = "".join(fill(note, 120, initial_indent="* ", subsequent_indent="  ") + "\n" for note in sheet.notes)
    body = sheet.markdown() if sheet.rows else "Not measured.\n"
    return "\n".join(filter(None, [f"### {title}\n", body, notes]))


def _quiet(quiet: Quiet) -> str:
    told = (
        f"Other processes used {quiet.others_before:.0%} of the processors in the second before and "
        f"{quiet.others_during:.0%} meanwhile; load average {quiet.load_before:g} before, {quiet.load_after:g} after.\n"
    )
    if max(quiet.others_before, quiet.others_during) > IDLE_SHARE:
        return f"**The machine was not idle: these figures say little.** {told}"
    return told


def _machine(machine: Machine) -> str:
    packages = ", ".join(f"{name} {version}" for name, version in machine.packages.items())
    flags = ", ".join(machine.flags) or "no vector extensions known"
    about = f"{machine.cpu}, {machine.cores} processors ({flags}), {machine.memory_gb:g} GB; {machine.system}; "
    return f"### Machine\n\n{fill(f'{about}Python {machine.python}; {packages}.', 120)}\n"
