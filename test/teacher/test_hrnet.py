import numpy as np
import pytest
import torch

from orpose_models.teacher.hrnet import HRNet, HRNetKeypoints, load_hrnet_weights
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.skeletons import COCO17


def official_layout():
    """Names and shapes of `pose_hrnet_w48_384x288.pth`, spelt out from the architecture in the HRNet paper."""
    layout = {}

    def conv_bn(conv, bn, out, into, kernel):
        layout[f"{conv}.weight"] = (out, into, kernel, kernel)
        for name in ("weight", "bias", "running_mean", "running_var"):
            layout[f"{bn}.{name}"] = (out,)
        layout[f"{bn}.num_batches_tracked"] = ()

    conv_bn("conv1", "bn1", 64, 3, 3)
    conv_bn("conv2", "bn2", 64, 64, 3)
    for block in range(4):
        into = 64 if block == 0 else 256
        conv_bn(f"layer1.{block}.conv1", f"layer1.{block}.bn1", 64, into, 1)
        conv_bn(f"layer1.{block}.conv2", f"layer1.{block}.bn2", 64, 64, 3)
        conv_bn(f"layer1.{block}.conv3", f"layer1.{block}.bn3", 256, 64, 1)
    conv_bn("layer1.0.downsample.0", "layer1.0.downsample.1", 256, 64, 1)
    conv_bn("transition1.0.0", "transition1.0.1", 48, 256, 3)
    conv_bn("transition1.1.0.0", "transition1.1.0.1", 96, 256, 3)
    conv_bn("transition2.2.0.0", "transition2.2.0.1", 192, 96, 3)
    conv_bn("transition3.3.0.0", "transition3.3.0.1", 384, 192, 3)
    for stage, modules in ((2, 1), (3, 4), (4, 3)):
        for module in range(modules):
            prefix = f"stage{stage}.{module}"
            for branch in range(stage):
                width = 48 * 2**branch
                for block in range(4):
                    for conv in (1, 2):
                        name = f"{prefix}.branches.{branch}.{block}"
                        conv_bn(f"{name}.conv{conv}", f"{name}.bn{conv}", width, width, 3)
            outputs = 1 if (stage, module) == (4, 2) else stage
            for i in range(outputs):
                for j in range(stage):
                    name = f"{prefix}.fuse_layers.{i}.{j}"
                    if j > i:
                        conv_bn(f"{name}.0", f"{name}.1", 48 * 2**i, 48 * 2**j, 1)
                    for step in range(i - j):
                        out = 48 * 2 ** (i if step == i - j - 1 else j)
                        conv_bn(f"{name}.{step}.0", f"{name}.{step}.1", out, 48 * 2**j, 3)
    layout["final_layer.weight"], layout["final_layer.bias"] = (17, 48, 1, 1), (17,)
    return layout


pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def keypoints():
    torch.manual_seed(0)
    return HRNetKeypoints(None, batch_size=2)


def test_no_person(keypoints):
    found, scores = keypoints.estimate(np.zeros((48, 64, 3), np.uint8), np.zeros((0, 4), np.float32))
    assert (found.shape, found.dtype) == ((0, 17, 2), np.float32)
    assert (scores.shape, scores.dtype) == ((0, 17), np.float32)


def test_size_and_layout_are_those_of_the_official_checkpoint(keypoints):
    assert sum(parameter.numel() for parameter in keypoints.network.parameters()) == 63_595_745
    own = {name: tuple(tensor.shape) for name, tensor in keypoints.network.state_dict().items()}
    assert own == official_layout()


def test_official_checkpoint_loads_strictly(keypoints, tmp_path):
    generator = torch.Generator().manual_seed(1)
    tensors = {
        name: torch.rand(shape, generator=generator)
        for name, shape in official_layout().items()
        if not name.endswith("num_batches_tracked")  # files from before torch 0.4 lack them
    }
    torch.save(tensors, tmp_path / "hrnet.pth")
    network = HRNet()
    load_hrnet_weights(network, tmp_path / "hrnet.pth")
    loaded = network.state_dict()
    assert all(torch.equal(loaded[name], tensor) for name, tensor in tensors.items())

    del tensors["stage3.2.fuse_layers.0.1.0.weight"]
    torch.save(tensors, tmp_path / "hrnet.pth")
    with pytest.raises(OrposeError, match=r"1 parameters missing \(such as stage3.2.fuse_layers.0.1.0.weight\)"):
        load_hrnet_weights(network, tmp_path / "hrnet.pth")


def test_missing_checkpoint(tmp_path):
    with pytest.raises(OrposeError, match="no such file"):
        HRNetKeypoints(tmp_path / "pose_hrnet_w48_384x288.pth")


def test_crops_go_in_as_normalised_rgb(keypoints, monkeypatch):
    seen = []
    monkeypatch.setattr(
        keypoints, "network", lambda crops: seen.append(crops.clone()) or torch.zeros(len(crops), 17, 96, 72)
    )
    image = np.full((96, 72, 3), (10, 100, 250), np.uint8)  # BGR
    keypoints.estimate(image, np.array([[0, 0, 72, 96]], np.float32))
    assert [tuple(crops.shape) for crops in seen] == [(1, 3, 384, 288)] * 2
    expected = [(250 / 255 - 0.485) / 0.229, (100 / 255 - 0.456) / 0.224, (10 / 255 - 0.406) / 0.225]
    np.testing.assert_allclose(seen[0][0, :, 192, 144], expected, atol=1e-5)
    assert torch.equal(seen[1], seen[0].flip(3))


def test_batches_do_not_change_the_result():
    torch.manual_seed(0)
    keypoints = HRNetKeypoints(None, flip_test=False, batch_size=2)
    image = np.random.default_rng(0).integers(0, 255, (120, 160, 3), np.uint8)
    boxes = np.array([[10, 10, 60, 110], [80, 0, 160, 120], [30, 40, 90, 60]], np.float32)
    found, scores = keypoints.estimate(image, boxes)
    assert found.shape == (3, 17, 2)
    assert np.all((scores >= 0) & (scores <= 1))
    alone, alone_scores = keypoints.estimate(image, boxes[2:])
    np.testing.assert_allclose(found[2:], alone, atol=1e-3)
    np.testing.assert_allclose(scores[2:], alone_scores, atol=1e-4)


@pytest.mark.parametrize("paddings", [(1.25,), (1.1, 1.25, 1.5)])
@pytest.mark.parametrize("flip_test", [False, True])
def test_keypoints_land_where_the_network_saw_them(keypoints, monkeypatch, paddings, flip_test):
    """A network that answers where it sees red: crops, flip test, decoding and merging together keep the place."""
    monkeypatch.setattr(keypoints, "paddings", paddings)
    monkeypatch.setattr(keypoints, "flip_test", flip_test)

    def brightest(crops):
        maps = torch.zeros(len(crops), 17, 96, 72)
        maps[:, COCO17.index("left_wrist")] = crops[:, 0, ::4, ::4]
        maps[:, COCO17.index("right_wrist")] = crops[:, 0, ::4, ::4]
        return maps

    monkeypatch.setattr(keypoints, "network", brightest)
    image = np.zeros((200, 150, 3), np.uint8)
    image[120:124, 40:44, 2] = 255
    box = np.array([[0, 0, 150, 200]], np.float32)
    found, scores = keypoints.estimate(image, box)
    np.testing.assert_allclose(found[0, COCO17.index("left_wrist")], (42, 122), atol=1.5)
    assert scores[0, COCO17.index("left_wrist")] > 0.9
    assert scores[0, COCO17.index("nose")] == 0
