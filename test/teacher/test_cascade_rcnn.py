import pickle
import sys

import numpy as np
import pytest
import torch

from orpose_models.teacher.cascade_rcnn import (
    CascadeRCNNDetector,
    build_cascade_rcnn,
    load_cascade_rcnn_weights,
    network_input_size,
)
from orpose_models.vocabulary.errors import OrposeError


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((640, 480), (1067, 800)),  # the zoo's rounding
        ((480, 640), (800, 1067)),
        ((1920, 1080), (1333, 750)),  # the long side is limited
        ((500, 500), (800, 800)),
        ((5000, 1), (1333, 1)),
    ],
)
def test_input_size(size, expected):
    assert network_input_size(size, 800, 1333) == expected


def test_without_detectron2_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "detectron2", None)
    with pytest.raises(OrposeError, match="detectron2, which is not installed; install it"):
        CascadeRCNNDetector(None)


@pytest.fixture(scope="module")
def detector(detectron2, one_thread):
    """The network with random weights that are tame enough for numbers to come out, and sees persons everywhere."""
    torch.manual_seed(0)
    detector = CascadeRCNNDetector(None, short_sides=(64,), long_side=1200, score_threshold=0.0)
    network = detector.network
    for name, norm in network.backbone.named_modules():
        if name.endswith("conv3.norm"):
            norm.weight.fill_(0.2)
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if name.endswith("conv2_offset.weight"):
                parameter.normal_(0, 0.01)
        for predictor in network.roi_heads.box_predictor:
            predictor.cls_score.bias[0] += 3
    network.proposal_generator.post_nms_topk = {True: 20, False: 20}
    return detector


def test_size(detector):
    """The paper's 182.5 M."""
    assert sum(parameter.numel() for parameter in detector.network.parameters()) == 182_487_660


def test_persons_come_out_of_a_network_with_deformable_convolution(detector):
    image = np.random.default_rng(0).integers(0, 255, (120, 160, 3), np.uint8)
    boxes, scores = detector.detect(image)
    assert (boxes.shape[1:], boxes.dtype) == ((4,), np.float32)
    assert (scores.shape, scores.dtype) == (boxes.shape[:1], np.float32)
    assert 0 < len(boxes) <= 20
    assert np.all(boxes[:, :2] >= 0)
    assert np.all(boxes[:, 2:] <= (160, 120))
    assert np.all(np.diff(scores) <= 0)
    assert np.all((scores > 0) & (scores < 1))


def test_only_persons_are_reported(detector):
    """A network that is sure of another class everywhere reports nobody."""
    predictors = detector.network.roi_heads.box_predictor
    biases = [predictor.cls_score.bias.detach().clone() for predictor in predictors]
    try:
        with torch.no_grad():
            for predictor in predictors:
                predictor.cls_score.bias[0] -= 100
        boxes, scores = detector.detect(np.full((32, 48, 3), 90, np.uint8))
    finally:
        with torch.no_grad():
            for predictor, bias in zip(predictors, biases, strict=True):
                predictor.cls_score.bias.copy_(bias)
    assert (boxes.shape, boxes.dtype) == ((0, 4), np.float32)
    assert (scores.shape, scores.dtype) == ((0,), np.float32)


@pytest.mark.parametrize(("short_sides", "flip"), [((64,), False), ((48, 64), True)])
def test_views_are_fused_in_the_place_where_the_person_is(detector, monkeypatch, short_sides, flip):
    """A network that answers with the bright area it is shown, its scores falling with the size it is shown at."""
    from detectron2.structures import Boxes, Instances

    shown = []

    def bright_area(inputs):
        (given,) = inputs
        shown.append(tuple(given["image"].shape))
        rows, columns = torch.nonzero(given["image"].mean(0) > 127, as_tuple=True)
        edges = torch.stack([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]).float()
        scale = given["width"] / given["image"].shape[2]
        found = Instances((given["height"], given["width"]))
        found.pred_boxes = Boxes((edges * scale)[None].repeat(2, 1))
        found.scores = torch.tensor([given["image"].shape[1] / 80, 0.9])
        found.pred_classes = torch.tensor([0, 1])  # a person and something else
        return [{"instances": found}]

    monkeypatch.setattr(detector, "network", bright_area)
    monkeypatch.setattr(detector, "short_sides", short_sides)
    monkeypatch.setattr(detector, "flip", flip)
    image = np.zeros((96, 144, 3), np.uint8)
    image[24:72, 12:36] = 255
    boxes, scores = detector.detect(image)
    sizes = [(3, side, side * 3 // 2) for side in short_sides for _ in range(1 + flip)]
    assert shown == sizes
    np.testing.assert_allclose(boxes, [[12, 24, 36, 72]], atol=1.5)
    np.testing.assert_allclose(scores, [np.mean([size[1] / 80 for size in sizes])], atol=1e-6)


def test_compiled_or_not_detectron2_is_left_as_it_was(detector):
    from detectron2.layers import DeformConv
    from detectron2.modeling.backbone import resnet

    assert resnet.DeformConv is DeformConv


def test_zoo_checkpoint_loads(detector, tmp_path):
    """A file as detectron2's zoo has them: pickled arrays, with the anchors and pixel means of older versions."""
    own = detector.network.state_dict()
    arrays = {name: np.full(tensor.shape, index / 1000, np.float16) for index, (name, tensor) in enumerate(own.items())}
    old = {"pixel_mean": np.zeros((3, 1, 1)), "proposal_generator.anchor_generator.cell_anchors.0": np.zeros((3, 4))}
    path = tmp_path / "model_final.pkl"
    with path.open("wb") as file:
        pickle.dump({"model": arrays | old, "__author__": "Detectron2 Model Zoo"}, file)
    network = build_cascade_rcnn()
    load_cascade_rcnn_weights(network, path)
    loaded = network.state_dict()
    assert all(np.array_equal(loaded[name].numpy(), array) for name, array in arrays.items())

    with path.open("wb") as file:
        pickle.dump({"model": {"conv1_w": np.zeros((64, 3, 7, 7))}}, file)
    with pytest.raises(OrposeError, match="these are not weights of this network"):
        load_cascade_rcnn_weights(network, path)
