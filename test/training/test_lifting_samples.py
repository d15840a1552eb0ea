import numpy as np
from support.training_rig import SIZE, persons

from orpose_models.lifting.features import LENGTHS
from orpose_models.lifting.runtime import Lifter, load_lifter
from orpose_models.training.labels import ImageLabels
from orpose_models.training.lifting_samples import lifting_of
from orpose_models.vocabulary.cameras import Camera
from orpose_models.vocabulary.poses import Poses

BOXES = [(20, 10, 50, 90), (70, 20, 110, 80)]


def labels(scores=(0.9, 0.8), **kwargs) -> ImageLabels:
    soft, hard = persons(BOXES, scores)
    return ImageLabels(1, "a.png", SIZE, soft, hard, **kwargs)


def test_nobody_and_only_accepted_persons():
    empty = ImageLabels(1, "a.png", SIZE, Poses.empty(), Poses.empty())
    nobody = lifting_of(empty.soft, empty, 0.3, False, np.random.default_rng(0))
    assert nobody.values.shape == (0, LENGTHS[nobody.form])
    assert nobody.target.shape == (0, 17, 3)
    one = labels(scores=(0.9, 0.2))
    assert len(lifting_of(one.soft, one, 0.3, False, np.random.default_rng(0)).target) == 1


def test_lifters_are_given_what_the_projects_lifter_is_given():
    camera = Camera(*SIZE, 110, 110, 64, 48, gravity=(0.0, 0.8, 0.6))
    networks, given = load_lifter().networks, {}

    def noting(form):
        def network(values):
            given[form] = values
            return networks[form](values)

        return network

    lifter = Lifter({form: noting(form) for form in networks}, "")
    one = labels(camera=camera)
    for seed in range(6):  # some with gravity, some without
        lifting = lifting_of(one.soft, one, 0, False, np.random.default_rng(seed))
        lifter.lift(
            one.soft.keypoints,
            one.soft.keypoint_scores,
            camera if lifting.form == "gravity" else camera.with_gravity(None),
        )
        persons = len(one.soft)  # their mirror images follow
        np.testing.assert_allclose(lifting.values, given[lifting.form][:persons], atol=1e-5)
        np.testing.assert_allclose(lifting.target, one.soft.joints3d, atol=1e-6)
    assert set(given) == {"gravity", "intrinsics"}
