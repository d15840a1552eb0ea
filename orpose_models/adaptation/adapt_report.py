"""The report of an adaptation: one HTML file, to be opened without a server or a network."""

import base64
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from orpose_models.adaptation.making import Material
from orpose_models.adaptation.proof import FACTORS
from orpose_models.datasets.image_file import read_image, size_of
from orpose_models.datasets.truth import NOT_LABELLED, ImageTruth, Truth
from orpose_models.drawing.overlays import draw_poses
from orpose_models.evaluation.plots import curves
from orpose_models.evaluation.result import Evaluation
from orpose_models.files.disk import atomic_path, read_json
from orpose_models.files.predictions import Predictions
from orpose_models.vocabulary.poses import Poses
from orpose_models.vocabulary.resolution import reduce_image, resize_down

_SHOWN = 6  # images
_SHOWN_AT = 8.0  # the factor at which images are shown
_WIDTH = 420  # pixels of a picture
_SCORE = 0.3

_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 84rem; padding: 0 1rem; color: #222 }
table { border-collapse: collapse; margin: .6rem 0 1.6rem } caption { text-align: left; font-weight: 600 }
th, td { border-bottom: 1px solid #ddd; padding: .2rem .7rem; text-align: right; font-variant-numeric: tabular-nums }
th:first-child, td:first-child { text-align: left } .no { background: #fde8e0 } .yes { background: #e3f4e3 }
.verdict { padding: .6rem 1rem; border-radius: .4rem } .row { display: flex; gap: .6rem; margin: 0 0 1rem }
figure { margin: 0 } img { max-width: 100% } figcaption { font-size: 13px; color: #444 }
"""


def write_report(material: Material, finished: Mapping[str, Any], path: Path) -> None:
    """Write the report.

    Args:
        material: of the round; its frames are shown as long as they are there.
        finished: what a finished round says: proof (see `proving.write_proof`), facts, notes.
        path: the HTML file.
    """
    proof, notes = finished["proof"], finished["notes"]
    figures = proof["figures"]
    kind, word = ("yes", "Recommended") if proof["recommended"] else ("no", "Not recommended")
    parts = [
        f"<h1>{escape(material.name)}</h1>",
        f"<div class='verdict {kind}'><b>{word}.</b><ul>",
        *(f"<li>{escape(reason)}</li>" for reason in proof["reasons"]),
        "</ul></div>",
        f"<p>Before is {escape(str(proof['start']))}, after is {escape(material.name)}. Nobody annotated anything: in "
        "the room, and on the everyday pictures too, the teacher's labels of the whole image are taken for true, so "
        "the figures say how far a student agrees with the teacher, and how much of that is left at reduced sizes."
        "</p>",
        *(f"<p>{escape(note)}</p>" for note in notes),
        _differences("In the room: the part that was kept back", figures["room"], figures["images"]),
        _differences("Everyday people, not in operating rooms", figures["everyday"], figures["everyday_images"]),
        _reviewed(material),
        _false_persons(figures["false_persons"]),
        _movement(figures["movement"]),
        _cameras(figures["cameras"]),
    ]
    both = _both(material)
    if both is not None and (picture := curves(both)):
        parts += ["<h2>Over the downsampling factor</h2>", _png(picture)]
    parts += ["<h2>Images that changed most</h2>", _pictures(material)]
    parts += ["<h2>What was done</h2>", _facts(finished["facts"])]
    html = (
        f"<!doctype html><html lang='en'><head><meta charset='utf-8'><title>{escape(material.name)}</title>"
        f"<style>{_STYLE}</style></head><body>{''.join(parts)}</body></html>\n"
    )
    with atomic_path(path) as temporary:
        temporary.write_text(html)


def _differences(title: str, figures: Mapping[str, Any], images: int) -> str:
    rows = []
    for metric, by_factor in figures.items():
        for factor, row in by_factor.items():
            if row["difference"] is None:
                continue
            scale = 1 if metric.startswith("false") else 100
            values = [row["before"], row["after"], row["difference"], row["low"], row["high"]]
            before, after, change, low, high = (None if value is None else scale * value for value in values)
            bounds = "" if low is None else f"[{low:+.1f}, {high:+.1f}]"
            rows.append(
                f"<tr><td>{escape(metric)}</td><td>{factor}x</td><td>{before:.1f}</td><td>{after:.1f}</td>"
                f"<td>{change:+.1f}</td><td>{bounds}</td></tr>"
            )
    head = "<tr><th></th><th>at</th><th>before</th><th>after</th><th>change</th><th>95 % interval</th></tr>"
    return f"<table><caption>{escape(title)} ({images} images)</caption>{head}{''.join(rows)}</table>"


def _reviewed(material: Material) -> str:
    """What somebody's corrections say, if there are any."""
    file = material.folder / "review" / "estimate.json"
    if not file.is_file():
        return ""
    rows = []
    for factor, found in read_json(file).items():
        for key, name, scale in (("found", "persons found, %", 100), ("made_up", "persons made up, a frame", 1)):
            values = [found[key][k] for k in ("before", "after", "difference", "low", "high")]
            before, after, change, low, high = ("-" if v is None else f"{scale * v:.1f}" for v in values)
            cells = f"<td>{before}</td><td>{after}</td><td>{change}</td><td>[{low}, {high}]</td>"
            rows.append(f"<tr><td>{name}</td><td>{factor}x</td>{cells}</tr>")
    head = "<tr><th></th><th>at</th><th>before</th><th>after</th><th>change</th><th>95 % interval</th></tr>"
    title = f"By the corrections of somebody who looked at {found['frames']} frames with {found['persons']} persons"
    return f"<table><caption>{title}</caption>{head}{''.join(rows)}</table>"


def _false_persons(figures: Mapping[str, Any]) -> str:
    before, after = figures["before"], figures["after"]
    if not before.get("images"):
        return "<p>No stretch without people was kept back, so false persons there could not be counted.</p>"
    rows = "".join(
        f"<tr><td>{factor}x</td><td>{before[factor]:g}</td><td>{after[factor]:g}</td></tr>"
        for factor in before
        if factor != "images"
    )
    title = f"Persons seen where the teacher sees nobody ({before['images']} images)"
    return f"<table><caption>{title}</caption><tr><th>at</th><th>before</th><th>after</th></tr>{rows}</table>"


def _movement(figures: Mapping[str, Any]) -> str:
    names = {
        "jitter": "jitter of joints, second difference by size of the person",
        "changes": "new ids within a stretch, of 100 persons seen",
        "limbs": "change of a limb's length from image to image",
    }
    rows = []
    for factor, before in figures["before"].items():
        after = figures["after"][factor]
        for key, name in names.items():
            cells = "".join(f"<td>{'-' if v[key] is None else f'{v[key]:.3g}'}</td>" for v in (before, after))
            rows.append(f"<tr><td>{name}</td><td>{factor}x</td>{cells}</tr>")
    if not rows:
        return (
            "<p>No stretch of consecutive images was kept back, because the recording is short, has no times or pauses "
            "often, so how steadily people are seen could not be measured.</p>"
        )
    head = "<tr><th></th><th>at</th><th>before</th><th>after</th></tr>"
    return f"<table><caption>Steadiness over time; less is better</caption>{head}{''.join(rows)}</table>"


def _cameras(figures: Mapping[str, Any]) -> str:
    rows = []
    for factor, before in figures["before"].items():
        after = figures["after"][factor]
        for key, name, scale in (
            ("persons", "persons seen by two cameras or more, of a moment", 1),
            ("error", "joints' distance from where they are by all cameras, % of the diagonal", 100),
        ):
            cells = "".join(f"<td>{'-' if v[key] is None else f'{scale * v[key]:.3g}'}</td>" for v in (before, after))
            rows.append(f"<tr><td>{name}</td><td>{factor}x</td>{cells}</tr>")
    if not rows:
        return ""
    head = "<tr><th></th><th>at</th><th>before</th><th>after</th></tr>"
    return f"<table><caption>Between calibrated cameras</caption>{head}{''.join(rows)}</table>"


def _both(material: Material) -> Evaluation | None:
    files = [material.proof(which) / "room.json" for which in ("before", "after")]
    if not all(file.is_file() for file in files):
        return None
    first, second = (Evaluation.load(file) for file in files)
    return first.model_copy(update={"results": [*first.results, *second.results]})


def _pictures(material: Material) -> str:
    if not material.frames.is_dir() or not material.room.is_file():
        return "<p>The frames are forgotten.</p>"
    room = material.part("prove")
    before, after = (_predictions(material, which) for which in ("before", "after"))
    rows = []
    for image in _changed(room, before, after):
        pixels = read_image(room.image_root / image.file_name)
        pixels, _ = reduce_image(pixels, 1.0, None)
        seen, _ = reduce_image(pixels, _SHOWN_AT)
        persons = image.persons
        scores = np.where(persons.visibility > NOT_LABELLED, 1.0, 0.0)
        teacher = Poses.from_arrays(persons.boxes, np.where(persons.ignore, 0.1, 1.0), persons.keypoints, scores)
        columns = [(pixels, teacher, "the teacher, whole image")]
        columns += [(seen, before[image.image_id], f"before, at {_SHOWN_AT:g}x")]
        columns += [(seen, after[image.image_id], f"after, at {_SHOWN_AT:g}x")]
        rows.append("<div class='row'>" + "".join(_figure(*column, image) for column in columns) + "</div>")
    return "".join(rows) or "<p>None.</p>"


def _figure(pixels: NDArray[np.uint8], poses: Poses, caption: str, image: ImageTruth) -> str:
    width, height = size_of(pixels)
    shown = (_WIDTH, max(1, round(height * _WIDTH / width)))
    canvas = resize_down(pixels, shown) if width > _WIDTH else cv2.resize(pixels, shown, interpolation=cv2.INTER_CUBIC)
    sure = poses.select(poses.box_scores >= _SCORE)
    canvas = draw_poses(np.asarray(canvas, np.uint8), sure, image.size, _SCORE)
    _, data = cv2.imencode(".jpg", canvas, [cv2.IMWRITE_JPEG_QUALITY, 80])
    source = base64.b64encode(data.tobytes()).decode("ascii")
    return f"<figure><img src='data:image/jpeg;base64,{source}' alt=''><figcaption>{caption}</figcaption></figure>"


def _predictions(material: Material, which: str) -> dict[int, Poses]:
    read = Predictions.load(material.proof(which) / "room" / f"predictions_{_SHOWN_AT:g}x.json")
    return {image.image_id: image.poses for image in read.images}


def _changed(room: Truth, before: Mapping[int, Poses], after: Mapping[int, Poses]) -> list[ImageTruth]:
    """The images in which the two students differ most: in how many people they find of those that are there."""
    files = {image.image_id: image for image in room.images}

    def change(number: int) -> float:
        counts = [
            float(poses[number].box_scores[poses[number].box_scores >= _SCORE].sum()) for poses in (before, after)
        ]
        return abs(counts[1] - counts[0])

    return [files[number] for number in sorted(files, key=change, reverse=True)[:_SHOWN]]


def _facts(facts: Mapping[str, Any]) -> str:
    rows = "".join(f"<tr><td>{escape(name)}</td><td>{escape(str(value))}</td></tr>" for name, value in facts.items())
    return f"<table>{rows}</table><p>Factors: {', '.join(f'{factor:g}x' for factor in FACTORS)}.</p>"


def _png(picture: bytes) -> str:
    return f"<img src='data:image/png;base64,{base64.b64encode(picture).decode('ascii')}' alt=''>"
