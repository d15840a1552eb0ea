"""What pydantic finds wrong with a user's file, in one sentence."""

from pathlib import Path

from pydantic import ValidationError

from orpose_models.errors import OrposeError


def layout_error(path: str | Path, error: ValidationError) -> OrposeError:
    """The error to raise for a file of another layout: the file, the place, the first problem, how many there are."""
    problem = error.errors()[0]
    where = ".".join(str(part) for part in problem["loc"])
    what = problem["msg"].partition(" or instance of")[0]  # which names a class of ours
    number = error.error_count()
    return OrposeError(
        ": ".join(filter(None, [str(path), where, what])) + (f" ({number} such problems)" if number > 1 else "")
    )
