"""Whether rows may be compared: equal budgets, equal test images."""

from collections.abc import Mapping
from typing import Any

from orpose_models.lab.reproduction.row_record import RowRecord, differences
from orpose_models.lab.reproduction.rows import BY_NAME, ROWS

REFERENCE = "all"  # what the others are compared with, or the first row that is there


def reference(records: Mapping[str, RowRecord], trained: bool) -> RowRecord | None:
    """The row that the others are compared with."""
    names = [REFERENCE, *(row.name for row in ROWS)]
    found = (records[name] for name in names if name in records)
    return next((record for record in found if record.training is not None or not trained), None)


def peculiarities(records: Mapping[str, RowRecord], name: str) -> list[str]:
    """In what a row differs from the reference that it should not differ in, in words; empty for a fair row."""
    record = records[name]
    found: dict[str, tuple[Any, Any]] = {}
    tested = reference(records, trained=False)
    assert tested is not None
    mine, theirs = (one.test.model_dump(exclude={"dataset"}) for one in (record, tested))
    found |= {f"test.{key}": values for key, values in differences(mine, theirs).items()}
    trained = reference(records, trained=True)
    if record.training is not None and trained is not None and trained.training is not None:
        between = differences(_budget(record), _budget(trained))
        expected = meant(name) | meant(trained.row)
        found |= {key: values for key, values in between.items() if key not in expected}
    return [f"{key} is {_short(a)}, not {_short(b)}" for key, (a, b) in found.items()]


def meant(name: str) -> set[str]:
    """The settings in which a row is meant to differ from ORPose_all."""
    row = BY_NAME[name]
    names = {"name", *(change.partition("=")[0] for change in row.changes)}
    if row.configuration != "ORPose_all":
        names.add("augmentation.downsampling")
    if row.labels == "everyday":
        names.add("data.sources")
    return names


def _budget(record: RowRecord) -> dict[str, Any]:
    assert record.training is not None
    return {**record.training.settings, "processes": record.training.processes}


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
