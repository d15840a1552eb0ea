import pytest
import torch

from orpose_models.lifting.features import LENGTHS
from orpose_models.lifting.lifter_network import LiftingConfig, LiftingNetwork, parameter_count


def test_the_papers_form_has_exactly_its_number_of_parameters():
    # 32 x 1024 + 1024, 4 x (1024^2 + 1024), 5 batch norms of 2 x 1024, 1024 x 48 + 48
    assert parameter_count(LiftingNetwork()) == 4_291_632


@pytest.mark.parametrize(("form", "count"), [("gravity", 1_117_232), ("intrinsics", 1_117_744)])
def test_our_forms_are_configurations_of_the_same_class(form: str, count: int):
    network = LiftingNetwork(LiftingConfig(inputs=LENGTHS[form], hidden=512, dropout=0.1))
    assert parameter_count(network) == count


@pytest.mark.parametrize("n", [0, 1, 3])
def test_output_shape(n: int):
    network = LiftingNetwork(LiftingConfig(hidden=16)).eval()
    assert network(torch.zeros(n, 32)).shape == (n, 48)


def test_dropout_acts_in_training_only():
    network = LiftingNetwork(LiftingConfig(hidden=16))
    x = torch.ones(8, 32)
    assert not torch.equal(network(x), network(x))
    network.eval()
    assert torch.equal(network(x), network(x))
