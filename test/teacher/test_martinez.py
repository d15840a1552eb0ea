import numpy as np
import pytest
import torch
from safetensors.numpy import save_file

from orpose_models.lifting.lifter_network import LiftingNetwork
from orpose_models.teacher.martinez import MartinezLifter
from orpose_models.vocabulary.cameras import Camera
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.skeletons import COCO17, COCO17_TO_H36M17

CAMERA = Camera.from_fov(1000, 1000)


def weights():
    torch.manual_seed(0)
    network = LiftingNetwork().eval()
    generator = np.random.default_rng(0)
    arrays = {name: tensor.numpy().copy() for name, tensor in network.state_dict().items()}
    arrays |= {
        "input_mean": generator.uniform(400, 600, 32).astype(np.float32),
        "input_std": generator.uniform(50, 150, 32).astype(np.float32),
        "output_mean": generator.normal(0, 0.3, 48).astype(np.float32),
        "output_std": generator.uniform(0.1, 0.3, 48).astype(np.float32),
    }
    return network, arrays


def test_nobody():
    lifted = MartinezLifter.random().lift(np.zeros((0, 17, 2), np.float32), np.zeros((0, 17), np.float32), CAMERA)
    assert (lifted.shape, lifted.dtype) == ((0, 17, 3), np.float32)


def test_it_is_the_network_between_the_statistics(tmp_path):
    network, arrays = weights()
    save_file(arrays, tmp_path / "lifter.safetensors")
    lifter = MartinezLifter.load(tmp_path / "lifter.safetensors")
    keypoints = np.random.default_rng(1).uniform(300, 700, (3, 17, 2)).astype(np.float32)
    joints = np.delete(COCO17_TO_H36M17.points(keypoints), 9, axis=1).reshape(3, 32)
    with torch.inference_mode():
        answer = network(torch.from_numpy((joints - arrays["input_mean"]) / arrays["input_std"])).numpy()
    expected = np.zeros((3, 17, 3))
    expected[:, 1:] = (answer * arrays["output_std"] + arrays["output_mean"]).reshape(3, 16, 3)
    lifted = lifter.lift(keypoints, np.ones((3, 17), np.float32), CAMERA)
    np.testing.assert_allclose(lifted, expected, atol=1e-4)
    assert np.all(lifted[:, 0] == 0)
    assert len(lifter.sha256) == 64
    assert lifter.sha256 == MartinezLifter.load(tmp_path / "lifter.safetensors").sha256


def test_missing_joints_stand_at_the_mean():
    _, arrays = weights()
    lifter = MartinezLifter(arrays, "test")
    # A pose whose every joint is at the statistics' mean cannot be told from one that is not seen but for a joint.
    arrays["input_mean"][:] = 500
    lifter = MartinezLifter(arrays, "test")
    at_mean = np.full((1, 17, 2), 500, np.float32)
    scores = np.zeros((1, 17), np.float32)
    scores[0, COCO17.index("left_knee")] = 0.5
    elsewhere = np.random.default_rng(0).uniform(0, 9, (1, 17, 2)).astype(np.float32)
    elsewhere[0, COCO17.index("left_knee")] = 500
    expected = lifter.lift(at_mean, np.ones_like(scores), CAMERA)
    np.testing.assert_allclose(lifter.lift(elsewhere, scores, CAMERA), expected, atol=1e-5)
    elsewhere[0, COCO17.index("nose")] = np.nan  # positions of joints that were not seen say nothing
    np.testing.assert_allclose(lifter.lift(elsewhere, scores, CAMERA), expected, atol=1e-5)
    assert np.isnan(lifter.lift(elsewhere, scores * 0, CAMERA)).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda arrays: arrays.pop("input_mean"), r"input_mean of shape \(32,\) is missing"),
        (lambda arrays: arrays.update({"output.bias": np.zeros(51, np.float32)}), r"output.bias of shape \(48,\)"),
        (
            lambda arrays: arrays.update(output_std=np.full(48, np.nan, np.float32)),
            "output_std has numbers that are not",
        ),
    ],
)
def test_bad_weights(tmp_path, change, message):
    _, arrays = weights()
    change(arrays)
    save_file(arrays, tmp_path / "lifter.safetensors")
    with pytest.raises(OrposeError, match=message):
        MartinezLifter.load(tmp_path / "lifter.safetensors")


def test_unreadable_weights(tmp_path):
    with pytest.raises(OrposeError, match="no such file"):
        MartinezLifter.load(tmp_path / "lifter.safetensors")
    (tmp_path / "lifter.safetensors").write_bytes(b"not weights")
    with pytest.raises(OrposeError, match="not a readable safetensors file"):
        MartinezLifter.load(tmp_path / "lifter.safetensors")
