"""Nothing reports to anybody what is run."""

import os
import subprocess
import sys
from pathlib import Path

LOAD = "from orpose_models.registry.models import load_model; load_model('orpose-all-light', 1, 'onnxruntime')"


def test_onnxruntime_keeps_no_identifier_and_no_events(tmp_path: Path) -> None:
    # This process has the variable from its own import of the package.
    environment = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    environment |= {"XDG_CACHE_HOME": str(tmp_path), "HOME": str(tmp_path)}
    subprocess.run([sys.executable, "-c", LOAD], env=environment, check=True)
    assert list(tmp_path.iterdir()) == []
