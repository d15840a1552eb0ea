from pathlib import Path

import pytest
import yaml

from orpose_models.model_format.student_config import PAPER, OneStageConfig
from orpose_models.training.optimising import schedule_factor
from orpose_models.training.train_config import TrainConfig
from orpose_models.vocabulary.errors import OrposeError

CONFIGS = Path(__file__).parents[2] / "config" / "train"
SCALES = ["all", "fixed_1x", "fixed_8x", "fixed_10x", "fixed_12x"]


@pytest.mark.parametrize("scale", SCALES)
def test_the_papers_configurations(scale):
    config = TrainConfig.read(CONFIGS / "paper" / f"ORPose_{scale}.yaml")
    rate, length, steps = {
        "all": (1e-1, 20_000, (14_000, 16_000, 18_000)),
        "fixed_1x": (1e-3, 5_000, (2_000, 3_000, 4_000)),
    }.get(scale, (1e-2, 10_000, (7_000, 8_000, 9_000)))
    assert config.name == f"ORPose_{scale}"
    assert config.model.student_config() == PAPER
    assert (config.optimiser.kind, config.optimiser.learning_rate, config.batch) == ("sgd", rate, 32)
    assert (config.schedule.iterations, config.schedule.milestones) == (length, steps)
    factors = [schedule_factor(config.schedule, i) for i in (steps[0] - 1, steps[0], steps[1], steps[2])]
    assert factors == pytest.approx([1, 0.1, 0.01, 0.001])


@pytest.mark.parametrize("scale", SCALES)
def test_the_light_configurations_are_equally_long(scale):
    config = TrainConfig.read(CONFIGS / "light" / f"ORPose_{scale}.yaml")
    assert config.name == f"ORPose_{scale}-light"
    assert config.model.student_config() == OneStageConfig()
    reference = TrainConfig.read(CONFIGS / "light" / "ORPose_all.yaml")
    same = {"name", "augmentation"}
    assert config.model_dump(exclude=same) == reference.model_dump(exclude=same)
    kinds = config.augmentation.downsampling
    if scale == "all":
        assert [(k.share, k.low, k.high) for k in kinds] == [(0.3, 1, 1), (0.35, 2, 8), (0.35, 8, 12)]
    else:
        assert [(k.share, k.low, k.high) for k in kinds] == [(1, float(scale[6:-1]), float(scale[6:-1]))]


def test_the_student_without_an_operating_room_is_trained_as_the_one_at_full_size():
    config = TrainConfig.read(CONFIGS / "light" / "unadapted.yaml")
    assert config.name == "unadapted-light"
    reference = TrainConfig.read(CONFIGS / "light" / "ORPose_fixed_1x.yaml")
    assert config.model_dump(exclude={"name"}) == reference.model_dump(exclude={"name"})


def test_single_values_can_be_replaced():
    path = CONFIGS / "light" / "ORPose_all.yaml"
    changes = ("schedule.iterations=7", "model.settings.branches=[both]", "ema=null", "data.accept=0.5")
    config = TrainConfig.read(path, changes)
    assert config.schedule.iterations == 7
    assert config.model.student_config().branches == ("both",)
    assert config.sets() == ("soft", "hard")
    assert TrainConfig.read(path, ("model.settings.branches=[hard]",)).sets() == ("hard",)
    assert config.ema is None
    assert config.data.accept == 0.5


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("nothing=1", "--set nothing=1: nothing: there is no such setting or key"),
        ("optimiser.learning_rate=-1", r"optimiser\.learning_rate"),
        ("augmentation.downsampling=[{share: 0.5}]", "shares of downsampling do not sum to 1"),
        ("augmentation.downsampling=[{share: 1, low: 9, high: 3}]", "low is above high"),
        ("augmentation.downsampling=[{share: 1, low: 9, high: 13}]", "less than or equal to 12"),
        ("augmentation.inputs=[{share: 0.5, width: 64, height: 64}]", "shares of inputs do not sum to 1"),
        ("augmentation.inputs=[{share: 1, width: 65, height: 64}]", "multiple of 32"),
        (
            "augmentation.inputs=[{share: 1, width: 64, height: 64, downsampling: [{share: 0.5}]}]",
            r"shares of inputs\.downsampling do not sum to 1",
        ),
        ("augmentation.background=0.95", "more than all images"),
        ("model.settings.size=3", "no setting size"),
        ("model.settings.box_nms=0.5", "no setting box_nms"),
        ("model.settings.lifter_hidden=0", "lifter_hidden must be above 0"),
        ("model.settings.branches=[left]", "branches must be"),
        ("data.sources=[{share: 1}]", "either labels or person_free"),
        ("name=a/b", "name"),
        ("batch", "expected NAME=VALUE"),
        ("batch.size=3", "expected NAME=VALUE"),
        ("batch=[", "no YAML value"),
    ],
)
def test_mistakes_are_named(change, message):
    with pytest.raises(OrposeError, match=message):
        TrainConfig.read(CONFIGS / "light" / "ORPose_all.yaml", (change,))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("fpn_channels=0", "fpn_channels must be above 0, got 0"),
        ("proposals_after_nms=[0, 0]", "proposals_after_nms must be above 0"),
        ("aspect_ratios=[]", "aspect_ratios must have one at least"),
        ("box_nms=1.5", "box_nms must be in 0..1"),
    ],
)
def test_mistakes_in_the_papers_network_are_named(change, message):
    with pytest.raises(OrposeError, match=message):
        TrainConfig.read(CONFIGS / "paper" / "ORPose_all.yaml", (f"model.settings.{change}",))


def test_the_shipped_student_sees_real_pictures_in_at_least_half_of_every_batch_and_is_measured_with_others():
    config = TrainConfig.read(CONFIGS / "light" / "orpose-all-light.yaml")
    shares = {True: 0.0, False: 0.0}
    for source in config.data.sources:
        shares[source.labels is not None and "real" in source.labels.parts] += source.share
    assert int(shares[True] * config.batch / sum(shares.values())) * 2 >= config.batch
    assert config.optimiser.kind == "channel_adam"
    assert config.data.held_back
    assert config.evaluation.dataset == "held_back"
    assert config.evaluation.shares


def test_files_that_are_no_configuration(tmp_path):
    path = tmp_path / "config.yaml"
    with pytest.raises(OrposeError, match="no such file"):
        TrainConfig.read(path)
    path.write_text("a: [")
    with pytest.raises(OrposeError, match="not a YAML file"):
        TrainConfig.read(path)
    path.write_text("")
    with pytest.raises(OrposeError, match="expected settings"):
        TrainConfig.read(path)
    path.write_text(yaml.safe_dump({"name": "x"}))
    with pytest.raises(OrposeError, match="model: Field required"):
        TrainConfig.read(path)


def test_the_learning_rate_rises_and_falls():
    schedule = TrainConfig.read(CONFIGS / "light" / "ORPose_all.yaml").schedule
    assert schedule_factor(schedule, 0) == pytest.approx(0.001)
    assert schedule_factor(schedule, 25) == pytest.approx(0.5005, abs=1e-3)
    assert schedule_factor(schedule, 7500) == pytest.approx(0.51)
    assert schedule_factor(schedule, 15000) == pytest.approx(0.02)
