import pytest
import torch
from torch import nn

from orpose_models.training.averaging import between
from orpose_models.training.selection import Selection, grade


def network(value):
    layer = nn.Linear(1, 1)
    nn.init.constant_(layer.weight, value)
    nn.init.constant_(layer.bias, 0)
    layer.register_buffer("steps", torch.tensor(int(value)))
    return layer


def ap(low, high=None):
    return {"keypoint AP 1x": low, "keypoint AP 12x": low if high is None else high, "box AP 1x": 90.0}


def test_what_was_not_measured_has_no_grade():
    assert grade({}) == 0
    assert grade(ap(20, 40)) == 30


def test_weights_between_two():
    start, end = network(0).state_dict(), network(10).state_dict()
    assert float(between(start, end, 0.25)["weight"]) == 2.5
    assert int(between(start, end, 0.25)["steps"]) == 10


def test_the_best_that_was_measured_and_the_best_share_of_its_way_are_chosen():
    selection = Selection(network(0).state_dict(), (1.0, 0.5, 0.2))
    moving = network(4)
    selection.consider(ap(20), 100, moving)
    selection.consider(ap(30), 200, network(8))
    selection.consider(ap(30), 300, network(9))  # no better
    nn.init.constant_(moving.weight, 99)
    measured = {}

    def measure(one, name):
        measured[name] = float(one.weight.detach())
        return ap(10 - abs(measured[name] - 4))

    result = network(1)
    told = selection.choose(result, measure)
    assert measured == pytest.approx({"share-1": 8, "share-0.5": 4, "share-0.2": 1.6})
    assert float(result.weight.detach()) == 4
    assert (told["iteration"], told["share_of_the_way"]) == (200, 0.5)
    assert told["mean_keypoint_ap_of_shares"] == pytest.approx({"1": 6, "0.5": 10, "0.2": 7.6})


def test_a_continued_run_knows_the_best():
    selection = Selection(network(0).state_dict(), (1.0,))
    selection.consider(ap(30), 200, network(8))
    other = Selection(network(5).state_dict(), (1.0,))
    other.load_state_dict(selection.state_dict())
    other.consider(ap(29), 300, network(9))
    result = network(1)
    assert other.choose(result, lambda one, name: ap(1))["iteration"] == 200
    assert float(result.weight.detach()) == 8
    assert float(other.start["weight"]) == 0
