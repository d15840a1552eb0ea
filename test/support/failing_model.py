"""A model whose network fails on white images, for real: what is computed then does not have the size it must have."""

import shutil
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from orpose_models.files.disk import read_json, sha256, write_json
from orpose_models.model_format.manifest import MANIFEST

WHITE = 250


def write_failing_model(model: Path, out: Path) -> Path:
    """Copy an exported model's folder, but for what its network does with images whose mean is above `WHITE`."""
    shutil.copytree(model, out)
    path = out / "network.onnx"
    network = onnx.load(path, load_external_data=False)
    graph = network.graph
    last = next(node for node in graph.node if graph.output[0].name in node.output)
    place = list(last.output).index(graph.output[0].name)
    last.output[place] = "scores.before"
    graph.initializer.extend(
        [
            numpy_helper.from_array(np.array([WHITE], np.float32), "white"),
            numpy_helper.from_array(np.array([1], np.int64), "one"),
        ]
    )
    graph.node.extend(
        [
            helper.make_node("Cast", [graph.input[0].name], ["image.float"], to=TensorProto.FLOAT),
            helper.make_node("ReduceMean", ["image.float"], ["image.mean"], keepdims=0),
            helper.make_node("Less", ["image.mean", "white"], ["dark"]),
            helper.make_node("NonZero", ["dark"], ["dark.places"]),
            # One number if the image is dark; none, which cannot be made one, if it is white.
            helper.make_node("Reshape", ["dark.places", "one"], ["zero"]),
            helper.make_node("Cast", ["zero"], ["zero.float"], to=TensorProto.FLOAT),
            helper.make_node("Add", ["scores.before", "zero.float"], [graph.output[0].name]),
        ]
    )
    path.write_bytes(network.SerializeToString())
    manifest = read_json(out / MANIFEST)
    write_json(out / MANIFEST, {**manifest, "files": {name: sha256(out / name) for name in manifest["files"]}})
    return out
