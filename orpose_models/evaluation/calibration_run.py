"""Calibrating a model's keypoint scores, from its predictions or a run of it to the files and the model itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from orpose_models.datasets.detections import read_predictions
from orpose_models.datasets.truth import Truth
from orpose_models.evaluation.calibrating import Judged, calibration_report, fit_and_judge
from orpose_models.evaluation.candidates import run_candidates
from orpose_models.evaluation.plots import calibration_diagram
from orpose_models.files.disk import atomic_path, sha256, write_json
from orpose_models.files.predictions import Predictions
from orpose_models.model_format.score_calibration import INFO_KEY, Calibration, Method
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.reporting import Reporter

_LEAST_GAIN = 0.001  # of ECE, for a model to be given a calibration


@dataclass(frozen=True)
class CalibrationFiles:
    """Where the results go.

    Attributes:
        calibration: the calibration itself.
        report: all figures, as JSON; None for none.
        picture: the reliability diagrams, as PNG; None for none.
    """

    calibration: Path
    report: Path | None = None
    picture: Path | None = None

    @property
    def named(self) -> str:
        """Those that are written, in words."""
        return ", ".join(str(path) for path in (self.calibration, self.report, self.picture) if path is not None)


def predictions_of(truth: Truth, paths: Sequence[Path], model: str | None = None) -> list[Predictions]:
    """Predictions from files, which must be the model's if one is named.

    Raises:
        OrposeError: they cannot be read, are not of this dataset, or another model's.
    """
    runs = [read_predictions(path, truth) for path in paths]
    if model is not None:
        known = sha256(model) if Path(model).is_file() else None
        for path, run in zip(paths, runs, strict=True):
            if run.info.get("model_sha256") != known:
                raise OrposeError(f"{path}: not predictions of {model}; leave out --predictions to run it")
    return runs


def own_predictions(
    truth: Truth,
    model: str,
    factors: Sequence[float],
    folder: Path,
    reporter: Reporter | None = None,
    *,
    threads: int | None = None,
    engine: str | None = None,
) -> list[Predictions]:
    """Run a model, a calibration that it has being ignored: see `run_candidates`."""
    found = run_candidates(truth, model, factors, folder, reporter, threads=threads, engine=engine, calibrated=False)
    return [one.predictions for one in found]


def calibrate(
    truth: Truth,
    runs: Sequence[Predictions],
    files: CalibrationFiles,
    method: Method,
    folds: int,
    seed: int,
    unlabelled_wrong: bool = False,
) -> tuple[Calibration, list[Judged]]:
    """Fit and judge a calibration (see `fit_and_judge`) and write the results."""
    fitted, judged = fit_and_judge(truth, runs, method, folds, seed, unlabelled_wrong)
    fitted.save(files.calibration)
    if files.report is not None:
        made_by = {key: runs[0].info.get(key) for key in ("model", "model_sha256")}
        about = {"dataset": truth.name, **made_by}
        write_json(files.report, calibration_report(fitted, judged, about, unlabelled_wrong), indent=1)
    if files.picture is not None:
        with atomic_path(files.picture) as temporary:
            temporary.write_bytes(calibration_diagram(judged))
    return fitted, judged


def give_calibration(model: str, path: Path, fitted: Calibration) -> None:
    """Write a student, a .safetensors file, with a calibration in it; `path` may be the student itself.

    Raises:
        OrposeError: the calibration makes scores no more honest, or the student cannot be read.
    """
    from orpose_models.student.weights import add_info

    before, after = fitted.ece_before or 0.0, fitted.ece_after or 0.0
    if after > before - _LEAST_GAIN:
        raise OrposeError(
            f"nothing written into {path}: this calibration makes scores no more honest (ECE {before:.4f} before, "
            f"{after:.4f} after); fit it on more images, try the other --method, or leave the model as it is"
        )
    add_info(model, path, {INFO_KEY: fitted.model_dump(), "uncalibrated_sha256": sha256(model)})
