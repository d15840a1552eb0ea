"""Training in processes of its own: two that train as one, and one that fails while its workers go on."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from orpose_models.student.weights import load_student

_TRAIN = """
import sys
import torch
from pathlib import Path
from support.training_rig import tiny
from orpose_models.training.distributed import join_ranks
from orpose_models.training.trainer import Trainer
torch.set_num_threads(1)
changes = {"optimiser__kind": "sgd", "optimiser__learning_rate": 1e-3, "batch": 4, "schedule__iterations": 3}
with join_ranks() as ranks:
    Trainer(tiny(sys.argv[1], **changes), Path(sys.argv[2]), ranks).run()
"""


def run_script(text, folder, *arguments, start=()):
    """Run a Python script with arguments in a process of its own, or in those that `start` makes of it."""
    script = folder / "script.py"
    script.write_text(text)
    folders = [str(Path(__file__).parents[i]) for i in (2, 1)]  # of the packages, of what tests share
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(folders), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, *start, str(script), *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)


def test_two_processes_train_as_one(label_file, tmp_path):
    two_processes = ["-m", "torch.distributed.run", "--nproc-per-node", "2", "--standalone"]
    for start, folder in (((), "one"), (two_processes, "two")):
        done = run_script(_TRAIN, tmp_path, str(label_file), str(tmp_path / folder), start=start)
        assert done.returncode == 0, done.stderr
    one, two = (load_student(tmp_path / name / "tiny.safetensors")[0].state_dict() for name in ("one", "two"))
    for name in one:
        torch.testing.assert_close(two[name], one[name], atol=2e-5, rtol=1e-4, msg=lambda m, n=name: f"{n}: {m}")
    losses = [
        json.loads((tmp_path / n / "history.jsonl").read_text().splitlines()[0])["training"] for n in ("one", "two")
    ]
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)


_FAIL = """
import sys
from pathlib import Path
import torch
from support.training_rig import tiny
from orpose_models.training import trainer
torch.set_num_threads(1)
def fail(*given):
    raise RuntimeError("the evaluation failed")
trainer.evaluate_student = fail
trainer.open_truth = lambda config: "a dataset"
if __name__ == "__main__":
    changes = {"data__workers": 1, "evaluation": {"dataset": "any", "every": 1}}
    alone = trainer.Ranks(0, 1, torch.device("cpu"))
    trainer.Trainer(tiny(sys.argv[1], **changes), Path(sys.argv[2]), alone).run()
"""


def test_a_run_that_fails_ends_with_its_workers(label_file, tmp_path):
    """An error that nobody catches keeps what was going on alive, and workers heed no signals."""
    done = run_script(_FAIL, tmp_path, str(label_file), str(tmp_path / "run"))
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "RuntimeError: the evaluation failed"
