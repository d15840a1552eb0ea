"""Names in files from elsewhere stay below the folder that they are relative to."""

import pytest
from pydantic import TypeAdapter, ValidationError

from orpose_models.files.validation import InnerPath


@pytest.mark.parametrize("name", ["", "/etc/passwd", "../a.png", "a/../../b.png", "a\0.png", "a\udce4.png", ".."])
def test_names_that_lead_out_are_refused(name: str) -> None:
    with pytest.raises(ValidationError, match=r"is not a name of a file|leads out of the folder"):
        TypeAdapter(InnerPath).validate_python(name)


@pytest.mark.parametrize("name", ["a.png", "a/b.png", "a..b/..c.png", "\N{LATIN SMALL LETTER A WITH DIAERESIS}.png"])
def test_names_below_are_kept(name: str) -> None:
    assert TypeAdapter(InnerPath).validate_python(name) == name
