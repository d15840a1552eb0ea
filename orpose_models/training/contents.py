"""Whether a dataset is still what it was: digests of its content, cheap enough for every start."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

_END = 1_000_000  # bytes


def digest_of_list(entries: Iterable[tuple[Any, Path]]) -> str:
    """SHA-256 of a list of images in its order: of what is known of each, as JSON, and of its file's size."""
    digest = hashlib.sha256()
    for known, path in entries:
        size = path.stat().st_size if path.is_file() else None
        digest.update(json.dumps([known, size], sort_keys=True).encode() + b"\n")
    return digest.hexdigest()


def digest_of_recording(files: Sequence[Path]) -> str:
    """SHA-256 of the size, the first and the last megabyte of the files of a video or bag."""
    digest = hashlib.sha256()
    for path in files:
        size = path.stat().st_size
        digest.update(f"{size}\n".encode())
        with path.open("rb") as file:
            digest.update(file.read(_END))
            file.seek(max(0, size - _END))
            digest.update(file.read(_END))
    return digest.hexdigest()


def difference(before: Any, now: dict[str, Any]) -> str | None:
    """How labels of the settings `before` were "made" otherwise than now, to go on after that word; None if equal.

    Sources whose content was not noted, as in the labels of earlier versions, count as unchanged.

    Args:
        before, now: settings as they come from a file, with `sources.Source.settings` of each source as "sources".
    """
    noted = _sources(before)
    changed, known = [], []
    for source in now["sources"]:
        old = noted.get((source["path"], source["topic"]), {})
        if old.get("content", source["content"]) != source["content"]:
            changed.append(source["path"])
        known.append(source if "content" in old else {key: source[key] for key in source.keys() - {"content"}})
    if changed:
        return f"before the images of {', '.join(dict.fromkeys(changed))} changed"
    return None if before == {**now, "sources": known} else "with other settings"


def _sources(settings: Any) -> dict[tuple[Any, Any], dict[str, Any]]:
    sources = settings.get("sources") if isinstance(settings, dict) else None
    whole = [s for s in sources if isinstance(s, dict)] if isinstance(sources, list) else []
    return {(str(s.get("path")), s.get("topic")): s for s in whole if isinstance(s.get("topic"), str | None)}
