"""What pydantic finds wrong with a user's file, in one sentence."""

from pathlib import Path, PurePosixPath
from typing import Annotated

from pydantic import AfterValidator, Field, ValidationError

from orpose_models.files.names import is_text
from orpose_models.vocabulary.errors import OrposeError

# What arrays can hold: integers of 64 bit, and places that single precision can tell apart.
Int64 = Annotated[int, Field(ge=-(2**63), lt=2**63)]
Pixels = Annotated[float, Field(ge=-1e6, le=1e6)]
Metres = Pixels
Side = Annotated[int, Field(gt=0, le=1_000_000)]


def _inner(name: str) -> str:
    if not name or "\0" in name or not is_text(name):
        raise ValueError("is not a name of a file")
    if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
        raise ValueError("leads out of the folder that names are relative to")
    return name


# A name of a file below a folder, as it may stand in a file from elsewhere.
InnerPath = Annotated[str, AfterValidator(_inner)]


def layout_error(path: str | Path, error: ValidationError) -> OrposeError:
    """The error to raise for a file of another layout: the file, the place, the first problem, how many there are."""
    problem = error.errors()[0]
    where = ".".join(str(part) for part in problem["loc"])
    what = problem["msg"].partition(" or instance of")[0].removeprefix("Value error, ")  # our classes, pydantic's words
    if problem["type"] == "extra_forbidden":
        what = "there is no such setting or key"
    number = error.error_count()
    return OrposeError(
        ": ".join(filter(None, [str(path), where, what])) + (f" ({number} such problems)" if number > 1 else "")
    )
