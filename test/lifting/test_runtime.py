from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file, save_file

from orpose_models.files.disk import sha256
from orpose_models.lifting.features import FORMS, LENGTHS, features, standardised
from orpose_models.lifting.lifter_network import LiftingConfig, LiftingNetwork
from orpose_models.lifting.lifter_weights import LifterWeights, read_weights, save_weights
from orpose_models.lifting.runtime import DEFAULT_WEIGHTS, Lifter, Network, load_lifter
from orpose_models.lifting.synthesis.samples import Samples, generate
from orpose_models.lifting.synthesis.synthetic_bodies import Bodies
from orpose_models.vocabulary.cameras import Camera, gravity_from_tilt
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.skeletons import COCO17, H36M17

CAMERA = Camera(640, 480, 540.0, 540.0, 320.0, 240.0, gravity=tuple(gravity_from_tilt(30)))


@pytest.fixture(scope="module")
def lifter() -> Lifter:
    return load_lifter()


@pytest.fixture(scope="module")
def samples(bodies: Bodies) -> Samples:
    return generate(400, 7, bodies=bodies)


def _random_weights() -> LifterWeights:
    networks = {}
    for form in FORMS:
        state = LiftingNetwork(LiftingConfig(LENGTHS[form], hidden=8)).state_dict()
        arrays = {name: tensor.numpy() for name, tensor in state.items() if not name.endswith("tracked")}
        ones = {"input_std": np.ones(LENGTHS[form]), "output_std": np.ones(48)}
        networks[form] = {**arrays, **ones, "input_mean": np.zeros(LENGTHS[form]), "output_mean": np.zeros(48)}
    return LifterWeights(networks, {"note": "random"})


def test_nobody(lifter: Lifter):
    lifted = lifter.lift(np.zeros((0, 17, 2)), np.zeros((0, 17)), CAMERA)
    assert lifted.shape == (0, 17, 3)
    assert lifted.dtype == np.float32
    assert lifter.lift([], [], CAMERA).shape == (0, 17, 3)


def test_the_shipped_file_is_small_and_identified(lifter: Lifter):
    assert DEFAULT_WEIGHTS.stat().st_size <= 10_000_000
    assert lifter.sha256 == sha256(DEFAULT_WEIGHTS)
    assert lifter.sha256 in DEFAULT_WEIGHTS.with_suffix(".md").read_text()


@pytest.mark.parametrize("form", FORMS)
def test_numpy_and_torch_agree(samples: Samples, form: str):
    arrays = dict(read_weights(DEFAULT_WEIGHTS).networks[form])
    statistics = {name: arrays.pop(name) for name in ("input_mean", "input_std", "output_mean", "output_std")}
    network = LiftingNetwork(LiftingConfig(LENGTHS[form], hidden=len(arrays["output.weight"].T)))
    state = {name: torch.from_numpy(array) for name, array in arrays.items()}
    missing, unexpected = network.load_state_dict(state, strict=False)
    assert not unexpected
    assert all(name.endswith("num_batches_tracked") for name in missing)
    seen = features(form, samples.plane, samples.scores, samples.gravity)
    inputs = standardised(seen.values, statistics["input_mean"], statistics["input_std"])
    with torch.no_grad():
        expected = network.eval()(torch.from_numpy(inputs)).numpy()
    expected = expected * statistics["output_std"] + statistics["output_mean"]
    answer = Network({**arrays, **statistics})(seen.values)
    np.testing.assert_allclose(answer.reshape(-1, 48), expected, atol=1e-4)


@pytest.mark.parametrize(("gravity", "limit"), [(True, 0.130), (False, 0.150)])
def test_error_on_synthetic_people(lifter: Lifter, samples: Samples, gravity: bool, limit: float):
    lifted = lifter.lift_normalised(samples.plane, samples.scores, samples.gravity if gravity else None)
    assert (lifted[:, 0] == 0).all()
    np.testing.assert_array_equal(lifted[:, 9], lifted[:, 10])
    error = np.linalg.norm(lifted - samples.joints3d, axis=-1)[:, 1:].mean()
    assert 0.03 < error < limit


def test_pixels_and_normalised_coordinates_give_the_same(lifter: Lifter, samples: Samples):
    gravity = samples.gravity[:1]
    camera = Camera(800, 600, 700.0, 690.0, 400.0, 301.0, gravity=tuple(gravity[0]))
    pixels = samples.plane[:1] * [700.0, 690.0] + [400.5, 301.5]
    lifted = lifter.lift(pixels, samples.scores[:1], camera)
    np.testing.assert_allclose(
        lifted, lifter.lift_normalised(samples.plane[:1], samples.scores[:1], gravity), atol=1e-4
    )


@pytest.mark.parametrize("camera", [CAMERA, CAMERA.with_gravity(None)])
def test_the_mirror_image_gives_the_mirrored_pose(lifter: Lifter, samples: Samples, camera: Camera):
    pixels = samples.plane * 540.0 + 320.0
    lifted = lifter.lift(pixels, samples.scores, camera)
    mirrored = pixels[:, list(COCO17.flip)]
    mirrored[..., 0] = camera.width - mirrored[..., 0]
    turned = lifter.lift(mirrored, samples.scores[:, list(COCO17.flip)], camera.flipped())
    np.testing.assert_allclose(turned[:, list(H36M17.flip)] * [-1, 1, 1], lifted, atol=1e-3)


def test_persons_are_lifted_one_by_one(lifter: Lifter, samples: Samples):
    pixels = samples.plane * 540.0 + 320.0
    scores = samples.scores.copy()
    scores[1] = 0
    scores[2, 5:] = 0
    together = lifter.lift(pixels[:5], scores[:5], CAMERA)
    assert np.isnan(together[1:3]).all()
    for i in (0, 3, 4):
        np.testing.assert_allclose(together[i], lifter.lift(pixels[i], scores[i], CAMERA)[0], atol=1e-5)


def test_a_keypoint_that_is_no_number_is_a_missing_one(lifter: Lifter, samples: Samples):
    pixels, scores = samples.plane[:1] * 540.0 + 320.0, np.maximum(samples.scores[:1], 0.5)
    scores[0, 9] = 0
    expected = lifter.lift(pixels, scores, CAMERA)
    pixels[0, 9], scores[0, 9] = np.nan, 0.9
    np.testing.assert_array_equal(lifter.lift(pixels, scores, CAMERA), expected)
    scores[0, 9] = np.nan
    np.testing.assert_array_equal(lifter.lift(pixels, scores, CAMERA), expected)


def test_gravity_turns_with_the_camera(lifter: Lifter, samples: Samples):
    # A camera lying on its side sees the same person: the pose lies on its side in its axes.
    quarter = np.array([[0.0, 1, 0], [-1, 0, 0], [0, 0, 1]])
    upright = lifter.lift_normalised(samples.plane, samples.scores, samples.gravity)
    turned = lifter.lift_normalised(samples.plane @ quarter[:2, :2].T, samples.scores, samples.gravity @ quarter.T)
    np.testing.assert_allclose(turned, upright @ quarter.T, atol=1e-4)


def test_weights_survive_the_file(tmp_path: Path):
    weights = _random_weights()
    save_weights(tmp_path / "w.safetensors", weights)
    again = read_weights(tmp_path / "w.safetensors")
    assert again.info == {"note": "random"}
    for form in FORMS:
        assert again.networks[form].keys() == weights.networks[form].keys()
        for name, array in again.networks[form].items():
            np.testing.assert_allclose(array, weights.networks[form][name], rtol=1e-3, atol=1e-6)


def test_no_file(tmp_path: Path):
    with pytest.raises(OrposeError, match=r"lifter\.safetensors: no such file; make lifter weights with"):
        load_lifter(tmp_path / "lifter.safetensors")


@pytest.mark.parametrize("content", [b"", b"not a safetensors file", b"\xff" * 64])
def test_no_safetensors_file(tmp_path: Path, content: bytes):
    path = tmp_path / "w.safetensors"
    path.write_bytes(content)
    with pytest.raises(OrposeError, match="not a readable safetensors file"):
        load_lifter(path)


def test_a_truncated_file(tmp_path: Path):
    path = tmp_path / "w.safetensors"
    path.write_bytes(DEFAULT_WEIGHTS.read_bytes()[:100_000])
    with pytest.raises(OrposeError, match="not a readable safetensors file"):
        load_lifter(path)


def test_a_changed_number(tmp_path: Path):
    content = bytearray(DEFAULT_WEIGHTS.read_bytes())
    content[-1000] ^= 1
    path = tmp_path / "w.safetensors"
    path.write_bytes(content)
    with pytest.raises(OrposeError, match="do not match its digest"):
        load_lifter(path)


def test_some_other_networks_file(tmp_path: Path):
    path = tmp_path / "w.safetensors"
    save_file({"x": np.zeros(3, np.float32)}, path)
    with pytest.raises(OrposeError, match="holds no lifter"):
        load_lifter(path)


def test_another_version(tmp_path: Path):
    path = tmp_path / "w.safetensors"
    save_file(load_file(DEFAULT_WEIGHTS), path, {"orpose-lifter": '{"version": "99"}'})
    with pytest.raises(OrposeError, match="is of version '99', this program reads '1'"):
        load_lifter(path)


@pytest.mark.parametrize(
    ("form", "change", "message"),
    [
        ("intrinsics", None, "has no network of the intrinsics form"),
        ("gravity", {"input_mean": np.zeros(5)}, "input_mean is missing or not of length 71"),
        ("gravity", {"output.bias": np.full(48, np.nan)}, "numbers that are not finite"),
        ("gravity", {"blocks.1.0.0.weight": None}, "parameter 'blocks.1.0.0.weight' is missing"),
    ],
)
def test_incomplete_weights(tmp_path: Path, form: str, change: dict | None, message: str):
    weights = _random_weights()
    arrays = {**weights.networks[form], **(change or {})}
    arrays = {name: array for name, array in arrays.items() if array is not None} if change else {}
    save_weights(tmp_path / "w.safetensors", replace(weights, networks={**weights.networks, form: arrays}))
    with pytest.raises(OrposeError, match=message):
        load_lifter(tmp_path / "w.safetensors")
