"""README and docs: short, wrapped, with links that lead somewhere."""

import re
from pathlib import Path
from typing import Any

import pytest
import typer

from orpose_models.cli.main import app

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
WRITTEN_BY_COMMANDS = {"results.md", "performance.md"}
# Verbs that `orpose_ros.tools.command` adds.
NEED_ROS = {"play", "benchmark-node", "demo"}
PAGES = [ROOT / "README.md", *sorted(DOCS.glob("*.md"))]


def anchors(page: Path) -> set[str]:
    """The names of a page's headings, as they stand in links."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if "://" in target:
            continue
        file, _, anchor = target.partition("#")
        place = (page.parent / file).resolve() if file else page
        assert place.exists(), f"{page.name}: {target}"
        if anchor:
            assert anchor in anchors(place), f"{page.name}: {target}"


@pytest.mark.parametrize(
    "page", [page for page in PAGES if page.name not in WRITTEN_BY_COMMANDS], ids=lambda page: page.name
)
def test_lines_are_wrapped(page: Path) -> None:
    """Tables, pictures and commands cannot be."""
    code, long = False, []
    for number, line in enumerate(page.read_text().splitlines(), 1):
        code ^= line.startswith("```")
        if len(line) > 120 and not code and not line.startswith(("|", "![", "    ")):
            long.append(f"{page.name}:{number}")
    assert long == []


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= 100


def test_the_index_leads_to_every_page() -> None:
    index = (DOCS / "index.md").read_text()
    assert [page.name for page in DOCS.glob("*.md") if page.name != "index.md" and f"]({page.name}" not in index] == []


@pytest.mark.parametrize("page", PAGES[1:], ids=lambda page: page.name)
def test_a_page_begins_with_what_it_is_for(page: Path) -> None:
    title, _, text = page.read_text().partition("\n\n")
    assert title.startswith("# ")
    assert text.startswith("For ")


def names(page: Path) -> list[str]:
    """The names that stand in a page's sentences as code, without arguments; no places such as docs/models/MODEL.md."""
    sentences = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    found = re.findall(r"`([A-Za-z_][\w./]*)(?:\(.*?\))?`", sentences)
    return [name for name in found if not re.search(r"\b[A-Z]{3,}\b|\.(json|csv)$", name)]


def is_there(name: str) -> bool:
    """Whether a file of the checkout, or a module of ours with what it holds, is there; true of any other name."""
    top, _, message = name.partition("/")
    if message:
        name = f"orpose_msgs/msg/{message}.msg" if top == "orpose_msgs" else name
        return top in ("out", "runs") or not (ROOT / top).is_dir() or (ROOT / name).exists()
    parts = name.split(".")
    if len(parts) > 1 and (ROOT / "orpose_models" / parts[0]).is_dir():
        parts = ["orpose_models", *parts]
    place, within = ROOT, list(parts)
    while within and (place / within[0]).is_dir():
        place /= within.pop(0)
    if place == ROOT:
        return True
    file = place / f"{within.pop(0)}.py" if within and (place / f"{within[0]}.py").is_file() else place / "__init__.py"
    return not file.is_file() or all(re.search(rf"\b{part}\b", file.read_text()) for part in within)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_files_and_modules_that_are_named_are_there(page: Path) -> None:
    assert [name for name in names(page) if not is_there(name)] == []


def commands(page: Path) -> list[list[str]]:
    """The words after `orpose` of every command that stands in a page as code."""
    text = page.read_text().replace("\\\n", " ")
    blocks = re.findall(r"```.*?```", text, flags=re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()] + re.findall(r"^    .*$", text, re.MULTILINE)
    spans = re.findall(r"`([^`]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
    given = [re.search(r"(?:^|[\s;&])orpose (.+)", line.partition("#")[0]) for line in [*lines, *spans]]
    return [found[1].split() for found in given if found]


def unknown(words: list[str]) -> list[str]:
    """What of a command the program does not know: its verb, or options."""
    command: Any = typer.main.get_command(app)
    rest = list(words)
    while hasattr(command, "commands") and rest and not rest[0].startswith("-"):
        if rest[0] in NEED_ROS:
            return []
        if rest[0] not in command.commands:
            return rest[:1]
        command = command.commands[rest.pop(0)]
    known = {text for one in command.params for text in [*one.opts, *one.secondary_opts]}
    return [word for word in rest if re.fullmatch(r"--[a-z-]+", word) and word not in known]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_that_are_named_are_there(page: Path) -> None:
    assert [found for words in commands(page) if (found := unknown(words))] == []
