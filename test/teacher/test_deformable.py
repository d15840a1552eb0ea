import pytest
import torch

from orpose_models.teacher.deformable import DeformConv


def layer(**others):
    torch.manual_seed(0)
    return DeformConv(8, 16, kernel_size=3, padding=1, **others)


def test_no_image():
    assert layer()(torch.zeros(0, 8, 5, 6), torch.zeros(0, 18, 5, 6)).shape == (0, 16, 5, 6)


def test_bias_is_refused():
    with pytest.raises(ValueError, match="no bias"):
        layer(bias=True)


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("groups", [1, 4])
def test_without_offsets_it_is_a_convolution(stride, groups):
    conv = layer(stride=stride, groups=groups)
    x = torch.randn(2, 8, 10, 12)
    expected = torch.nn.functional.conv2d(x, conv.weight, stride=stride, padding=1, groups=groups)
    torch.testing.assert_close(conv(x, torch.zeros(2, 18, *expected.shape[2:])), expected, atol=1e-5, rtol=1e-5)
    assert [name for name, _ in conv.named_parameters()] == ["weight"]
    assert conv.weight.shape == (16, 8 // groups, 3, 3)


def test_offsets_are_pairs_of_y_and_x():
    conv = layer()
    x = torch.randn(1, 8, 10, 12)
    offset = torch.zeros(1, 9, 2, 10, 12)
    offset[:, :, 0], offset[:, :, 1] = 2, -1  # samples two rows below, one column left
    moved = torch.zeros_like(x)
    moved[:, :, :-2, 1:] = x[:, :, 2:, :-1]
    expected = torch.nn.functional.conv2d(moved, conv.weight, padding=1)
    inner = (..., slice(2, -4), slice(2, -2))
    torch.testing.assert_close(conv(x, offset.flatten(1, 2))[inner], expected[inner], atol=1e-5, rtol=1e-5)


def test_norm_and_activation_follow():
    norm = torch.nn.BatchNorm2d(16).eval()
    torch.nn.init.constant_(norm.bias, -0.5)
    plain, full = layer(), layer(norm=norm, activation=torch.relu)
    x, offset = torch.randn(1, 8, 4, 4), torch.randn(1, 18, 4, 4)
    torch.testing.assert_close(full(x, offset), torch.relu(norm(plain(x, offset))))
