import subprocess
import sys
import sysconfig
from pathlib import Path

import numpy as np

TOOL = Path(__file__).resolve().parents[2] / "tools" / "fix_wheel_cmake_paths.py"
FOREIGN = (
    'set(inc "/opt/python/cp311-cp311/include/python3.11;${_prefix}/include;'
    '/opt/python/cp311-cp311/lib/python3.11/site-packages/numpy/_core/include")\n'
)


def run(prefix: Path) -> str:
    return subprocess.run([sys.executable, TOOL, prefix], capture_output=True, text=True, check=True).stdout


def test_nothing_to_repair(tmp_path: Path) -> None:
    assert "repaired 0 CMake files" in run(tmp_path)


def test_foreign_folders_become_this_interpreters_and_stay_so(tmp_path: Path) -> None:
    export = tmp_path / "share" / "some_msgs" / "cmake" / "export.cmake"
    export.parent.mkdir(parents=True)
    export.write_text(FOREIGN)
    (export.parent / "notes.txt").write_text(FOREIGN)
    assert "repaired 1 CMake files" in run(tmp_path)
    include = sysconfig.get_paths()["include"]
    assert export.read_text() == f'set(inc "{include};${{_prefix}}/include;{np.get_include()}")\n'
    assert (export.parent / "notes.txt").read_text() == FOREIGN
    assert "repaired 0 CMake files" in run(tmp_path)
