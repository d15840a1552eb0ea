"""The card of a student: what it is, what it learned from, how good it is, where it ends, and what was not measured."""

from collections.abc import Mapping, Sequence
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import yaml

from orpose_models.evaluation.result import KIND as EVALUATION
from orpose_models.evaluation.result import Evaluation
from orpose_models.files.disk import atomic_path, read_json, sha256, without_folders
from orpose_models.model_format.score_calibration import calibration_in
from orpose_models.model_format.student_config import OneStageConfig
from orpose_models.training.card_subject import Subject
from orpose_models.training.label_summary import summarise
from orpose_models.training.labels import LabelSet
from orpose_models.vocabulary.errors import OrposeError

MISSING = "not measured"
_FOOTAGE, _CALIBRATION = "orpose-footage", "orpose-calibration-report"

# Of `orpose evaluate run`: its name, how it is shown, times what, digits.
_SIMULATED: Sequence[tuple[str, str, float, int]] = (
    ("box AP", "box AP", 100, 1),
    ("keypoint AP", "keypoint AP", 100, 1),
    ("recall", "persons found, %", 100, 1),
    ("false positives per image", "false persons per image", 1, 2),
    ("PCK@0.2 labelled", "PCK@0.2, labelled joints, %", 100, 1),
    ("MPJPE strict, hips unmapped", "MPJPE strict, mm", 1, 1),
    ("PA-MPJPE strict, hips unmapped", "PA-MPJPE strict, mm", 1, 1),
    ("keypoint score ECE", "keypoint score ECE", 1, 3),
)
_REAL: Sequence[tuple[str, str, float, int]] = (
    ("recall", "persons found, %", 100, 1),
    ("unexplained_per_image", "unexplained persons per image", 1, 2),
    ("keypoint_ap", "keypoint AP", 100, 1),
    ("pck", "PCK@0.2 of found, %", 100, 1),
    ("pck_of_all", "PCK@0.2 of all, %", 100, 1),
    ("pixel_error_median", "pixel error, median", 1, 1),
    ("mpjpe_mm", "MPJPE, mm", 1, 1),
    ("pa_mpjpe_mm", "PA-MPJPE, mm", 1, 1),
    ("root_error_median_mm", "pelvis' place, median mm", 1, 0),
)
_LIMITS = (
    "Trained on a teacher's labels only: where the teacher is wrong or blind, the student learned it.",
    "Operating rooms in its training are simulated. No recording of a real operating room was used, for training or "
    "for these figures.",
    "Real recordings in training and figures, where there are any, are few, short and of few people: they show that it "
    "sees real people, not how well it sees everybody.",
    "One camera cannot tell a person's size: distances and sizes are an average adult's.",
    "Not a medical device. Nothing that happens to a patient may depend on it.",
)


def model_card(
    subject: Subject, labels: Sequence[Path] = (), results: Sequence[Path] = (), notes: Sequence[str] = ()
) -> str:
    """The card as Markdown.

    Args:
        subject: the model.
        labels: files of labels that it was trained on.
        results: files of `orpose evaluate run`, `footage` (each --out folder's JSON) and `calibrate` (--report).
        notes: further limits, a sentence each.

    Raises:
        OrposeError: a file is none of these, or figures or labels are not of this model.
    """
    by_kind: dict[str, list[Any]] = {EVALUATION: [], _FOOTAGE: [], _CALIBRATION: []}
    for path in results:
        raw = read_json(path)
        kind = raw.get("kind") if isinstance(raw, dict) else None
        if kind not in by_kind:
            raise OrposeError(f"{path}: no figures of orpose (kind {kind!r}); known are: {', '.join(by_kind)}")
        by_kind[kind].append(_of_this(subject, path, raw, kind))
    parts = [
        f"# {subject.name}",
        "Boxes, 2D keypoints (COCO-17) and 3D joints (Human3.6M-17) of everybody in an image, from one camera, at full "
        "and at reduced resolution. Written by `orpose card`; what is missing was not measured.",
        _identity(subject),
        "## Data and labels\n\n" + _data(subject, labels),
        "## Training\n\n" + _training(subject),
        "## Annotated images\n\n" + _simulated(by_kind[EVALUATION]),
        "## Real people: the held-back camera\n\n" + _real(by_kind[_FOOTAGE]),
        "## Scores\n\n" + _scores(subject, by_kind[_CALIBRATION]),
        "## Limits\n\n" + "\n".join(f"* {limit}" for limit in (*_LIMITS, *notes)),
    ]
    return "\n\n".join(parts) + "\n"


def write_card(
    subject: Subject, labels: Sequence[Path], results: Sequence[Path], notes: Sequence[str], out: Path | None
) -> Path:
    """Write the card, see `model_card`; where it was written.

    Args:
        out: the file; None for docs/models/NAME.md, where a card that says more is not replaced.

    Raises:
        OrposeError: as `model_card`, or there is a card that says more.
    """
    text = model_card(subject, labels, results, notes)
    if out is None:
        out = Path("docs/models") / f"{subject.name}.md"
        if out.exists() and text.lower().count(MISSING) > out.read_text().lower().count(MISSING):
            raise OrposeError(
                f"{out}: says more than this card would; give --labels and --results too, or name the card with --out"
            )
    with atomic_path(out) as temporary:
        temporary.write_text(text)
    return out


def _of_this(subject: Subject, path: Path, raw: dict[str, Any], kind: str) -> Any:
    known = {subject.sha256, *subject.aliases}
    if kind == EVALUATION:
        evaluation = Evaluation.load(path)
        own = [result for result in evaluation.results if result.info.get("model_sha256") in known]
        if not own:
            raise OrposeError(f"{path}: has no figures of {subject.name} (SHA-256 {subject.sha256[:12]}...)")
        return evaluation.model_copy(update={"results": own})
    of = raw["model_sha256"] if kind == _CALIBRATION else raw["model"]["sha256"]
    if of not in known:
        raise OrposeError(f"{path}: has no figures of {subject.name} (SHA-256 {subject.sha256[:12]}...)")
    return raw


def _identity(subject: Subject) -> str:
    config = subject.config
    branches = f"keypoint branches {' and '.join(config.branches)}"
    if isinstance(config, OneStageConfig):
        network, lifter = f"one stage, MoveNet MultiPose's, {branches}", "in two forms"
        smaller = "".join(f"; {side} where an image's is at most {limit}" for limit, side in config.small_images)
        if config.small_limit:
            smaller += f"; up to {config.small_limit} it goes through layers of its own"
        if config.glance:
            smaller += f"; once more at {config.glance} where it is not sure of somebody large"
    else:
        network, lifter, smaller = f"Faster and Keypoint R-CNN on ResNet-50, {branches}", "of pixels", ""
    return _table(
        ("", ""),
        [
            ("size", f"{subject.size / 1e6:.1f} MB, {subject.parameters:,} parameters"),
            ("SHA-256", f"`{subject.sha256}`"),
            ("network", network),
            ("input", f"short side {config.short_side}, long side at most {config.long_side} pixels{smaller}"),
            ("3D", f"lifter {lifter}, {config.lifter_hidden} wide, one for each branch"),
        ],
    )


def _data(subject: Subject, paths: Sequence[Path]) -> str:
    data = subject.info.get("settings", {}).get("data", {})
    sources = data.get("sources", [])
    digests = {source.get("sha256") or source.get("images_sha256") for source in sources}
    rows = []
    for path in paths:
        digest = sha256(path)
        if sources and digest not in digests:
            raise OrposeError(
                f"{path}: {subject.name} was not trained on these labels (their SHA-256 is not in its file)"
            )
        labels = LabelSet.load(path)
        labels.info["accept"] = labels.accept if data.get("accept") is None else data["accept"]
        for index, folder in enumerate(labels.folders):
            images = [image for image in labels.images if image.source == index]
            counts = summarise(LabelSet(images, labels.folders, labels.info), [])
            row = (folder.name, labels.info.get("teacher"), len(images), counts["persons_accepted"])
            share = _share(sources, digest, folder.name)
            rows.append((*row, counts["persons_rejected"], f"{labels.accept:g}", share))
    head = (
        "recording or split",
        "teacher",
        "images",
        "persons accepted",
        "rejected",
        "accepted from",
        "of the samples",
    )
    unnamed = len(digests) - len({sha256(path) for path in paths})
    text = _table(head, rows) if rows else f"Labels: {MISSING} (no file of labels was given)."
    if rows and unnamed > 0:
        text += f"\n\n{unnamed} more of the {len(digests)} files and folders that it was trained on: not described."
    if held_back := data.get("held_back"):
        names = ", ".join(f"`{pattern}`" for pattern in held_back)
        text += f"\n\nHeld back to choose the weights by, never trained on: {names}."
    return text + "\n\nNobody annotated anything: rejected persons are neither person nor background in training."


def _share(sources: Sequence[dict[str, Any]], digest: str, folder: str) -> str:
    """What part of all samples came from the source that a recording belongs to; empty where that was not set."""
    shares = [source.get("share") or 0.0 for source in sources]
    mine = sum(
        share
        for source, share in zip(sources, shares, strict=True)
        if source.get("sha256") == digest
        and (not source.get("only") or any(fnmatch(folder, name.partition("/")[0]) for name in source["only"]))
    )
    return f"{mine / sum(shares):.0%}" if mine else ""


def _training(subject: Subject) -> str:
    info = subject.info
    if "iterations" not in info:
        return "How it was trained is not in its file."
    runs = [info]
    while isinstance(before := runs[-1].get("started_from"), dict) and "iterations" in before:
        runs.append(before)
    return "\n\nIt started from the weights of an earlier run: ".join(_run(one) for one in runs)


def _run(info: Mapping[str, Any]) -> str:
    """One run of training: its length and its settings."""
    settings = {key: value for key, value in info.get("settings", {}).items() if key != "data"}
    text = f"{info['iterations']:,} iterations, {info.get('images_seen', 0):,} images seen"
    text += ", moving average of the weights" if info.get("averaged") else ""
    written = yaml.safe_dump(without_folders(settings), sort_keys=False).rstrip()
    return f"{text}.\n\n<details><summary>Settings</summary>\n\n```yaml\n{written}\n```\n</details>"


def _simulated(evaluations: Sequence[Evaluation]) -> str:
    if not evaluations:
        return f"{MISSING[0].upper()}{MISSING[1:]}."
    texts = []
    for evaluation in evaluations:
        results = sorted(evaluation.results, key=lambda result: result.downsample or 0)
        rows = []
        for name, label, unit, digits in _SIMULATED:
            cells = []
            for result in results:
                metric = result.metrics.get(name)
                value = None if metric is None else metric.value
                text = _number(value, unit, digits)
                if metric is not None and value is not None and metric.low is not None and metric.high is not None:
                    text += f" [{metric.low * unit:.{digits}f}, {metric.high * unit:.{digits}f}]"
                cells.append(text)
            rows.append((label, *cells))
        head = ("", *(f"{result.downsample:g}x" if result.downsample else result.name for result in results))
        said = f"{evaluation.dataset}: {evaluation.images} images, {evaluation.persons} persons; 95 % intervals."
        texts.append(f"{said} Conventions: `docs/evaluation.md`.\n\n{_table(head, rows)}")
    return "\n\n".join(texts)


def _real(reports: Sequence[dict[str, Any]]) -> str:
    if not reports:
        return f"{MISSING[0].upper()}{MISSING[1:]}."
    texts = []
    for report in reports:
        for camera, found in report["cameras"].items():
            figures = found["results"]
            rows = [
                (label, *(_number(one.get(key), unit, digits) for one in figures.values()))
                for key, label, unit, digits in _REAL
            ]
            truth = found["truth"]
            error = _number(truth["reprojection_error_median_px"], 1, 1)
            said = (
                f"{report['footage']}, {camera}, {truth['images']} moments, {truth['persons']} persons. Not annotated: "
                f"the truth is what `{report['truth_model']['name']}` found in the other cameras, triangulated (median "
                f"reprojection error {error} pixels); `docs/real-footage.md` says how far to trust it."
            )
            texts.append(f"{said}\n\n{_table(('', *(f'{factor}x' for factor in figures)), rows)}")
    return "\n\n".join(texts)


def _scores(subject: Subject, reports: Sequence[dict[str, Any]]) -> str:
    fitted = calibration_in(subject.info, subject.name)
    if fitted is None:
        text = "Keypoint scores are the network's own; it carries no calibration."
    else:
        before, after = (_number(error, 1, 3) for error in (fitted.ece_before, fitted.ece_after))
        text = (
            f"Keypoint scores are calibrated ({fitted.method}, fitted on {fitted.fitted_on}, {fitted.joints} joints): "
            f"calibration error {before} before, {after} after, cross-validated."
        )
    for report in reports:
        whole = report["judged"][-1]
        rows = [
            (f"{row['score_at_least']:g}", _number(row["share_of_joints"], 100, 1), _number(row["share_right"], 100, 1))
            for row in whole["thresholds"]
        ]
        head = ("calibrated score at least", "joints, %", "of these right, %")
        text += f"\n\nOn {report['dataset']}, {whole['joints']} joints:\n\n{_table(head, rows)}"
    return text


def _number(value: float | None, unit: float, digits: int) -> str:
    return MISSING if value is None else f"{value * unit:.{digits}f}"


def _table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    def line(cells: Sequence[object]) -> str:
        return f"| {' | '.join(str(cell) for cell in cells)} |"

    return "\n".join([line(head), "|" + "---|" * len(head), *(line(row) for row in rows)])
