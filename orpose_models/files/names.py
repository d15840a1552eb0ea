"""Names of files: their natural order, and names that are not text."""

import os
import re
from pathlib import PurePath

_NUMBERS = re.compile(r"(\d+)")


def natural_key(path: str | PurePath) -> tuple[tuple[tuple[int, int, str], ...], ...]:
    """Sorts names as people do, folder by folder: img2 before img10, 1.png before 2.png before 10.png."""
    return tuple(
        tuple((0, int(piece), piece) if piece.isdecimal() else (1, 0, piece) for piece in _NUMBERS.split(part) if piece)
        for part in PurePath(path).parts
    )


def printable(name: str | os.PathLike[str]) -> str:
    r"""A name, or a sentence with one, as text that any file and console takes.

    Bytes that are not UTF-8, which Python keeps as lone surrogates, stand as \xe4 and the like.
    """
    text = os.fspath(name)
    return text if is_text(text) else "".join(map(_shown, text))


def is_text(name: str | os.PathLike[str]) -> bool:
    """Whether a name is text throughout, as a file that holds names must have it."""
    return not any("\ud800" <= letter <= "\udfff" for letter in os.fspath(name))


def _shown(letter: str) -> str:
    if "\udc80" <= letter <= "\udcff":
        return f"\\x{ord(letter) - 0xDC00:02x}"
    return f"\\u{ord(letter):04x}" if "\ud800" <= letter <= "\udfff" else letter
