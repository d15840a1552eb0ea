"""Malformed messages and documents by Hypothesis, for `tools/torture.py`: of the right make, with the wrong values.

Messages have every field drawn; documents are valid ones in which some values, wherever they stand, are others of any
kind, or missing.
"""

import copy
import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import yaml
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from torture_inputs import CAMERA, COCO, SHIPPED, labels, predictions

from orpose_models.datasets.by_name import open_dataset
from orpose_models.datasets.camera_file import read_camera
from orpose_models.files.disk import sha256
from orpose_models.files.predictions import Predictions
from orpose_models.messages.camera_info import camera_from_info
from orpose_models.messages.compressed_images import compressed_to_bgr
from orpose_models.messages.images import ENCODINGS, image_to_bgr
from orpose_models.model_format.manifest import read_manifest
from orpose_models.training.labels import LabelSet
from orpose_models.training.train_config import TrainConfig

TRAINING = SHIPPED.parents[2] / "config/train/light/orpose-all-light.yaml"
BATCH = 100  # examples of a case
Shape = tuple[st.SearchStrategy[Any], Callable[[Any], Any]]

_UINT = st.one_of(st.integers(0, 70), st.sampled_from((2**16, 2**31 - 1, 2**31, 2**32 - 1)))
_FLOATS = st.floats(width=64)
_FORMATS = (
    "",
    "jpeg",
    "png",
    "rgb8; png compressed rgb8",
    "bayer_rggb8; jpeg compressed",
    "16UC1; compressedDepth png",
)
_VALUES = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20),
        st.sampled_from((10**400, -(2**63), 2**64, 1e308, "../../a.png", "/etc/passwd", "\0", "\ud800", "1" * 5000)),
    ),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=9), inner, max_size=4),
    max_leaves=8,
)  # fmt: skip


def shapes(folder: Path, pictures: list[bytes]) -> dict[str, Shape]:
    """What is drawn, and what reads it, by name.

    Args:
        folder: where documents may be written.
        pictures: encoded ones, pieces of which stand in compressed images.
    """
    roi = st.builds(SimpleNamespace, x_offset=_UINT, y_offset=_UINT, height=_UINT, width=_UINT)
    numbers = partial(st.lists, _FLOATS)
    piece = st.builds(lambda data, end: data[:end], st.sampled_from(pictures), st.integers(0, 9000))
    info = {"k": numbers(min_size=9, max_size=9), "p": numbers(min_size=12, max_size=12), "d": numbers(max_size=15)}
    models = st.sampled_from(("plumb_bob", "rational_polynomial", "equidistant", "none", "")) | st.text(max_size=9)
    found: dict[str, Shape] = {
        "fields of Image": (_images(), image_to_bgr),
        "fields of CompressedImage": (
            st.builds(
                SimpleNamespace,
                format=st.sampled_from(_FORMATS) | st.text(max_size=30),
                data=st.binary(max_size=9000) | piece,
            ),
            compressed_to_bgr,
        ),
        "fields of CameraInfo": (
            st.builds(
                SimpleNamespace,
                height=_UINT,
                width=_UINT,
                **info,
                distortion_model=models,
                binning_x=_UINT,
                binning_y=_UINT,
                roi=roi,
            ),
            _both_cameras,
        ),
    }
    training = yaml.safe_load(TRAINING.read_text())
    predictions().save(folder / "whole.json")
    whole = json.loads((folder / "whole.json").read_text())
    labels(folder).save(folder / "whole.json")
    documents: dict[str, tuple[str, Any, Callable[[Path], Any]]] = {
        "values of annotations": ("json", COCO, lambda path: open_dataset(f"coco:{path}", path.parent)),
        "values of predictions": ("json", whole, Predictions.load),
        "values of labels": ("json", json.loads((folder / "whole.json").read_text()), LabelSet.load),
        "values of a camera file": ("yaml", yaml.safe_load(CAMERA), read_camera),
        "values of training settings": ("yaml", training, TrainConfig.read),
    }
    for name, (suffix, document, read) in documents.items():
        found[name] = changed(document), partial(_through_file, folder / f"drawn.{suffix}", read)
    model = json.loads((SHIPPED / "model.json").read_text())
    (folder / "model").mkdir()
    for name in model["files"]:  # only what the manifest says is drawn, not what they hold
        (folder / "model" / name).touch()
        model["files"][name] = sha256(folder / "model" / name)
    read_folder = partial(_through_file, folder / "model" / "model.json", lambda path: read_manifest(path.parent))
    found["values of model.json"] = changed(model), read_folder
    return found


@st.composite
def _images(draw: st.DrawFn) -> Any:
    """An image, half of them with about the bytes that it should have."""
    size = st.integers(0, 40) if draw(st.booleans()) else _UINT
    height, width = draw(size), draw(size)
    step = draw(st.sampled_from((1, 2, 3, 4, 6, 8))) * width + draw(st.sampled_from((0, 0, 0, 1, 7)))
    length = step * height * draw(st.sampled_from((2, 3, 4, 4, 6))) // 4 if step * height < 30_000 else 9000
    encoding = draw(st.sampled_from(ENCODINGS) if draw(st.integers(0, 9)) else st.text(max_size=9))
    order, data = draw(st.integers(0, 255)), draw(st.binary(min_size=1, max_size=40))
    data = (data * (length // len(data) + 1))[:length]
    return SimpleNamespace(height=height, width=width, step=step, encoding=encoding, is_bigendian=order, data=data)


def _both_cameras(info: Any) -> None:
    camera_from_info(info, rectified=True)
    camera_from_info(info)


def _through_file(path: Path, read: Callable[[Path], Any], document: Any) -> None:
    if path.suffix == ".json":
        path.write_text(json.dumps(document))
    else:
        path.write_bytes(yaml.safe_dump(document).encode(errors="surrogatepass"))
    read(path)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path to each value of a document."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in inner:
        yield (*path, key)
        yield from places(part, (*path, key))


@st.composite
def changed(draw: st.DrawFn, document: Any) -> Any:
    """A document in which one to three values are others, or missing."""
    document = copy.deepcopy(document)
    for _ in range(draw(st.integers(1, 3))):
        here = list(places(document))
        if not here:
            break
        *path, last = draw(st.sampled_from(here))
        parent = document
        for key in path:
            parent = parent[key]
        if draw(st.integers(0, 4)):
            parent[last] = draw(_VALUES)
        else:
            del parent[last]
    return document


def examples(shape: Shape, number: str, judge: Callable[[Callable[[], Any]], None]) -> None:
    """Draw a batch and have each example read.

    Args:
        shape: what is drawn and what reads it.
        number: of the batch: the same one draws the same.
        judge: is given a call that reads an example.
    """
    strategy, read = shape

    @seed(number)
    @settings(
        max_examples=BATCH, database=None, deadline=None, phases=[Phase.generate], suppress_health_check=HealthCheck
    )
    @given(strategy)
    def one(value: Any) -> None:
        judge(lambda: read(value))

    one()
