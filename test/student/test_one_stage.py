import numpy as np
import pytest
import torch
from torch.nn import functional as F

from orpose_models.lifting.runtime import LIGHT_WEIGHTS, load_lifter
from orpose_models.model_format.student_config import OneStageConfig
from orpose_models.student.graphs import NetworkPart
from orpose_models.student.one_stage import OneStageStudent
from orpose_models.student.weights import load_student, load_trained_lifter, save_student
from orpose_models.teacher.multipose import MultiPose
from orpose_models.teacher.packaged import packaged_graph
from orpose_models.vocabulary.cameras import Camera
from orpose_models.vocabulary.errors import OrposeError

pytestmark = pytest.mark.usefixtures("one_thread")

BRANCHES = ("soft", "hard")


def test_maps_have_a_cell_for_four_pixels_in_images_of_any_size():
    student = OneStageStudent(OneStageConfig(lifter_hidden=8)).eval()
    for n, height, width in ((0, 64, 32), (1, 32, 96), (2, 160, 224)):
        with torch.no_grad():
            maps = student(torch.zeros(n, 3, height, width))
        cells = (height // 4, width // 4)
        assert maps.centre.shape == (n, 1, *cells)
        assert maps.box_sizes.shape == maps.box_offsets.shape == (n, 2, *cells)
        assert maps.regression.shape == (n, 34, *cells)
        for values, channels in ((maps.heatmaps, 17), (maps.offsets, 34)):
            assert {name: tuple(v.shape) for name, v in values.items()} == dict.fromkeys(
                BRANCHES, (n, channels, *cells)
            )


def test_it_has_less_than_6_million_parameters():
    assert sum(p.numel() for p in OneStageStudent().parameters()) == 5_920_021


def test_images_of_few_pixels_have_layers_of_their_own_that_start_as_the_others():
    student = OneStageStudent(OneStageConfig(small_limit=96)).eval()
    assert sum(p.numel() for p in student.parameters()) == 6_566_986
    student.load_start(packaged_graph("movenet-multipose"))
    images = torch.rand(2, 3, 64, 96, generator=torch.Generator().manual_seed(0)) * 2 - 1
    with torch.no_grad():
        usual, small = student(images), student(images, small=True)
        torch.testing.assert_close(small, usual, atol=0, rtol=0)
        student.small.body.merges[2].lateral.bias += 1
        torch.testing.assert_close(student(images), usual, atol=0, rtol=0)
        assert not torch.equal(student(images, small=True).centre, usual.centre)


def test_the_layers_for_images_of_few_pixels_can_be_trained_alone():
    student = OneStageStudent(OneStageConfig(lifter_hidden=8, small_limit=96)).train()
    student.train_small_alone()
    student(torch.zeros(1, 3, 64, 64), small=True).centre.sum().backward()
    learned = {name for name, parameter in student.named_parameters() if parameter.grad is not None}
    assert {"small.body.stem.weight", "small.heads.centre.output.bias"} < learned
    assert {name.split(".")[0] for name in learned} == {"small"}


def test_pixels_are_normalised_to_minus_1_to_1():
    images = torch.tensor([0, 255], dtype=torch.uint8).reshape(2, 1, 1, 1).expand(2, 3, 1, 1)
    normalised = OneStageStudent(OneStageConfig(lifter_hidden=8)).normalise(images)
    torch.testing.assert_close(normalised[:, 0, 0, 0], torch.tensor([-1.0, 1.0]), atol=1e-4, rtol=0)


@pytest.mark.parametrize("size", [(256, 256), (160, 224)])
def test_it_computes_what_the_original_graph_does(size):
    graph = packaged_graph("movenet-multipose")
    coarse = torch.rand(1, 3, 12, 16, generator=torch.Generator().manual_seed(0)) * 255
    image = F.interpolate(coarse, size, mode="bicubic").clamp(0, 255)
    expected = MultiPose(graph, threads=1).maps(image.flip(1).numpy())
    student = OneStageStudent(OneStageConfig(lifter_hidden=8)).eval()
    student.load_start(graph)
    with torch.no_grad():
        maps = student(student.normalise(image))
    found = {
        "centre": [maps.centre.sigmoid()],
        "box_sides": [maps.box_sizes],
        "box_offset": [maps.box_offsets],
        "regression": [maps.regression],
        "heatmaps": [values.sigmoid() for values in maps.heatmaps.values()],
        "offsets": list(maps.offsets.values()),
    }
    assert found.keys() == expected.keys()
    for name, each in found.items():
        assert np.abs(expected[name]).max() > 0.01
        for values in each:
            np.testing.assert_allclose(values.numpy(), expected[name], atol=1e-3, rtol=1e-5, err_msg=name)


def test_its_lifters_start_as_the_trained_one():
    student = OneStageStudent()
    load_trained_lifter(student)
    rng = np.random.default_rng(0)
    keypoints = rng.uniform(100, 300, (5, 17, 2)).astype(np.float32)
    scores = rng.uniform(0, 1, (5, 17)).astype(np.float32)
    scores[4] = 0
    level = Camera.from_fov(640, 480)
    for camera in (level, level.with_gravity([0.1, 0.9, 0.3])):
        expected = load_lifter(LIGHT_WEIGHTS).lift(keypoints, scores, camera)
        assert np.isnan(expected[4]).all()
        for lifter in student.lifters.values():
            lifted = lifter.lift(torch.from_numpy(keypoints), torch.from_numpy(scores), camera)
            np.testing.assert_allclose(lifted.numpy(), expected, atol=1e-5)


def test_lifters_of_another_width_cannot_start_as_the_trained_one():
    with pytest.raises(OrposeError, match="lifter_hidden is 300, but the trained lifter is 512 wide"):
        load_trained_lifter(OneStageStudent(OneStageConfig(lifter_hidden=300)))


def test_frozen_stages_get_no_gradient():
    student = OneStageStudent(OneStageConfig(lifter_hidden=8))
    student.freeze(4)
    student(torch.zeros(1, 3, 32, 32)).centre.sum().backward()
    body = student.body
    assert all(p.grad is None for part in (body.stem, *body.blocks[:3]) for p in part.parameters())
    assert body.blocks[3].project.weight.grad is not None


def test_weights_of_another_network_are_refused():
    with pytest.raises(OrposeError, match="not MoveNet MultiPose's"):
        OneStageStudent(OneStageConfig(lifter_hidden=8)).load_start(packaged_graph("centernet"))


def test_a_saved_student_is_read_again(tmp_path):
    student = OneStageStudent(OneStageConfig(branches=("both",), lifter_hidden=8)).eval()
    save_student(tmp_path / "s.safetensors", student, {"name": "mine"})
    loaded, info = load_student(tmp_path / "s.safetensors")
    assert (loaded.config, info) == (student.config, {"name": "mine"})
    image = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0)) * 2 - 1
    with torch.no_grad():
        assert torch.equal(loaded(image).heatmaps["both"], student(image).heatmaps["both"])


def test_what_is_asked_for_at_the_peaks_alone_is_what_the_maps_say_there():
    torch.manual_seed(0)
    student = OneStageStudent(OneStageConfig(max_persons=8 * 8)).eval()  # every cell, those at the edges, too
    images = torch.randint(0, 255, (2, 32, 32, 3), dtype=torch.uint8)
    with torch.inference_mode():
        maps = student(student.normalise(images.permute(0, 3, 1, 2).float()))
        _, cells, boxes, regression, _, _ = NetworkPart(student)(images)
    assert cells.sort().values.tolist() == [list(range(8 * 8))] * 2
    rows, columns = cells // 8, cells % 8
    image = torch.arange(2)[:, None]
    for found, said in ((boxes, (maps.box_sizes, maps.box_offsets)), (regression, (maps.regression,))):
        expected = torch.cat(said, dim=1)[image, :, rows, columns]
        torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-6)
