"""The proof of an adaptation: both students measured, judged, and the report of it written."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from orpose_models.adaptation.camera_agreement import consistency
from orpose_models.adaptation.keeping import KeptFrame, moments
from orpose_models.adaptation.making import Material
from orpose_models.adaptation.own_recordings import Recording, together
from orpose_models.adaptation.proof import MOVING, differences, measure
from orpose_models.adaptation.room_labels import link
from orpose_models.adaptation.verdict import judge
from orpose_models.datasets.multiview import PlacedCamera
from orpose_models.datasets.truth import Truth
from orpose_models.files.disk import write_json
from orpose_models.files.predictions import Predictions
from orpose_models.registry.models import load_model
from orpose_models.registry.own_models import PROOF
from orpose_models.training.card_subject import read_subject
from orpose_models.training.labels import LabelSet
from orpose_models.training.model_card import model_card
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.poses import Poses
from orpose_models.vocabulary.reporting import Reporter
from orpose_models.vocabulary.resolution import Size


def figures_of(
    material: Material, recordings: Sequence[Recording], frames: Sequence[KeptFrame], reporter: Reporter
) -> dict[str, Any]:
    """Measure the student before and after on what was kept back.

    Raises:
        OrposeError: see `measure`.
    """
    room, everyday = material.part("prove"), material.everyday(reporter)
    nobody = _person_free(material, frames)
    moving = any(frame.part == "stretch" for frame in frames)
    found: dict[str, Any] = {"images": len(room.images), "everyday_images": len(everyday.images)}
    found |= {"false_persons": {}, "movement": {}, "cameras": {}}
    for name, folder in (("before", material.start), ("after", material.model)):
        model = load_model(str(folder))
        stretches = material.frames if moving else None
        figures = measure(model, room, everyday, nobody, stretches, frames, material.proof(name), reporter)
        for key in ("false_persons", "movement"):
            found[key][name] = figures[key]
        found["cameras"][name] = _between_cameras(material, recordings, frames, room, name)
    for key in ("room", "everyday"):
        found[key] = differences(material.proof("before"), material.proof("after"), key)
    return found


def _between_cameras(
    material: Material, recordings: Sequence[Recording], frames: Sequence[KeptFrame], room: Truth, name: str
) -> dict[str, Any]:
    """How far a student's answers from calibrated cameras fit together, by factor; empty without such cameras."""
    same = together(recordings)
    if not same:
        return {}
    root = (material.taught.parent / "labelled").resolve()
    ids = {(room.image_root / i.file_name).resolve().relative_to(root).as_posix(): i for i in room.images}
    by_factor = {}
    for factor in MOVING:
        read = Predictions.load(material.proof(name) / "room" / f"predictions_{factor:g}x.json").by_image_id()
        groups: dict[int, list[tuple[PlacedCamera, Size, Poses]]] = {}
        for frame in frames:
            placed = recordings[frame.recording].placed
            if frame.part == "prove" and frame.file in ids and placed is not None and frame.recording in same:
                image = ids[frame.file]
                groups.setdefault(frame.moment, []).append((placed, image.size, read[image.image_id].poses))
        by_factor[f"{factor:g}"] = asdict(consistency([group for group in groups.values() if len(group) > 1]))
    return by_factor


def write_proof(material: Material, figures: dict[str, Any], start: str) -> dict[str, Any]:
    """Judge, and lay the verdict with its figures beside the exported student."""
    verdict = judge(figures, material.name, start)
    proof = {"start": start, **asdict(verdict), "figures": figures}
    write_json(material.model / PROOF, proof, indent=1)
    return proof


def write_card(material: Material) -> str | None:
    """Write the student's card beside it; what stood in the way, if anything did."""
    try:
        text = model_card(read_subject(material.model), [material.room], [])
    except OrposeError as error:
        return f"no card: {error}"
    (material.model / "card.md").write_text(text)
    return None


def _person_free(material: Material, frames: Sequence[KeptFrame]) -> Path | None:
    """The kept-back pictures in which the teacher sees nobody, neither there nor a moment before or after."""
    labels = LabelSet.load(material.taught)
    by_name = {f"{labels.folders[image.source].name}/{image.file_name}": image for image in labels.images}
    folder = material.folder / "nobody-kept-back"
    for group in moments(frames, "prove"):
        known = [by_name[frame.file] for frame in group if frame.file in by_name]
        if known and not any(len(image.soft) for image in known):
            for image in known:
                link(
                    labels.path_of(image), folder / f"{labels.folders[image.source].name}-{Path(image.file_name).name}"
                )
    return folder if folder.is_dir() else None
