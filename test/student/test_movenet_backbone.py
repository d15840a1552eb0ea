import numpy as np
import pytest
import torch
from torch.nn import functional as F

from orpose_models.student.movenet_backbone import _PREFIX, MoveNetBody, MoveNetFPN
from orpose_models.teacher.packaged import packaged_graph
from orpose_models.teacher.tfjs_onnx import start_session, to_onnx
from orpose_models.vocabulary.errors import OrposeError

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def graph():
    return packaged_graph("movenet-lightning")


@pytest.mark.parametrize("size", [(192, 192), (320, 448)])
def test_features_are_those_of_the_original_graph(graph, size):
    nodes = [
        "model/block_5_add/add",
        "model/block_12_add/add",
        "model/block_16_project_BN/FusedBatchNormV3",
        "re_lu_2/Relu",
        "re_lu_1/Relu",
        "re_lu/Relu",
        "conv2d/BiasAdd",
    ]
    outputs = {f"out{i}": _PREFIX + name for i, name in enumerate(nodes)}
    session = start_session(to_onnx(graph, "StatefulPartitionedCall/stack", outputs, 3, (192, 192)), threads=1)
    coarse = torch.rand(1, 3, 12, 16, generator=torch.Generator().manual_seed(0)) * 255
    image = F.interpolate(coarse, size, mode="bicubic")[0].clamp(0, 255)
    expected = session.run(None, {"images": image.flip(0)[None].numpy()})
    backbone = MoveNetFPN().eval()
    backbone.body.load(graph)
    with torch.no_grad():
        answers, maps = backbone.body(backbone.normalise(image)[None])
    strides = (8, 16, 32, 4, 8, 16, 32)
    for values, reference, stride in zip([*answers, *maps], expected, strides, strict=True):
        assert values.shape[2:] == (size[0] // stride, size[1] // stride)
        np.testing.assert_allclose(values[0].numpy(), reference[0], atol=1e-3, rtol=1e-5)


def test_weights_of_another_network_are_refused():
    with pytest.raises(OrposeError, match="not MoveNet Lightning's"):
        MoveNetBody().load(packaged_graph("centernet"))


def test_calibrated_features_have_mean_0_and_deviation_1(graph):
    backbone = MoveNetFPN(8)
    backbone.body.load(graph)
    images = torch.rand(2, 3, 64, 96, generator=torch.Generator().manual_seed(0)) * 2 - 1
    backbone.calibrate([images[:1], images[1:]])
    for i, joined in enumerate(backbone.joined(images)):
        values = (joined - getattr(backbone, f"mean{i}")) * getattr(backbone, f"scale{i}")
        flat = values.transpose(0, 1).flatten(1)
        alive = joined.transpose(0, 1).flatten(1).std(dim=1) > 0.1
        torch.testing.assert_close(flat.mean(dim=1), torch.zeros(len(flat)), atol=1e-3, rtol=0)
        torch.testing.assert_close(flat.std(dim=1)[alive], torch.ones(int(alive.sum())), atol=0.02, rtol=0)
    assert [tuple(m.shape) for m in backbone(images)] == [(2, 8, 8, 12), (2, 8, 4, 6), (2, 8, 2, 3), (2, 8, 1, 2)]


def test_frozen_stages_get_no_gradient():
    backbone = MoveNetFPN(8)
    backbone.freeze(4)
    sum(m.sum() for m in backbone(torch.zeros(1, 3, 32, 32))).backward()
    body = backbone.body
    assert all(p.grad is None for part in (body.stem, *body.blocks[:3]) for p in part.parameters())
    assert body.blocks[3].project.weight.grad is not None
