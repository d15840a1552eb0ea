"""Poses for the evaluation of a room: of a model, of published detections, of real footage, of a fused recording."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from orpose_models.datasets.bags.room_bag import open_room, room_messages
from orpose_models.datasets.by_name import open_dataset
from orpose_models.datasets.multiview import read_qualisys
from orpose_models.datasets.mvor import read_keypoint_detections
from orpose_models.datasets.room_truth import RoomTruth, room_moments
from orpose_models.evaluation.footage_report import FOOTAGE
from orpose_models.evaluation.footage_run import Footage
from orpose_models.evaluation.room_figures import evaluate_room, fused, leave_one_out
from orpose_models.files.assets import asset
from orpose_models.lifting.root import solve_root
from orpose_models.lifting.runtime import load_lifter
from orpose_models.registry.models import load_model
from orpose_models.runs.dataset_run import run_dataset
from orpose_models.runtime.pipeline import Pipeline
from orpose_models.vocabulary.cameras import Camera
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.poses import Poses
from orpose_models.vocabulary.reporting import Reporter, Silent, counter
from orpose_models.vocabulary.room_persons import RoomPersons


def published_figures(
    dataset: str, detections: Path, moments: int | None, threshold: float, single_views: bool
) -> dict[str, Any]:
    """Figures of published keypoints, lifted by the shipped lifter.

    Args:
        dataset: mvor:PATH.
        detections: see `read_keypoint_detections`.
        moments: how many, spread evenly; None for all.
        threshold: score from which on a person counts.
        single_views: whether persons of one camera alone are kept.

    Raises:
        OrposeError: a file is missing or of another layout.
    """
    truth = open_dataset(dataset)
    chosen = _spread(room_moments(truth), moments)
    found = read_keypoint_detections(detections, truth).by_image_id()
    lifter = load_lifter()
    poses = {}
    for moment in chosen:
        for image in moment.images:
            one = found[image.image_id].poses if image.image_id in found else Poses.empty()
            one = one.select(one.box_scores >= threshold)
            if len(one) and image.camera is not None:
                lifted = lifter.lift(one.keypoints, one.keypoint_scores, image.camera)
                one = _in_space(one.with_arrays(joints3d=lifted), image.camera)
            poses[image.image_id] = one
    return evaluate_room(truth, chosen, fused(chosen, poses, {}, single_views))


def model_figures(
    dataset: str,
    model: str,
    factors: Sequence[float],
    moments: int | None,
    threshold: float,
    single_views: bool,
    out: Path,
    threads: int | None = None,
    engine: str | None = None,
    reporter: Reporter | None = None,
) -> dict[str, Any]:
    """Figures of a model by downsampling factor; its answers are kept in `out` and need not be asked again.

    Raises:
        OrposeError: the dataset is not there, its cameras' places are not known, or an image cannot be read.
    """
    truth = open_dataset(dataset)
    chosen = _recordings(room_moments(truth), moments)
    wanted = {image.image_id for moment in chosen for image in moment.images}
    part = replace(truth, images=tuple(image for image in truth.images if image.image_id in wanted))
    loaded = load_model(model, threads, engine)
    out.mkdir(parents=True, exist_ok=True)
    report = {}
    for factor in factors:
        predictions, _ = run_dataset(part, loaded, factor, out, reporter)
        poses, reduced = {}, {}
        for image_id, image in predictions.by_image_id().items():
            camera = truth.by_image_id[image_id].camera
            one = image.poses.select(image.poses.box_scores >= threshold)
            poses[image_id] = _in_space(one, camera) if camera is not None and len(one) else one
            reduced[image_id] = image.resolution.full[0] / image.resolution.seen[0]
        report[f"{factor:g}x"] = evaluate_room(truth, chosen, fused(chosen, poses, reduced, single_views))
    return report


def bag_figures(dataset: str, path: Path, moments: int | None, threshold: float) -> dict[str, Any]:
    """Figures of what `orpose fuse` made of a recording of a dataset; at moments that it lacks nobody is found.

    Args:
        dataset: sim:FOLDER.
        path: the bag.
        moments: of the first ones; None for all.
        threshold: score from which on a person counts.

    Returns:
        Those of `evaluate_room`, how many moments the bag lacks ("lacking"), and what could not be read ("problems").

    Raises:
        OrposeError: no such dataset or bag, the dataset has no times, or the bag has none of its moments.
    """
    truth = open_dataset(dataset)
    chosen = _recordings(room_moments(truth), moments)
    stamps = [moment.images[0].stamp_ns for moment in chosen]
    if None in stamps:
        raise OrposeError(f"{truth.name}: its images have no times, by which a bag's moments could be found")
    bag, topic = open_room(path)
    found = {moment.stamp_ns: moment.persons for moment in room_messages(bag, topic)}
    lacking = sum(stamp not in found for stamp in stamps)
    if lacking == len(stamps):
        raise OrposeError(f"{path}: no moment of {truth.name} is in it; give the bag that orpose fuse made of it")
    at_moments = []
    for stamp, moment in zip(stamps, chosen, strict=True):
        persons = found.get(stamp or 0, RoomPersons.empty(len(moment.cameras)))
        at_moments.append(persons.select(persons.scores >= threshold))
    return evaluate_room(truth, chosen, at_moments) | {"lacking": lacking, "problems": list(bag.problems)}


def footage_figures(
    model: str,
    factor: float,
    moments: int,
    threshold: float,
    threads: int | None = None,
    engine: str | None = None,
    reporter: Reporter | None = None,
) -> list[dict[str, Any]]:
    """Each camera of the packaged footage left out in turn: what the other three fuse, against what it sees itself."""
    folder = asset(FOOTAGE)
    footage = Footage.spread(folder, read_qualisys(folder / "Calib.qca.txt"), moments)
    pipeline = Pipeline(load_model(model, threads, engine), factor, score_threshold=threshold)
    of_cameras = []
    for index, view in enumerate(footage.cameras):
        advance = counter(reporter or Silent(), f"{view.name} at {factor:g}x", moments)
        found = []
        for image in footage.images(index):
            found.append(pipeline.predict(image, view.camera))
            advance()
        of_cameras.append(found)
    at_moments = [list(views) for views in zip(*of_cameras, strict=True)]
    return [leave_one_out(footage.cameras, at_moments, index) for index in range(len(footage.cameras))]


def _in_space(poses: Poses, camera: Camera) -> Poses:
    root, root_std = solve_root(poses.keypoints, poses.keypoint_scores, poses.joints3d, camera)
    return poses.with_arrays(root=root, root_std=root_std)


def _spread(moments: list[RoomTruth], count: int | None) -> list[RoomTruth]:
    if count is None or count >= len(moments):
        return moments
    return [moments[k * len(moments) // count] for k in range(count)]


def _recordings(moments: list[RoomTruth], count: int | None) -> list[RoomTruth]:
    """Whole recordings, so that persons can be followed: the first ones that have the number of moments together."""
    if count is None:
        return moments
    chosen: list[RoomTruth] = []
    for moment in moments:
        if len(chosen) >= count and moment.group != chosen[-1].group:
            break
        chosen.append(moment)
    return chosen
