"""The report: one HTML file with everything in it, to be opened without a server or a network."""

import base64
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from orpose_models.datasets.image_file import read_image
from orpose_models.datasets.truth import NOT_LABELLED, ImageTruth, Truth
from orpose_models.drawing.overlays import draw_poses
from orpose_models.evaluation.plots import curves, reliability_diagram
from orpose_models.evaluation.result import Evaluation, ImageScore, Result
from orpose_models.evaluation.result_tables import metric_names, number, result_notes, with_interval
from orpose_models.files.disk import atomic_path
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.poses import Poses

SHOWN = 4  # best and worst images each
_WIDTH = 640  # pixels of a picture in the report

_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 75rem; padding: 0 1rem; color: #222 }
table { border-collapse: collapse; margin: .6rem 0 1.6rem } caption { text-align: left; font-weight: 600 }
th, td { border-bottom: 1px solid #ddd; padding: .2rem .7rem; text-align: right; font-variant-numeric: tabular-nums }
th:first-child, td:first-child { text-align: left } td.note { text-align: left; color: #666; font-size: 13px }
.pictures { display: flex; flex-wrap: wrap; gap: 1rem } figure { margin: 0; max-width: 34rem } img { max-width: 100% }
figcaption { font-size: 13px; color: #444 } dt { font-weight: 600 } dd { margin: 0 0 .5rem 1rem }
"""


def write_report(evaluation: Evaluation, truth: Truth, poses: Sequence[Mapping[int, Poses]], path: str | Path) -> None:
    """Write the report.

    Args:
        evaluation: the figures.
        truth: the dataset, for the pictures.
        poses: for each result the predictions by the dataset's image ids.
        path: the HTML file.
    """
    parts = [
        f"<h1>Evaluation on {escape(evaluation.dataset)}</h1>",
        f"<p>{evaluation.images} images, {evaluation.persons} annotated persons. Figures in brackets are 95 % "
        f"bootstrap intervals over images ({evaluation.settings.get('bootstrap_draws')} draws, "
        f"seed {evaluation.settings.get('seed')}).</p>",
        *(f"<p>{escape(note)}</p>" for note in evaluation.notes),
        *(_warning(result) for result in evaluation.results if result.missing),
        *(f"<p>{escape(which)}: {escape(note)}</p>" for note, which in result_notes(evaluation)),
        _metrics(evaluation),
    ]
    if picture := curves(evaluation):
        parts += ["<h2>Low resolution</h2>", _png(picture, "figures over the downsampling factor")]
    diagrams = [(result, reliability_diagram(result)) for result in evaluation.results]
    if any(diagram for _, diagram in diagrams):
        parts.append("<h2>Are the scores honest?</h2><div class='pictures'>")
        parts += [
            f"<figure>{_png(diagram, 'reliability diagram')}<figcaption>{escape(result.label)}</figcaption></figure>"
            for result, diagram in diagrams
            if diagram
        ]
        parts.append("</div>")
    parts.append("<h2>Break-downs</h2>")
    parts += [_breakdown(result, title) for result in evaluation.results for title in result.tables]
    for result, mine in zip(evaluation.results, poses, strict=True):
        if result.images:
            parts.append(f"<h2>Images: {escape(result.label)}</h2>")
            parts.append(_gallery("worst", result.images[:SHOWN], truth, mine))
            parts.append(_gallery("best", result.images[: -SHOWN - 1 : -1], truth, mine))
    parts.append("<h2>What the figures mean</h2><dl>")
    parts += [f"<dt>{escape(key)}</dt><dd>{escape(text)}</dd>" for key, text in evaluation.conventions.items()]
    parts.append("</dl>")
    html = (
        f"<!doctype html><html lang='en'><head><meta charset='utf-8'><title>Evaluation on {escape(evaluation.dataset)}"
        f"</title><style>{_STYLE}</style></head><body>{''.join(parts)}</body></html>\n"
    )
    with atomic_path(path) as temporary:
        temporary.write_text(html)


def _warning(result: Result) -> str:
    return (
        f"<p><strong>{escape(result.label)}: {len(result.missing)} images have no prediction; nobody counts as found "
        "there.</strong></p>"
    )


def _metrics(evaluation: Evaluation) -> str:
    head = "".join(f"<th>{escape(result.label)}</th>" for result in evaluation.results)
    rows = []
    for name in metric_names(evaluation):
        metrics = [result.metrics.get(name) for result in evaluation.results]
        first = next(metric for metric in metrics if metric is not None)
        cells = "".join(f"<td>{with_interval(m) if m else '-'}</td>" for m in metrics)
        note = "; ".join(dict.fromkeys(m.note for m in metrics if m and m.note))
        rows.append(
            f"<tr><td>{escape(name)}</td>{cells}<td>{escape(first.unit)}</td><td class='note'>{escape(note)}</td></tr>"
        )
    return f"<table><tr><th>figure</th>{head}<th>unit</th><th></th></tr>{''.join(rows)}</table>"


def _breakdown(result: Result, title: str) -> str:
    rows = result.tables[title]
    columns = list(dict.fromkeys(column for row in rows.values() for column in row))
    unit = "mm" if title.endswith("mm") else ""
    head = "".join(f"<th>{escape(column)}</th>" for column in columns)
    body = "".join(
        f"<tr><td>{escape(name)}</td>{''.join(f'<td>{number(row.get(c), unit)}</td>' for c in columns)}</tr>"
        for name, row in rows.items()
    )
    caption = f"{escape(title)} - {escape(result.label)}"
    return f"<table><caption>{caption}</caption><tr><th></th>{head}</tr>{body}</table>"


def _gallery(title: str, scores: Sequence[ImageScore], truth: Truth, poses: Mapping[int, Poses]) -> str:
    figures = []
    for score in scores:
        image = truth.by_image_id[score.image_id]
        picture, note = picture_of(truth, image, poses.get(score.image_id, Poses.empty()))
        caption = (
            f"{score.file_name}: {score.score:.0%} of the labelled joints right, {score.persons} persons annotated, "
            f"{score.predicted} predicted{note}"
        )
        figures.append(f"<figure>{_jpeg(picture)}<figcaption>{escape(caption)}</figcaption></figure>")
    legend = "predictions in colour, annotations in white"
    return f"<h3>{title} ({legend})</h3><div class='pictures'>{''.join(figures)}</div>"


def picture_of(truth: Truth, image: ImageTruth, poses: Poses) -> tuple[NDArray[np.uint8], str]:
    """The image (on grey where it is not at hand) with annotations and predictions, and a note saying so."""
    try:
        canvas, note = read_image(truth.image_root / image.file_name), ""
    except OrposeError:
        canvas, note = np.full((image.size[1], image.size[0], 3), 70, np.uint8), " (image not at hand)"
    canvas = draw_poses(canvas, poses, image.size)
    scale = np.array([canvas.shape[1] / image.size[0], canvas.shape[0] / image.size[1]])
    for keypoints, visibility in zip(image.persons.keypoints, image.persons.visibility, strict=True):
        points = np.round(keypoints * scale).astype(int).tolist()
        for a, b in truth.skeleton.edges:
            if visibility[a] > NOT_LABELLED and visibility[b] > NOT_LABELLED:
                cv2.line(canvas, points[a], points[b], (255, 255, 255), 1, cv2.LINE_AA)
    for box in np.round(image.persons.boxes * np.tile(scale, 2)).astype(int).tolist():
        cv2.rectangle(canvas, box[:2], box[2:], (255, 255, 255), 1)
    return canvas, note


def _jpeg(picture: NDArray[np.uint8]) -> str:
    if picture.shape[1] > _WIDTH:
        height = round(picture.shape[0] * _WIDTH / picture.shape[1])
        picture = np.asarray(cv2.resize(picture, (_WIDTH, height), interpolation=cv2.INTER_AREA), np.uint8)
    data = base64.b64encode(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 85])[1].tobytes()).decode()
    return f"<img src='data:image/jpeg;base64,{data}' alt=''>"


def _png(data: bytes, alt: str) -> str:
    return f"<img src='data:image/png;base64,{base64.b64encode(data).decode()}' alt='{escape(alt)}'>"
