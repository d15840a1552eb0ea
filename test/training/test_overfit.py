"""The light student learns the labels of a few simulated images by heart, and is measured on the same images.

This is about the machinery, not about how good a student is: labels are the simulation's own, of its val split.
"""

import numpy as np
import pytest
import torch

from orpose_models.datasets.coco import read_simulated
from orpose_models.datasets.truth import VISIBLE
from orpose_models.lab.simulation.split_run import simulate
from orpose_models.training.distributed import Ranks
from orpose_models.training.labels import ImageLabels, LabelSet
from orpose_models.training.measuring import evaluate_student, open_truth
from orpose_models.training.train_config import TrainConfig
from orpose_models.training.trainer import Trainer
from orpose_models.vocabulary.poses import Poses

SEED = 3  # its first scenes all have persons
pytestmark = pytest.mark.usefixtures("one_thread")


def true_labels(split, path, count):
    """The simulation's annotations as labels: visible joints are hard, occluded ones soft with score 0.5."""
    images = []
    truth = read_simulated(split)
    for image in truth.images[:count]:
        persons = image.persons.select(~image.persons.ignore)
        soft = np.where(persons.visibility == VISIBLE, 1.0, 0.5 * (persons.visibility > 0))
        hard = np.where(persons.visibility == VISIBLE, 1.0, 0.0)
        joints = persons.joints3d - persons.joints3d[:, :1]
        both = [
            Poses.from_arrays(
                persons.boxes, np.ones(len(persons)), persons.keypoints, s,
                scores_hard=hard, scores_soft=soft, joints3d=joints,
            )
            for s in (soft, hard)
        ]  # fmt: skip
        images.append(ImageLabels(image.image_id, image.file_name, image.size, *both, camera=image.camera))
    LabelSet(images, [split], {"accept": 0.5, "teacher": "simulation"}).save(path)
    return path


def configuration(labels, split, iterations, images, size):
    width, height = size
    return TrainConfig.check(
        {
            "name": "overfit",
            "model": {"kind": "light", "start": "coco", "settings": {"short_side": height, "long_side": 2 * height}},
            "data": {"sources": [{"labels": str(labels)}], "workers": 0},
            "augmentation": {
                "flip": 0.0,
                "scale": [1.0, 1.0],
                "colour": 0.0,
                "inputs": [{"share": 1, "width": width, "height": height}],
            },
            "optimiser": {"kind": "channel_adam", "learning_rate": 3e-3},
            "schedule": {"kind": "cosine", "iterations": iterations, "warmup": 10},
            "batch": 4,
            "loss_weights": {"offset": 0.2},
            "ema": 0.95,
            "bfloat16": True,
            "evaluation": {"dataset": f"sim:{split}", "every": 10_000, "factors": [1], "images": images},
            "checkpoint_every": 10_000,
        },
        "test",
    )


def overfit(folder, images, iterations, size):
    """Figures on the training images, before and after."""
    simulate(folder, "val", images, SEED, 1)
    split = folder / "val"
    labels = true_labels(split, folder / "labels.json", images)
    config = configuration(labels, split, iterations, images, size)
    run = Trainer(config, folder / "run", Ranks(0, 1, torch.device("cpu")))
    truth = open_truth(config)
    before = evaluate_student(run.result.eval(), truth, (1.0,), folder / "before")
    run.student.train()
    run.run()
    return before, evaluate_student(run.result.eval(), truth, (1.0,), folder / "after")


def test_twelve_images_are_learned_better_than_the_start_knows_them(tmp_path):
    before, after = overfit(tmp_path, 12, 40, (224, 160))
    print(before, after)
    # Places within cells remain the start's, which at this size limits what keypoints can gain.
    assert after["keypoint AP 1x"] > before["keypoint AP 1x"] + 0.05
    assert after["box AP 1x"] > before["box AP 1x"] + 0.2


@pytest.mark.overfit
def test_forty_eight_images_are_learned_by_heart(tmp_path):
    _, after = overfit(tmp_path, 48, 400, (352, 256))
    print(after)
    assert after["keypoint AP 1x"] > 0.9
