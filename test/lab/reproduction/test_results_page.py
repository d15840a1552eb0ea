"""What the documents say: figures, missing rows, unequal budgets, verdicts."""

import cv2
import pytest
from support.made_up_rows import all_row, record, scale, teacher_row

from orpose_models.files.disk import write_json
from orpose_models.lab.reproduction.comparing import peculiarities
from orpose_models.lab.reproduction.curves import SCALES, curves, drawn
from orpose_models.lab.reproduction.paper_tables import markdown, table1, table2, table3
from orpose_models.lab.reproduction.reproduce_config import ReproduceConfig
from orpose_models.lab.reproduction.results_page import write_documents
from orpose_models.lab.reproduction.row_plan import Workplace
from orpose_models.lab.reproduction.row_record import RowRecord, load_records
from orpose_models.lab.reproduction.targets import TARGETS, judge
from orpose_models.vocabulary.errors import OrposeError

FACTORS = (1.0, 8.0, 10.0, 12.0)
NOTHING = "missing | missing | missing | missing | missing"


@pytest.fixture
def place(tmp_path):
    return Workplace(ReproduceConfig(), tmp_path / "out", tmp_path / "docs" / "results")


def document(place, *rows):
    for row in rows:
        row.save(place.results / f"{row.row}.json")
    said = []
    path = write_documents(place, said.append)
    assert path == place.results.with_suffix(".md")
    assert said == [f"pictures of single images are left as they are: {place.out}: has no predictions"]
    return path.read_text()


def lines(text, start):
    return [line for line in text.splitlines() if line.startswith(start)]


def test_without_any_row_everything_is_missing(place):
    text = document(place)
    assert "room, not on MVOR; no number here is the paper's" in " ".join(text.split())
    assert lines(text, "| Teacher | missing | missing | 1x") == [f"| Teacher | missing | missing | 1x | {NOTHING} |"]
    assert lines(text, "| ORPose_all | 1x") == [f"| ORPose_all | 1x | {NOTHING} |"]
    assert "**ORPose_fixed_8x**: missing" in text
    assert text.count("open: the row") == 2 * len(TARGETS)
    assert "reached" not in text
    assert "![" not in text
    assert not (place.results.parent / "images").exists()


def test_cells_are_the_figures(place):
    text = document(place, all_row(), teacher_row())
    assert "| Teacher | 10.0 M | 3.8 | 1x | 40.0 | 61.0 | 85.0 | 90.0 | 50.0 |" in text
    assert "|  |  |  | 12x | 10.0 | 10.0 | 30.0 | - | 50.0 |" in text
    assert "| ORPose_all | 1x | 50.0 | 60.0 | 80.0 | 100.0 | 50.0 |" in text
    assert "|  | 12x | 46.0 | 54.0 | 82.4 | 104.0 | 50.0 |" in text
    assert f"| Student, not adapted | missing | missing | 1x | {NOTHING} |" in text
    assert f"| ORPose_fixed_12x | 12x | {NOTHING} |" in text
    assert "| Two branches (hard + soft): ORPose_all | 12x | 46.0 | 54.0 | 82.4 | 104.0 | 50.0 |" in text
    assert f"| Single branch (hard) | 1x | {NOTHING} |" in text
    assert "| ORPose_all | 60.0 [54.0, 66.0] | 58.0 [52.2, 63.8] | 56.0 [50.4, 61.6] | 54.0 [48.6, 59.4] |" in text
    assert "| wrists | 4.0 | 4.0 | missing | 75.0 | 75.0 | missing |" in text
    assert "| 12x | 80.0 | 90.0 | 0.25 |" in text
    assert (
        "| ORPose_all | 900 images, 914 persons labelled by teacher | 4000 x 4 | 16000 | 3 | 30 min | "
        "600 images, 42 s | 01234567, fedcba98+ | nothing |"
    ) in text
    assert "**ORPose_all** (seed 3)\n\n```\norpose train all.yaml\norpose evaluate run --model all\n```" in text
    assert "**Teacher**\n\n```" in text
    assert "A processor, 2 cores, 8.0 GiB, torch 2.0" in text


def test_the_document_is_the_same_every_time(place):
    assert document(place, all_row()) == document(place, all_row())


def test_verdicts_are_computed():
    def verdicts(*rows):
        return [judge(target, {row.row: row for row in rows}) for target in TARGETS]

    unadapted = record("unadapted", {"8": scale(0.3, 0.55, 90.0, 110.0)})
    measured = verdicts(all_row(), teacher_row(), unadapted)
    assert measured == [
        ("98.4 %", "**reached**"),
        ("90.0 %", "**reached**"),
        ("+3.0 %", "**reached**"),
        ("+4.0 %", "**missed**"),
        ("54.0 against 55.0", "**missed**"),
        ("92.0 %", "**missed**"),
    ]
    assert verdicts(all_row(), teacher_row(0.62))[0] == ("96.8 %", "**missed**")
    assert verdicts(all_row())[0] == ("-", "open: the row teacher is missing")
    assert verdicts(all_row(), teacher_row(0.0))[0] == ("-", "open: keypoint AP of teacher is 0")
    without = all_row()
    del without.scales["12"]
    assert verdicts(without)[1] == ("-", "open: all has no keypoint AP at 12x")


def test_rows_of_another_budget_are_named(place):
    short = record("fixed_1x", {"1": scale(0.5, 0.6, 80.0, 100.0)}, iterations=3000)
    text = document(place, all_row(), short, teacher_row())
    assert "| ORPose_fixed_1x † | 1x | 50.0 | 60.0 |" in text
    assert "\n† ORPose_fixed_1x: schedule.iterations is 3000, not 4000\n" in text
    assert lines(text, "| ORPose_fixed_1x † | 900 images")[0].endswith("| schedule.iterations is 3000, not 4000 |")
    assert "ORPose_all †" not in text
    assert "Teacher †" not in text


def test_rows_differ_in_what_they_are_meant_to_without_a_remark():
    one = {"1": scale(0.5, 0.6, 80.0, 100.0)}
    names = ("unadapted", "fixed_12x", "all_soft", "all_both", "teacher")
    records = {"all": all_row(), **{name: record(name, one) for name in names}}
    assert {name: peculiarities(records, name) for name in records} == {name: [] for name in records}
    records["all_soft"].training.settings["data"]["sources"][0]["sha256"] = "other"
    assert len(peculiarities(records, "all_soft")) == 1
    assert peculiarities(records, "all_soft")[0].startswith("data.sources is ")


def test_rows_measured_on_other_images_decide_nothing():
    records = {"all": all_row(), "teacher": teacher_row()}
    records["teacher"].test.stride, records["teacher"].test.images = 5, 120
    assert peculiarities(records, "teacher") == ["test.images is 120, not 600", "test.stride is 5, not 1"]
    assert judge(TARGETS[0], records) == ("98.4 %", "open: teacher cannot be compared, see budgets")


def test_pictures_are_linked_when_they_are_there(place):
    text = document(place, all_row())
    for name in ("curves", "branches"):
        path = place.results.parent / "images" / f"results-{name}.png"
        assert f"(images/{path.name})" in text
        assert cv2.imread(str(path)) is not None
    assert "\nStrict errors over less than 5 % of the persons are not drawn.\n" in text
    assert "results-images-1.png" not in text


def test_calibration_is_included(place):
    row = {"predictions": "student at 1x", "joints": 812, "ece_before": 0.12345, "ece_after": None}
    report = {"judged": [row], "model": "student", "dataset": "simulated OR, split val"}
    write_json(place.results / "calibration.json", report)
    text = document(place, all_row())
    assert "Keypoint scores of `student` on simulated OR, split val" in text
    assert "| student at 1x | 812 | 0.123 | - |" in text
    write_json(place.results / "calibration.json", {"judged": [{}]})
    with pytest.raises(OrposeError, match=r"calibration.json: not a report"):
        document(place)


def test_no_row_gives_no_curve():
    assert curves({}, ("all",)) is None


def test_every_row_has_a_curve_of_its_own_style():
    one = {"1": scale(0.5, 0.6, 80.0, 100.0), "12": scale(0.4, 0.5, 90.0, 110.0)}
    records = {name: record(name, one) for name in SCALES}
    for axes in drawn(records, SCALES, SCALES).axes:
        styles = [(line.get_color(), line.get_linestyle()) for line in axes.lines]
        assert len(set(styles)) == len(styles) == len(SCALES)
    alone = drawn(records, SCALES[-1:], SCALES).axes[0].lines[0]
    assert (alone.get_color(), alone.get_linestyle()) == styles[-1]


def test_strict_errors_of_hardly_anybody_are_not_drawn():
    scales = {"1": scale(0.5, 0.6, 80.0, 100.0, found=0.05), "12": scale(0.4, 0.5, 90.0, 20.0, found=0.049)}
    axes = drawn({"all": record("all", scales)}, ("all",), ("all",)).axes
    assert [list(one.lines[0].get_xdata()) for one in axes] == [[1, 12], [1, 12], [1, 12], [1]]


def test_tables_of_nothing():
    assert markdown(["a", "b"], []) == "| a | b |\n|---|--:|"
    assert table1({}, FACTORS).count("missing") == 2 * 2 + 2 * 4 * 5
    assert table2({}, FACTORS).count("missing") == (4 + 4 + 4) * 5
    assert table3({}, FACTORS).count("missing") == 2 * 4 * 5


def test_files_of_results_are_checked(place):
    path = place.results / "all.json"
    teacher_row().save(path)
    with pytest.raises(OrposeError, match=r"all.json: is of the row 'teacher'"):
        load_records(place.results, ["all"])
    write_json(path, {"kind": "something"})
    with pytest.raises(OrposeError, match="not a row of orpose reproduce"):
        RowRecord.load(path)
    write_json(path, {**all_row().model_dump(mode="json"), "schema_version": 2})
    with pytest.raises(OrposeError, match="schema 2 is not the one that is read"):
        RowRecord.load(path)
    write_json(path, {**all_row().model_dump(mode="json"), "seed": "x"})
    with pytest.raises(OrposeError, match=r"all.json: seed"):
        RowRecord.load(path)
    path.write_text("{")
    with pytest.raises(OrposeError, match="not a JSON file"):
        RowRecord.load(path)


def test_a_row_comes_back_from_its_file(tmp_path):
    row = all_row()
    row.save(tmp_path / "all.json")
    assert RowRecord.load(tmp_path / "all.json") == row
