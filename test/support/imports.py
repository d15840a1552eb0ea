"""What Python files import, read and not run."""

import ast
import sys
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
OURS = ("orpose_models", "orpose_ros")


def imports(path: Path, at_once: bool = False) -> list[str]:
    """The modules that a file imports, dotted: wherever in the file, or only those that importing the file imports."""
    return list(_imports(path, at_once))


@cache
def _imports(path: Path, at_once: bool) -> tuple[str, ...]:
    found: list[str] = []
    for node in _nodes(ast.parse(path.read_text()), at_once):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            found += [node.module or "", *(f"{node.module}.{name.name}" for name in node.names)]
        elif isinstance(node, ast.Import):
            found += [name.name for name in node.names]
    return tuple(found)


def _nodes(tree: ast.AST, at_once: bool) -> list[ast.AST]:
    """All nodes; with `at_once` neither those within functions nor those for type checkers only."""
    nodes: list[ast.AST] = []
    waiting = list(ast.iter_child_nodes(tree))
    while waiting:
        node = waiting.pop(0)
        nodes.append(node)
        later = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) or (
            isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")
        )
        if not (at_once and later):
            waiting += ast.iter_child_nodes(node)
    return nodes


def file_of(module: str) -> Path | None:
    """The file of a module of ours, or of the tests' support."""
    for root in (ROOT, ROOT / "test"):
        place = root.joinpath(*module.split("."))
        for file in (place.with_suffix(".py"), place / "__init__.py"):
            if file.is_file():
                return file
    return None


def foreign(path: Path) -> set[str]:
    """The packages of others that importing a file imports, directly or by modules of ours."""
    seen, packages = {path}, set()
    waiting = [path]
    while waiting:
        for module in _imports(waiting.pop(), True):
            top = module.partition(".")[0]
            if top in OURS or top == "support":
                names = [module[:end] for end in _ends(module)]
                files = {file for name in names if (file := file_of(name)) is not None}
                waiting += files - seen
                seen |= files
            elif top and top not in sys.stdlib_module_names:
                packages.add(top)
    return packages


def _ends(module: str) -> list[int]:
    """Where the names of a module and of the packages that it lies in end."""
    return [i for i, letter in enumerate(module) if letter == "."] + [len(module)]
