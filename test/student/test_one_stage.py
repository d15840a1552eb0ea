import pytest
import torch

from orpose_models.model_format.student_config import OneStageConfig
from orpose_models.student.one_stage import OneStageStudent
from orpose_models.student.weights import load_student, save_student
from orpose_models.teacher.packaged import packaged_graph
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


def test_pixels_are_normalised_to_minus_1_to_1():
    images = torch.tensor([0, 255], dtype=torch.uint8).reshape(2, 1, 1, 1).expand(2, 3, 1, 1)
    normalised = OneStageStudent(OneStageConfig(lifter_hidden=8)).normalise(images)
    torch.testing.assert_close(normalised[:, 0, 0, 0], torch.tensor([-1.0, 1.0]), atol=1e-4, rtol=0)


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


def test_a_config_of_unknown_branches_is_refused():
    with pytest.raises(ValueError, match="branches must be"):
        OneStageConfig(branches=("hard", "soft"))
    with pytest.raises(ValueError, match="lifter_hidden must be above 0"):
        OneStageConfig(lifter_hidden=0)
