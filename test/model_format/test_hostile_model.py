"""Model folders from elsewhere: nothing outside the folder is read, nothing is larger than what it is for."""

import json
import os
import shutil
from hashlib import sha256
from pathlib import Path
from typing import Any

import onnx
import pytest

from orpose_models.model_format.manifest import MANIFEST, WEIGHTS, read_manifest
from orpose_models.registry.models import SHIPPED
from orpose_models.vocabulary.errors import OrposeError

NAME = "network.onnx"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SHIPPED / "orpose-all-light", tmp_path / "model"))


def change(folder: Path, **changes: Any) -> None:
    """Write model.json anew, with the digests that the files have: whoever attacks can do so."""
    manifest = json.loads((folder / MANIFEST).read_text())
    manifest["files"] = {name: sha256((folder / name).read_bytes()).hexdigest() for name in manifest["files"]}
    manifest["config"] |= changes
    (folder / MANIFEST).write_text(json.dumps(manifest))


def test_a_folder_that_was_written_anew_is_read(folder: Path) -> None:
    change(folder)
    assert read_manifest(folder)[0].config.short_side == 320


@pytest.mark.parametrize(
    "place", ["../secret.bin", "/etc/passwd", "weights.safetensors.other", "sub/weights.safetensors"]
)
def test_graphs_that_take_numbers_from_elsewhere_are_refused(folder: Path, place: str) -> None:
    model = onnx.load(folder / NAME, load_external_data=False)
    tensor = next(tensor for tensor in model.graph.initializer if tensor.external_data)
    next(entry for entry in tensor.external_data if entry.key == "location").value = place
    (folder / NAME).write_bytes(model.SerializeToString())
    change(folder)
    with pytest.raises(OrposeError, match=f"takes numbers from another file than {WEIGHTS}"):
        read_manifest(folder)


def test_the_place_is_seen_in_whatever_order_it_is_written(folder: Path) -> None:
    key, value = b"\x0a\x08location", b"\x12\x13" + WEIGHTS.encode()
    other = b"\x12\x13/etc/passwd.........."[: len(value)]
    content = (folder / NAME).read_bytes()
    assert key + value in content
    (folder / NAME).write_bytes(content.replace(key + value, other + key, 1))
    change(folder)
    loaded = onnx.load(folder / NAME, load_external_data=False)
    assert any(e.value.startswith("/etc/passwd") for t in loaded.graph.initializer for e in t.external_data)
    with pytest.raises(OrposeError, match="takes numbers from another file"):
        read_manifest(folder)


@pytest.mark.parametrize("name", [NAME, WEIGHTS])
def test_a_pipe_in_place_of_a_file_does_not_hang(folder: Path, name: str) -> None:
    (folder / name).unlink()
    os.mkfifo(folder / name)
    with pytest.raises(OrposeError, match=f"{name}: not a file"):
        read_manifest(folder)


def test_what_is_too_large_is_refused_before_it_is_read(folder: Path) -> None:
    with (folder / NAME).open("ab") as file:
        file.truncate(1 << 27)
    change(folder)
    with pytest.raises(OrposeError, match="too large for a graph"):
        read_manifest(folder)
    with (folder / MANIFEST).open("ab") as file:
        file.truncate(1 << 40)  # a hole: no disk has so much
    with pytest.raises(OrposeError, match="too large for such a file"):
        read_manifest(folder)


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"short_side": 10**9}, "short_side must be at most 8192"),
        ({"long_side": 10**400}, "valid integer|at most 8192"),
        ({"lifter_hidden": 10**6}, "lifter_hidden must be at most 8192"),
        ({"short_side": 1, "long_side": 8192}, "sides of more than 8192 pixels"),
        ({"small_images": [[64, 10**9]]}, "sides of more than 8192 pixels"),
        ({"max_persons": 10**9}, "max_persons must be at most 8192"),
    ],
)
def test_sizes_are_bounded(folder: Path, settings: dict[str, Any], reason: str) -> None:
    change(folder, **settings)
    with pytest.raises(OrposeError, match=reason) as caught:
        read_manifest(folder)
    assert "\n" not in str(caught.value)
