"""The tables of the results, as Markdown."""

from collections.abc import Mapping, Sequence

from orpose_models.evaluation.result import Metric
from orpose_models.lab.reproduction.comparing import peculiarities
from orpose_models.lab.reproduction.row_record import Part, RowRecord
from orpose_models.lab.reproduction.rows import BY_NAME, ROWS, SHIPPED
from orpose_models.lab.reproduction.targets import FOUND, RELEASED, STRICT, TARGETS, judge, of_shipped

MISSING, UNDEFINED, FLAG = "missing", "-", "†"
_FIGURES = {
    "box AP": "box AP",
    "keypoint AP": "keypoint AP",
    "MPJPE, released protocol": RELEASED,
    "MPJPE, strict": STRICT,
    "persons in the strict figure": FOUND,
}
_TWO_BRANCHES = "Two branches are better than one that learns both sets of labels: keypoint AP at 1x"
Records = Mapping[str, RowRecord]


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table; the first column is text, the others are figures."""
    lines = [f"| {' | '.join(head)} |", "|".join(["", "---", *["--:"] * (len(head) - 1), ""])]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


def number(value: float | None, unit: str) -> str:
    """A figure: shares as per cent, both with one digit after the point."""
    if value is None:
        return UNDEFINED
    return f"{value:.1f}" if unit == "mm" else f"{100 * value:.1f}"


def title(records: Records, name: str) -> str:
    """A row's name, flagged if its budget or its test images are not those of the others."""
    flag = f" {FLAG}" if name in records and peculiarities(records, name) else ""
    return BY_NAME[name].title + flag


def _cells(records: Records, name: str, factor: float) -> list[str]:
    if name not in records:
        return [MISSING] * len(_FIGURES)
    record = records[name]
    if f"{factor:g}" not in record.scales:
        return [MISSING] * len(_FIGURES)
    metrics = record.scales[f"{factor:g}"].metrics
    return [_figure(metrics.get(figure)) for figure in _FIGURES.values()]


def _figure(metric: Metric | None) -> str:
    return UNDEFINED if metric is None else number(metric.value, metric.unit)


def table1(records: Records, factors: Sequence[float]) -> str:
    """Teacher and student before adaptation."""
    rows = []
    for name in ("teacher", "unadapted"):
        record = records.get(name)
        size = [MISSING, MISSING]
        if record is not None:
            parameters, operations = record.model.parameters, record.model.multiply_adds
            size = [UNDEFINED if parameters is None else f"{parameters / 1e6:.1f} M"]
            size.append(UNDEFINED if operations is None else f"{operations:.1f}")
        for factor in factors:
            first = factor == factors[0]
            head = [title(records, name), *size] if first else ["", "", ""]
            rows.append([*head, f"{factor:g}x", *_cells(records, name, factor)])
    head = ["network", "parameters", "multiply-adds, 10^9", "downsampling", *_FIGURES]
    return markdown(head, rows)


def table2(records: Records, factors: Sequence[float]) -> str:
    """Adapted students: those of one scale at theirs, the one of all scales at all."""
    rows = []
    for factor in factors:
        name = f"fixed_{factor:g}x"
        if name in BY_NAME:
            rows.append([title(records, name), f"{factor:g}x", *_cells(records, name, factor)])
    for name in ("all", SHIPPED):
        for factor in factors:
            head = title(records, name) if factor == factors[0] else ""
            rows.append([head, f"{factor:g}x", *_cells(records, name, factor)])
    return markdown(["student", "downsampling", *_FIGURES], rows)


def table3(records: Records, factors: Sequence[float]) -> str:
    """One branch against two."""
    names = {name: title(records, name) for name in ("all_hard", "all_soft", "all_both", "all")}
    names["all"] = names["all"].replace("ORPose_all", "Two branches (hard + soft): ORPose_all")
    rows = [
        [names[name], f"{factor:g}x", *_cells(records, name, factor)]
        for factor in dict.fromkeys((factors[0], factors[-1]))
        for name in names
    ]
    return markdown(["student", "downsampling", *_FIGURES], rows)


def overview(records: Records, factors: Sequence[float], figure: str) -> str:
    """One figure of every row at every scale, with its interval."""
    rows = []
    for row in ROWS:
        cells = []
        for factor in factors:
            if row.name not in records or f"{factor:g}" not in records[row.name].scales:
                cells.append(MISSING)
                continue
            metric = records[row.name].metric(factor, figure)
            text = _figure(metric)
            if metric is not None and metric.low is not None and metric.high is not None:
                text += f" [{number(metric.low, metric.unit)}, {number(metric.high, metric.unit)}]"
            cells.append(text)
        rows.append([title(records, row.name), *cells])
    return markdown([figure, *(f"{factor:g}x" for factor in factors)], rows)


def targets(records: Records) -> str:
    """The targets with what was measured and the verdicts."""
    rows = [[t.text, *judge(t, records), *judge(of_shipped(t), records)] for t in TARGETS]
    return markdown(["target", "ORPose_all", "verdict", "as shipped", "verdict"], rows)


def claims(records: Records) -> str:
    """What the paper says of its student, and what became of it here, on the simulated operating room."""
    rows = [[t.claim, t.paper, judge(t, records)[0], judge(of_shipped(t), records)[0]] for t in TARGETS if t.claim]
    one, two = (records[name].value(1, "keypoint AP") if name in records else None for name in ("all_both", "all"))
    rows.append([_TWO_BRANCHES, "55.8 against 55.1", f"{number(two, '')} against {number(one, '')}", UNDEFINED])
    return markdown(["", "the paper", "here, ORPose_all", "here, as shipped"], rows)


def budgets(records: Records) -> str:
    """What every row cost, and where it is not as the others are."""
    rows = []
    for row in ROWS:
        record = records.get(row.name)
        if record is None:
            rows.append([row.title, *[MISSING] * 8])
            continue
        seconds = {
            stage: sum(s.seconds for s in record.sessions if s.stage == stage) for stage in ("training", "evaluation")
        }
        training = record.training
        cells = ["not trained here", UNDEFINED, UNDEFINED, UNDEFINED, UNDEFINED]
        if training is not None:
            labels = training.labels
            cells = [
                f"{labels['images']} images, {labels['persons']} persons labelled by {labels['teacher']}",
                f"{training.iterations} x {training.batch}",
                str(training.images_seen),
                str(record.seed),
                _duration(seconds["training"]),
            ]
        test = f"{record.test.images} images, {_duration(seconds['evaluation'])}"
        odd = "; ".join(peculiarities(records, row.name))
        commits = ", ".join(dict.fromkeys(s.commit[:8] + "+" * s.commit.endswith("+") for s in record.sessions))
        rows.append([title(records, row.name), *cells, test, commits or UNDEFINED, odd or "nothing"])
    head = ["row", "trained on", "iterations x batch", "images seen", "seed", "training took", "measured on", "commit"]
    return markdown([*head, "unlike the others in"], rows)


def _duration(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds >= 100 else f"{seconds:.0f} s"


def losses(records: Records, low: float, high: float) -> str:
    """Errors of ORPose_all by part of the body at two scales, beside the student of the reduced one alone."""
    alone = f"fixed_{high:g}x"
    columns = [("all", low), ("all", high), *([(alone, high)] if alone in BY_NAME else [])]
    found: list[Mapping[str, Part] | None] = []
    for name, factor in columns:
        scale = records[name].scales.get(f"{factor:g}") if name in records else None
        found.append(scale.parts if scale else None)
    parts = next((list(one) for one in found if one), [])
    rows = []
    for part in parts:
        medians = [MISSING if one is None else _pixels(one[part].median_px) for one in found]
        shares = [MISSING if one is None else number(one[part].right, "") for one in found]
        rows.append([part, *medians, *shares])
    heads = [f"{BY_NAME[name].title} at {factor:g}x" for name, factor in columns]
    return markdown(["", *(f"median px, {h}" for h in heads), *(f"right, {h}" for h in heads)], rows)


def _pixels(value: float | None) -> str:
    return UNDEFINED if value is None else f"{value:.1f}"


def persons(records: Records, factors: Sequence[float]) -> str:
    """Persons found and made up by ORPose_all at the working threshold."""
    rows = []
    for factor in factors:
        record = records.get("all")
        values = [record.metric(factor, n) if record else None for n in ("recall", "precision")]
        false = record.value(factor, "false positives per image") if record else None
        cells = [_figure(value) for value in values] + [UNDEFINED if false is None else f"{false:.2f}"]
        rows.append([f"{factor:g}x", *(cells if record else [MISSING] * 3)])
    return markdown(["downsampling", "persons found", "predictions that are a person", "false persons per image"], rows)


def commands(records: Records) -> str:
    """Seed and commands of every row."""
    blocks = []
    for row in ROWS:
        if row.name not in records:
            blocks.append(f"**{row.title}**: {MISSING}\n")
            continue
        record = records[row.name]
        seed = "" if record.seed is None else f" (seed {record.seed})"
        lines = "\n".join(record.commands)
        blocks.append(f"**{title(records, row.name)}**{seed}\n\n```\n{lines}\n```\n")
    return "\n".join(blocks)


def unasked(records: Records) -> list[str]:
    """A line for every row that is not as the others are."""
    odd = {name: peculiarities(records, name) for name in records}
    return [f"{FLAG} {BY_NAME[name].title}: {'; '.join(what)}" for name, what in odd.items() if what]
