"""How good the models are, in one place: docs/quality.json, and the tables made of it in README.md and docs/quality.md.

Usage:
    python tools/quality.py                                       the tables anew
    python tools/quality.py --on SET --of MODEL FILE.json ...     take figures in, then the tables anew
    python tools/quality.py --rename MODEL OTHER                  move a model's figures, then the tables anew

FILE.json is the `evaluation.json` of `orpose evaluate run`, or the `footage.json` of `orpose evaluate footage`. SET and
MODEL are names of `sets` and `models` in docs/quality.json, where they are given titles, and where others are added.
"""

import argparse
import json
import re
from pathlib import Path
from textwrap import fill
from typing import Any

from orpose_models.files.disk import atomic_path, read_json, write_json
from orpose_models.lab.reproduction.paper_tables import claims, markdown
from orpose_models.lab.reproduction.row_record import load_records
from orpose_models.lab.reproduction.rows import ROWS

ROOT = Path(__file__).resolve().parents[1]
# Title, name in evaluation.json, name in footage.json, times what, digits.
FIGURES = (
    ("keypoint AP", "keypoint AP", "keypoint_ap", 100, 1),
    ("box AP", "box AP", "", 100, 1),
    ("persons found, %", "recall", "recall", 100, 1),
    ("false persons per image", "false positives per image", "unexplained_per_image", 1, 2),
    ("PCK@0.2, %", "PCK@0.2 labelled", "pck", 100, 1),
    ("MPJPE strict, mm", "MPJPE strict, hips unmapped", "mpjpe_mm", 1, 1),
    ("PA-MPJPE strict, mm", "PA-MPJPE strict, hips unmapped", "pa_mpjpe_mm", 1, 1),
    ("pelvis off by, median mm", "", "root_error_median_mm", 1, 0),
)
MISSING = "-"
MISSING_CELL = " / ".join([MISSING] * 3)
Document = dict[str, Any]


def figures(raw: Document) -> Document:
    """What is kept of a file of figures: model, and figures by downsampling factor and title.

    Raises:
        SystemExit: the file has no figures, or of several cameras.
    """
    if raw.get("kind") == "orpose-evaluation":
        info = raw["results"][0]["info"]
        at = {f"{result['downsample'] or 1:g}": _taken(result["metrics"], 1) for result in raw["results"]}
        model = {"name": info.get("model", raw["results"][0]["name"]), "sha256": info.get("model_sha256", "")}
        return {**model, "images": raw["images"], "persons": raw["persons"], "at": at}
    if raw.get("kind") == "orpose-footage" and len(raw["cameras"]) == 1:
        (camera,) = raw["cameras"].values()
        at = {factor: _taken(found, 2) for factor, found in camera["results"].items()}
        model = {"name": raw["model"]["name"], "sha256": raw["model"]["sha256"]}
        return {**model, "images": len(raw["frames"]), "persons": camera["truth"]["persons"], "at": at}
    raise SystemExit("error: neither the evaluation.json of one model nor the footage.json of one camera")


def _taken(found: Document, column: int) -> Document:
    """The figures that a file has, each with its interval where it has one."""
    taken = {}
    for figure in FIGURES:
        if (one := found.get(figure[column])) is None:
            continue
        values = [one.get(key) for key in ("value", "low", "high")] if isinstance(one, dict) else [one]
        taken[figure[0]] = [round(value * figure[3], 3) for value in values if value is not None]
    return {title: values for title, values in taken.items() if values}


def add(document: Document, on: str, of: str, found: Document) -> None:
    """Put a model's figures on a set in the place of those that are there; other scales are kept if they are its own.

    Raises:
        SystemExit: the set or the model is not known.
    """
    for name, known in ((on, document["sets"]), (of, document["models"])):
        if name not in known:
            raise SystemExit(f"error: {name!r} is not in docs/quality.json; known are: {', '.join(known)}")
    kept = document["figures"].setdefault(on, {}).get(of, {})
    if kept.get("sha256") == found["sha256"]:
        found = {**found, "at": dict(sorted({**kept["at"], **found["at"]}.items(), key=lambda item: float(item[0])))}
    document["figures"][on][of] = found


def rename(document: Document, model: str, other: str) -> None:
    """Move all figures of a model to another name.

    Raises:
        SystemExit: the other model is not known.
    """
    if other not in document["models"]:
        raise SystemExit(f"error: {other!r} is not in docs/quality.json; known are: {', '.join(document['models'])}")
    for found in document["figures"].values():
        if model in found:
            found[other] = found.pop(model)


def short_table(document: Document) -> str:
    """Keypoint AP at 1x, 8x and 12x: a row for every set, a column for every model."""
    models = [name for name in document["models"] if any(name in found for found in document["figures"].values())]
    rows = []
    for name, said in document["sets"].items():
        found = document["figures"].get(name, {})
        cells = [
            " / ".join(_value(found, model, factor, "keypoint AP") for factor in ("1", "8", "12")) for model in models
        ]
        if any(cell != MISSING_CELL for cell in cells):
            rows.append([said["title"], *cells])
    return markdown(["keypoint AP at 1x / 8x / 12x", *(document["models"][name] for name in models)], rows)


def _value(found: Document, model: str, factor: str, title: str) -> str:
    values = found.get(model, {}).get("at", {}).get(factor, {}).get(title)
    return MISSING if not values else f"{values[0]:.1f}"


def full_tables(document: Document) -> str:
    """A section for every set: what it is, and all figures with their intervals."""
    parts = []
    for name, said in document["sets"].items():
        if not (found := document["figures"].get(name)):
            continue
        titles = [
            figure for figure in FIGURES if any(figure[0] in at for one in found.values() for at in one["at"].values())
        ]
        rows = []
        for model in (name for name in document["models"] if name in found):
            for factor, at in found[model]["at"].items():
                head = document["models"][model] if factor == next(iter(found[model]["at"])) else ""
                rows.append([head, f"{factor}x", *(_cell(at.get(figure[0]), figure[4]) for figure in titles)])
        table = markdown(["model", "reduced", *(figure[0] for figure in titles)], rows)
        sizes = dict.fromkeys(f"{one['images']} images, {one['persons']} persons" for one in found.values())
        parts.append(
            f"## {said['title']}\n\n{fill(said['about'], 120)}\n\n{table}\n\nMeasured on: {'; '.join(sizes)}.\n"
        )
    return "\n".join(parts)


def _cell(values: list[float] | None, digits: int) -> str:
    if not values:
        return MISSING
    interval = f" [{values[1]:.{digits}f}, {values[2]:.{digits}f}]" if len(values) == 3 else ""
    return f"{values[0]:.{digits}f}{interval}"


def filled(text: str, blocks: dict[str, str]) -> str:
    """A document with every block between `<!-- NAME: ... -->` and `<!-- end -->` in it written anew."""
    for name, block in blocks.items():
        pattern = rf"(<!-- {name}: [^\n]*-->\n).*?(<!-- end -->)"
        text = re.sub(
            pattern, lambda match, block=block: f"{match[1]}{block.strip()}\n\n{match[2]}", text, flags=re.DOTALL
        )
    return text


def blocks(root: Path = ROOT) -> dict[str, str]:
    """The blocks by name."""
    document = read_json(root / "docs" / "quality.json")
    records = load_records(root / "docs" / "results", [row.name for row in ROWS])
    return {"quality": short_table(document), "all quality": full_tables(document), "claims": claims(records)}


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--on", help="the set")
    parser.add_argument("--of", help="the model")
    parser.add_argument("--rename", nargs=2, metavar=("MODEL", "OTHER"), help="move a model's figures")
    parser.add_argument("files", nargs="*", type=Path)
    given = parser.parse_args()
    place = ROOT / "docs" / "quality.json"
    document = read_json(place)
    if bool(given.files) != bool(given.on and given.of):
        parser.error("files, --on and --of go together")
    if given.rename:
        rename(document, *given.rename)
    for path in given.files:
        add(document, given.on, given.of, figures(json.loads(path.read_text())))
    write_json(place, document, indent=1)
    for path in (ROOT / "README.md", ROOT / "docs" / "quality.md"):
        text = filled(path.read_text(), blocks())
        with atomic_path(path) as temporary:
            temporary.write_text(text)


if __name__ == "__main__":
    main()
