"""The size of a network's input, chosen by the model's name."""

from dataclasses import fields

import numpy as np
import pytest

from orpose_models.registry.models import load_model
from orpose_models.student.export import parity_images
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.poses import Poses

pytestmark = pytest.mark.usefixtures("one_thread")


def test_the_size_of_the_network_s_input_is_chosen_by_name(exported_student):
    plain = load_model(str(exported_student), 1)
    image = parity_images()[0]
    side = plain.config.short_side
    for field in fields(Poses):
        same = load_model(f"{exported_student}@{side}", 1).predict(image)
        np.testing.assert_array_equal(getattr(same, field.name), getattr(plain.predict(image), field.name))
    larger = load_model(f"{exported_student}@384", 1)
    assert larger.name == f"{plain.name}@384"
    assert (larger.config.short_side, larger.config.long_side) == (384, 384 * plain.config.long_side // side)
    torch = load_model(f"{exported_student}@384", 1, "torch")
    np.testing.assert_allclose(larger.predict(image).boxes, torch.predict(image).boxes, atol=0.5)
    for name, problem in {
        f"{exported_student}@95": "after the @ comes the network's short side, 96..1024 pixels",
        f"{exported_student}@1025": "96..1024 pixels",
        f"{exported_student}@": "is not known",
        f"{exported_student}@large": "96..1024 pixels",
        "teacher-fast@384": "only a light student's input can be chosen; leave out @384",
        "nonesuch@384": "model 'nonesuch' is not known",
    }.items():
        with pytest.raises(OrposeError, match=problem):
            load_model(name, 1)
