"""Nothing is long: a file has one subject, and a function is seen at once."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[1]
LONGEST_FILE, LONGEST_FUNCTION = 300, 60  # lines


def files() -> list[Path]:
    folders = ("orpose_models", "orpose_ros", "launch", "tools", "examples", "test")
    return [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]


def test_no_file_is_above_300_lines_and_no_function_above_60() -> None:
    long = []
    for path in files():
        text, name = path.read_text(), path.relative_to(ROOT)
        if (lines := len(text.splitlines())) > LONGEST_FILE:
            long.append(f"{name}: {lines} lines")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                assert node.end_lineno is not None
                if (lines := node.end_lineno - node.lineno + 1) > LONGEST_FUNCTION:
                    long.append(f"{name}: {node.name} has {lines} lines")
    assert long == []
