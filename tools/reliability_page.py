"""docs/reliability.md: each tool that measures writes its own section and leaves the others alone."""

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

HEAD = """# Reliability

For judging what damaged inputs, kills, full disks and unruly cameras can do. Each section is written by the tool that
it names, from that tool's journal; none of them belongs to `make test`.

Models, labels and predictions from elsewhere can do no harm by what stands in them. Names in labels stay below the
folder that they are relative to. A model's graphs take numbers from its own weights' file and no other; weights are
safetensors; sizes in a model or a weights file are bounded and compared with what the file holds before memory is
taken. Pickles are read from checkpoints and from detectron2's weights alone, by readers that know tensors, arrays and
plain containers and nothing else. A graph is run as it is: one that was made to take long or much memory does so.
"""
TITLES = ("Damaged inputs", "Commands that are killed", "Disks and folders that fail", "A node under stress")


def write_section(path: Path, title: str, text: str) -> None:
    """Put a section in its place, in place of an earlier one of the same title.

    Args:
        path: the page; made if it is not there.
        title: one of `TITLES`.
        text: Markdown without headings.
    """
    sections = _sections(path.read_text()) if path.exists() else {}
    sections[title] = text.strip()
    parts = [f"## {name}\n\n{sections[name]}\n" for name in TITLES if name in sections]
    path.write_text("\n".join([HEAD, *parts]))


def measure(
    purpose: str | None,
    run: Callable[[int, int, Path], list[dict[str, Any]]],
    section: Callable[[list[dict[str, Any]]], str],
    title: str,
    count: tuple[int, str],
    right: tuple[str, ...],
) -> None:
    """The command line of a tool: go on with a run, print what went wrong, on request write the tool's section.

    Args:
        purpose: shown by --help.
        run: of a count, a seed and a folder: the journal's entries.
        section, title: of the page.
        count: default of --count, and what is counted.
        right: outcomes that are not printed.
    """
    parser = argparse.ArgumentParser(description=purpose)
    parser.add_argument("--count", type=int, default=count[0], help=count[1])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", type=Path, default=Path("out/kills"), help="of inputs, journal and runs")
    parser.add_argument("--document", type=Path, help="write what the journal holds into this Markdown file")
    arguments = parser.parse_args()
    found = run(arguments.count, arguments.seed, arguments.folder.resolve())
    for entry in found:
        if entry["outcome"] not in right:
            print(json.dumps(entry))
    if arguments.document:
        write_section(arguments.document, title, section(found))


def _sections(page: str) -> dict[str, str]:
    _, *parts = page.split("\n## ")
    return {part.partition("\n")[0]: part.partition("\n")[2].strip() for part in parts}
