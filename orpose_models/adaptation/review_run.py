"""Reviewing an adaptation: frames to somebody, corrections back, an estimate into the report."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from orpose_models.adaptation.adapt_report import write_report
from orpose_models.adaptation.corrections import Corrections, estimate, frames_to_review
from orpose_models.adaptation.making import Material
from orpose_models.adaptation.review_page import ReviewServer, page_of
from orpose_models.adaptation.workplace import last_round
from orpose_models.files.disk import write_json
from orpose_models.files.predictions import Predictions
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.poses import Poses

FACTORS = (1.0, 8.0)


def review(out: Path, count: int, port: int, show: Callable[[str], None]) -> dict[str, Any]:
    """Serve the page of the last round's frames until it is answered; the corrections and what they say are kept.

    Args:
        out: folder of the adaptation.
        count: how many frames.
        port: of the page; 0 for any that is free.
        show: is given the page's address.

    Returns:
        An estimate for each factor, see `corrections.estimate`.

    Raises:
        OrposeError: there is no finished round, or its frames are forgotten.
    """
    done = last_round(out)
    if done is None or not done.finished:
        raise OrposeError(f"{out}: no finished adaptation here; first run: orpose adapt RECORDING --out {out}")
    material = Material(done.folder, out.resolve().name)
    if not material.frames.is_dir() or not material.room.is_file():
        raise OrposeError(f"{out}: frames and labels of this adaptation are forgotten, so nothing can be reviewed")
    room = material.part("prove")
    images = frames_to_review(room.images, count)
    found: dict[str, Any] = {}

    def keep(corrections: Corrections) -> str:
        shown = {image.image_id: image for image in images}
        if any(one.image not in shown for one in corrections.frames):
            raise ValueError("another frame")
        for factor in FACTORS:
            before, after = (_poses(material, which, factor) for which in ("before", "after"))
            found[f"{factor:g}"] = estimate(corrections, shown, before, after)
        write_json(done.folder / "review" / "corrections.json", corrections.model_dump(mode="json"), indent=1)
        write_json(done.folder / "review" / "estimate.json", found, indent=1)
        write_report(material, done.result("finished"), out / "report.html")
        return "Thank you; the estimate is on the console."

    with ReviewServer(page_of(images, room.image_root), keep, port) as server:
        show(server.address)
        server.until_answered()
    return found


def _poses(material: Material, which: str, factor: float) -> dict[int, Poses]:
    read = Predictions.load(material.proof(which) / "room" / f"predictions_{factor:g}x.json")
    return {image.image_id: image.poses for image in read.images}
