"""docs/results.md and its pictures, made of the rows' files of results and, where they are, of predictions."""

from collections.abc import Callable
from pathlib import Path

from orpose_models.evaluation.image_matching import match_images
from orpose_models.files.disk import atomic_path, read_json
from orpose_models.files.picture_writer import write_picture
from orpose_models.files.predictions import Predictions
from orpose_models.lab.reproduction import comparison_pictures, curves, paper_tables
from orpose_models.lab.reproduction.body_parts import CONVENTION
from orpose_models.lab.reproduction.model_size import PERSONS
from orpose_models.lab.reproduction.row_measuring import open_test
from orpose_models.lab.reproduction.row_plan import Workplace
from orpose_models.lab.reproduction.row_record import RowRecord, load_records
from orpose_models.lab.reproduction.rows import BY_NAME, ROWS
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.poses import Poses

PICTURES = 3

_TEMPLATE = """# Results on the simulated operating room

For checking what the paper claims. `orpose reproduce` makes this page; changes by hand are lost. Everything here was
measured on the test split of the **simulated operating room, not on MVOR; no number here is the paper's**, and none can
be compared with the paper's. The tables have the layout of the paper's tables 1 to 3, so that what happens between
their rows can be compared.

AP is in per cent, MPJPE in millimetres; [evaluation.md](evaluation.md) says what they mean. MPJPE by the *released*
protocol, the one of the paper's tables, hides misses and counts joints that are not labelled as zero error; the
*strict* one is over the persons who were found in 3D, whose share stands beside it. A row that has not been made is
shown as missing.
{about}
## Targets

Ratios carry over from one dataset to another, so the targets are ratios. ORPose_all has the small budget that all rows
share; the student that is shipped is the same network, trained longer and on real recordings as well. Here it is judged
on the test images named above; [its card](models/orpose-all-light.md) has its figures on all of the split.

{targets}

## Table 1: before adaptation

The teacher, which labels the unlabelled split, and a student that has never seen an operating room: started from
COCO-trained weights and trained on simulated everyday scenes with their ground truth, at full scale only.
Multiply-adds are those of one image with {persons_counted} persons; the teacher's, which looks at an image many times,
are not counted.

{table1}

## Table 2: after adaptation

Students trained on nothing but the teacher's labels of unlabelled images; each of the first at one scale, the others at
all.

{table2}

## Table 3: one branch or two

ORPose_all with a single branch that learns the hard labels, the soft ones or both, and with two branches. Every set of
labels has the same weight in the loss wherever it is learned.

{table3}
{unasked}
## All rows at all scales

Keypoint AP with 95 % bootstrap intervals over images. Images of one scene resemble each other, so the true uncertainty
is larger; what another seed would change is not in them.

{overview}

{curves}
## Where {high} loses

{convention}; *right* is the share within 0.2 of the torso, in per cent.

{losses}

Persons at the working threshold of ORPose_all, in per cent:

{persons}

{comparisons}{calibration}## Budgets

Rows are to differ in nothing but what their name says. What a row has unlike ORPose_all beyond that stands in the last
column, and such rows bear a {flag}. Times are wall-clock times of machines that may have been busy with other work.

{budgets}

## Commands

`orpose reproduce` gives these, in this order; by hand they give the same figures. `DATA` is the folder of the
simulated splits, `LABELS` the teacher's labels, `EVERYDAY` those of everyday scenes, `OUT` any folder.

{commands}
"""

_COMPARISONS = """## The same images at {low} and {high}

The test images with the most people, one of a scene, as the network sees them: reduced and enlarged again. Below each
the skeletons in 3D, from the side. From left to right: ground truth, teacher, student that is not adapted, ORPose_all.

{pictures}"""

_CALIBRATION = """## Honest scores

Keypoint scores of `{model}` on {dataset}, on recordings that its calibration was not fitted on: of joints with score s,
is a share s right?

{table}

{picture}"""


def write_documents(place: Workplace, say: Callable[[str], None]) -> Path:
    """Write the document and its pictures beside the folder of results; say what cannot be made.

    Returns:
        The document: RESULTS.md, with its pictures in images/.

    Raises:
        OrposeError: a file of results is damaged.
    """
    records = load_records(place.results, [row.name for row in ROWS])
    for name, rows in (("curves", curves.SCALES), ("branches", curves.ABLATION)):
        picture = curves.curves(records, rows)
        if picture is not None:
            with atomic_path(_picture(place, name)) as temporary:
                temporary.write_bytes(picture)
    try:
        _write_comparisons(place, records)
    except OrposeError as problem:
        say(f"pictures of single images are left as they are: {problem}")
    document = place.results.with_suffix(".md")
    with atomic_path(document) as temporary:
        temporary.write_text(_text(place, records))
    return document


def _picture(place: Workplace, name: str) -> Path:
    return place.results.parent / "images" / f"{place.results.name}-{name}.png"


def _write_comparisons(place: Workplace, records: dict[str, RowRecord]) -> None:
    found: dict[tuple[str, float], Predictions] = {}
    factors = _ends(place)
    for name in comparison_pictures.SHOWN:
        for factor in factors:
            if name not in records:
                continue
            folder = place.predictions(BY_NAME[name], records[name].test.annotations_sha256)
            path = folder / f"predictions_{factor:g}x.json"
            if path.is_file():
                predictions = Predictions.load(path)
                if predictions.info.get("model_sha256") != records[name].model.sha256:
                    raise OrposeError(f"{path}: of another model than {place.record(BY_NAME[name])}")
                found[name, factor] = predictions
    if not found:
        raise OrposeError(f"{place.out}: has no predictions")
    truth = open_test(place)
    poses = {key: match_images(truth, predictions).poses for key, predictions in found.items()}
    threshold = next(iter(records.values())).test.threshold
    for i, image in enumerate(comparison_pictures.choose_images(truth, PICTURES)):
        shown = {key: by_id.get(image.image_id, Poses.empty()) for key, by_id in poses.items()}
        drawn = comparison_pictures.comparison(truth, image, shown, factors, threshold)
        write_picture(_picture(place, f"images-{i + 1}"), drawn)


def _ends(place: Workplace) -> tuple[float, float]:
    """The full and the lowest scale."""
    scales = place.config.evaluation.scales
    return min(scales), max(scales)


def _text(place: Workplace, records: dict[str, RowRecord]) -> str:
    factors = sorted(place.config.evaluation.scales)
    low, high = _ends(place)
    unasked = "".join(f"\n{line}\n" for line in paper_tables.unasked(records))
    linked = _linked(place, "curves", "AP and MPJPE over the downsampling factor")
    linked += _linked(place, "branches", "The same for one branch and two")
    if linked:
        linked += f"Strict errors over less than {100 * curves.MIN_FOUND:g} % of the persons are not drawn.\n"
    text = _TEMPLATE.format(
        about=_about(records),
        targets=paper_tables.targets(records),
        table1=paper_tables.table1(records, factors),
        table2=paper_tables.table2(records, factors),
        table3=paper_tables.table3(records, factors),
        unasked=unasked,
        overview=paper_tables.overview(records, factors, "keypoint AP"),
        curves=linked,
        high=f"{high:g}x",
        convention=CONVENTION[0].upper() + CONVENTION[1:],
        losses=paper_tables.losses(records, low, high),
        persons=paper_tables.persons(records, factors),
        persons_counted=PERSONS,
        comparisons=_comparisons(place),
        calibration=_calibration(place),
        flag=paper_tables.FLAG,
        budgets=paper_tables.budgets(records),
        commands=paper_tables.commands(records),
    )
    return text.rstrip() + "\n"


def _about(records: dict[str, RowRecord]) -> str:
    """The test images and the machines of the rows that are there."""
    tests = dict.fromkeys(_test(record) for record in records.values())
    machines = dict.fromkeys(_machine(record) for record in records.values())
    return f"\nTest images: {'; '.join(tests)}. Machine: {'; '.join(machines)}.\n" if records else ""


def _test(record: RowRecord) -> str:
    test = record.test
    which = f"one in {test.stride} of the split, " if test.stride > 1 else ""
    return f"{which}{test.images} with {test.persons} persons, annotations {test.annotations_sha256[:12]}"


def _machine(record: RowRecord) -> str:
    plain = {"processor": "{}", "cores": "{} cores", "memory": "{}", "system": "{}"}
    return ", ".join(plain.get(key, key + " {}").format(value) for key, value in record.machine.items())


def _linked(place: Workplace, name: str, caption: str) -> str:
    path = _picture(place, name)
    return f"![{caption}]({path.parent.name}/{path.name})\n\n" if path.is_file() else ""


def _comparisons(place: Workplace) -> str:
    low, high = (f"{factor:g}x" for factor in _ends(place))
    shown = "".join(_linked(place, f"images-{i + 1}", f"A test image at {low} and {high}") for i in range(PICTURES))
    return _COMPARISONS.format(low=low, high=high, pictures=shown) if shown else ""


def _calibration(place: Workplace) -> str:
    """How honest the shipped model's keypoint scores are, if `orpose evaluate calibrate --report` has said so."""
    path = place.results / "calibration.json"
    if not path.is_file():
        return ""
    report = read_json(path)
    try:
        rows = [
            [str(row["predictions"]), str(row["joints"]), *(_ece(row[key]) for key in ("ece_before", "ece_after"))]
            for row in report["judged"]
        ]
        model, dataset = str(report["model"]), str(report["dataset"])
    except (KeyError, TypeError, ValueError):
        raise OrposeError(f"{path}: not a report of orpose evaluate calibrate") from None
    table = paper_tables.markdown(
        ["predictions", "joints", "ECE of the scores as they are", "ECE after calibration"], rows
    )
    picture = _linked(place, "calibration", "Reliability diagrams before and after calibration")
    return _CALIBRATION.format(model=model, dataset=dataset, table=table, picture=picture)


def _ece(value: float | None) -> str:
    return paper_tables.UNDEFINED if value is None else f"{float(value):.3f}"
