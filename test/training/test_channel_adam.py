from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from torch import nn

from orpose_models.model_format.student_config import OneStageConfig
from orpose_models.student.one_stage import OneStageStudent
from orpose_models.teacher.packaged import packaged_graph
from orpose_models.training.channel_adam import ChannelAdam, channel_scales

pytestmark = pytest.mark.usefixtures("one_thread")

ROOT = Path(__file__).parents[2]
RATE = 0.01


def network(fold=1.0):
    """Two layers; with `fold` the first is as much larger as the second is smaller, and both together the same."""
    torch.manual_seed(0)
    layers = nn.Sequential(nn.Conv2d(3, 4, 1), nn.ReLU(), nn.Conv2d(4, 2, 1, bias=False))
    with torch.no_grad():
        for parameter in layers[0].parameters():
            parameter.mul_(fold)
        layers[2].weight.div_(fold)
    return layers


def train(layers, steps, optimiser=None):
    optimiser = optimiser or ChannelAdam([{"modules": [layers[0], layers[2]]}], RATE)
    for step in range(steps):
        x = torch.rand(2, 3, 4, 4, generator=torch.Generator().manual_seed(step))
        optimiser.zero_grad()
        (layers(x) - x[:, :2]).square().mean().backward()
        optimiser.step()
    return optimiser


def test_without_gradients_nothing_moves():
    layers = network()
    before = [p.clone() for p in layers.parameters()]
    ChannelAdam([{"modules": [layers[0]]}], RATE).step()
    assert all(torch.equal(a, b) for a, b in zip(before, layers.parameters(), strict=True))


def test_a_first_step_is_the_rate_times_the_channels_size():
    layers = network()
    weight = layers[0].weight.detach().clone()
    train(layers, 1)
    sizes = weight.flatten(1).square().mean(dim=1).sqrt()
    moved = (layers[0].weight.detach() - weight).abs().flatten(1)
    learned = layers[0].weight.grad.flatten(1) != 0
    torch.testing.assert_close(moved[learned], (RATE * sizes)[:, None].expand(-1, 3)[learned])


def test_biases_count_at_least_as_a_part_of_what_their_weights_add_up_to():
    layer = nn.Linear(4, 2)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[1.0] * 4, [0.0] * 4]))
        layer.bias.copy_(torch.tensor([0.1, -5.0]))
    (_, weight), (_, bias) = channel_scales(layer)
    torch.testing.assert_close(weight, torch.tensor([[1.0], [1e-9]]))
    torch.testing.assert_close(bias, torch.tensor([0.6, 5.0]))
    layer.bias.requires_grad_(False)
    assert len(channel_scales(layer)) == 1


@pytest.mark.parametrize("fold", [1e-4, 2.0**10])
def test_how_a_norm_was_folded_does_not_matter(fold):
    plain, folded = network(), network(fold)
    train(plain, 20)
    train(folded, 20)
    x = torch.rand(2, 3, 4, 4, generator=torch.Generator().manual_seed(99))
    torch.testing.assert_close(folded(x), plain(x), rtol=1e-3, atol=1e-4)


def test_a_continued_training_is_the_same_bit_by_bit():
    whole, parts = network(), network()
    train(whole, 6)
    state = train(parts, 3).state_dict()
    optimiser = ChannelAdam([{"modules": [parts[0], parts[2]]}], RATE)  # scales of now are not those of the beginning
    optimiser.load_state_dict(state)
    whole, rest = network(), parts
    first = train(whole, 3)
    train(whole, 3, first)
    train(rest, 3, optimiser)
    assert all(torch.equal(a, b) for a, b in zip(whole.parameters(), rest.parameters(), strict=True))


@pytest.fixture(scope="module")
def people():
    image = cv2.resize(cv2.imread(str(ROOT / "docs/images/surveillance.jpg")), (160, 128))
    return torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1)))[None]


def movenet():
    student = OneStageStudent(OneStageConfig(lifter_hidden=8))
    student.load_start(packaged_graph("movenet-multipose"))
    return student


def change(kind, people):
    """Of each convolution's channels, in the median, after ten steps; and of the centres that the network sees."""
    start, student = movenet().eval(), movenet()
    layers = {name: m for name, m in student.named_modules() if isinstance(m, nn.Conv2d)}
    if kind == "channel_adam":
        optimiser = ChannelAdam([{"modules": list(layers.values())}], 2e-4)
    else:
        optimiser = torch.optim.AdamW([p for m in layers.values() for p in m.parameters()], 2e-4)
    image = student.normalise(people)
    blurred = nn.functional.avg_pool2d(image, 5, 1, 2)
    with torch.no_grad():
        before = start(image)
    for _ in range(10):
        optimiser.zero_grad()
        maps = student(blurred)
        loss = (maps.centre - before.centre).square().mean() + (maps.regression - before.regression).abs().mean()
        loss.backward()
        optimiser.step()
    relative = {}
    for name, layer in start.named_modules():
        if isinstance(layer, nn.Conv2d):
            old, new = layer.weight.detach().flatten(1), layers[name].weight.detach().flatten(1)
            relative[name] = float(((new - old).norm(dim=1) / old.norm(dim=1).clamp(min=1e-9)).median())
    with torch.no_grad():
        after = student(image)
    return relative, float((after.centre.sigmoid() - before.centre.sigmoid()).abs().max())


def test_no_layer_of_the_start_network_is_replaced(people):
    """Adam's equal steps change one layer of the pyramid by its whole size, which is why this optimiser is used."""
    gentle, apart = change("channel_adam", people)
    assert max(gentle.values()) <= 0.0025  # at most the rate a step
    assert apart < 0.1
    harsh, _ = change("adamw", people)
    assert max(harsh.values()) > 1
