"""Make the CMake exports of the ROS wheels point at this interpreter.

The wheels were built elsewhere, and their `*.cmake` files name the Python and NumPy include folders of
that machine, which do not exist here. Running it again changes nothing.

Usage: python tools/fix_wheel_cmake_paths.py [PREFIX]   (default: the prefix of the interpreter that runs it)
"""

import re
import sys
import sysconfig
from pathlib import Path

import numpy as np

_FOREIGN = re.compile(r"/opt/python/cp\w+-cp\w+/(?P<place>include/python3\.\d+t?|lib/[^;\"\s)]*/numpy/_core/include)")


def repaired(text: str, python_include: str, numpy_include: str) -> str:
    """The text with the foreign include folders replaced."""
    return _FOREIGN.sub(
        lambda match: python_include if match["place"].startswith("include") else numpy_include,
        text,
    )


def repair(prefix: Path, python_include: str, numpy_include: str) -> int:
    """Repair the CMake files below a prefix; returns how many needed it."""
    changed = 0
    for folder in (prefix / "share", prefix / "lib" / "cmake"):
        for path in folder.rglob("*.cmake"):
            text = path.read_text()
            better = repaired(text, python_include, numpy_include)
            if better != text:
                path.write_text(better)
                changed += 1
    return changed


if __name__ == "__main__":
    prefix = Path(sys.argv[1] if len(sys.argv) > 1 else sys.prefix)
    count = repair(prefix, sysconfig.get_paths()["include"], np.get_include())
    print(f"repaired {count} CMake files in {prefix}")
