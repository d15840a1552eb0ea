"""The student's 2D part against detectron2's own Keypoint R-CNN, with the same random weights."""

import pickle

import pytest
import torch

from orpose_models.model_format.student_config import StudentConfig
from orpose_models.student.detection_losses import box_losses, draw_regions, proposal_losses
from orpose_models.student.detectron2_weights import load_detectron2_weights, rename_detectron2
from orpose_models.student.heads import BOX_CELLS
from orpose_models.student.network import Student
from orpose_models.vocabulary.errors import OrposeError

MAX_PERSONS = 8  # keypoint heads are slow

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def theirs(detectron2):
    from detectron2 import model_zoo
    from detectron2.modeling import build_model

    config = model_zoo.get_config("COCO-Keypoints/keypoint_rcnn_R_50_FPN_3x.yaml")
    config.MODEL.DEVICE = "cpu"
    config.MODEL.WEIGHTS = ""
    torch.manual_seed(0)
    network = build_model(config).eval()
    # Random, but so that activations stay of ordinary size and some proposals look like persons.
    with torch.no_grad():
        for name, module in network.named_modules():
            if name.endswith("norm"):
                module.weight.uniform_(0.1, 0.3) if "conv3" in name else module.weight.uniform_(0.5, 1.0)
                module.bias.uniform_(-0.1, 0.1)
                module.running_mean.uniform_(-0.1, 0.1)
                module.running_var.uniform_(0.5, 1.5)
        for layer, scale in (
            (network.proposal_generator.rpn_head.objectness_logits, 0.05),
            (network.proposal_generator.rpn_head.anchor_deltas, 0.02),
            (network.roi_heads.box_predictor.cls_score, 0.1),
            (network.roi_heads.box_predictor.bbox_pred, 0.1),
        ):
            layer.weight.normal_(0, scale)
            layer.bias.normal_(0, scale)
    network.roi_heads.box_predictor.test_topk_per_image = MAX_PERSONS
    return network


@pytest.fixture(scope="module")
def ours(theirs, tmp_path_factory):
    path = tmp_path_factory.mktemp("zoo") / "model_final.pkl"
    arrays = {name: tensor.numpy() for name, tensor in theirs.state_dict().items()}
    with path.open("wb") as file:
        pickle.dump({"model": arrays, "__author__": "Detectron2 Model Zoo"}, file)
    student = Student(StudentConfig(max_persons=MAX_PERSONS)).eval()
    load_detectron2_weights(student, path)
    return student


@pytest.fixture(scope="module")
def images():
    """Two images of different sizes, so that one of them is padded."""
    generator = torch.Generator().manual_seed(1)
    return [torch.randint(0, 256, shape, generator=generator).float() for shape in ((3, 150, 200), (3, 128, 170))]


@pytest.fixture(scope="module")
def features(theirs, ours, images):
    with torch.inference_mode():
        batch = theirs.preprocess_image([{"image": image} for image in images])
        return batch, theirs.backbone(batch.tensor), ours.features(images)


def test_feature_maps_are_equal(features):
    _, expected, maps = features
    assert len(maps) == len(expected) == 5
    for one, other in zip(maps, expected.values(), strict=True):
        assert float(other.abs().max()) > 0.1
        torch.testing.assert_close(one, other, atol=1e-4, rtol=1e-5)


def test_proposals_are_equal(theirs, ours, features):
    batch, expected_maps, maps = features
    with torch.inference_mode():
        raw = ours.proposals(maps)
        anchors = theirs.proposal_generator.anchor_generator(list(expected_maps.values()))
        logits, deltas = theirs.proposal_generator.rpn_head(list(expected_maps.values()))
        proposals = ours.proposals.select(raw, [(200, 150), (170, 128)])
        expected, _ = theirs.proposal_generator(batch, expected_maps, None)
    for level, anchor in enumerate(anchors):
        torch.testing.assert_close(raw.anchors[level], anchor.tensor, atol=1e-5, rtol=1e-6)
        torch.testing.assert_close(
            raw.logits[level], logits[level].permute(0, 2, 3, 1).flatten(1), atol=1e-5, rtol=1e-5
        )
        assert raw.deltas[level].shape[1] == deltas[level].shape[1] // 4 * logits[level][0, 0].numel()
    for one, other in zip(proposals, expected, strict=True):
        assert len(other) > 100
        # Boxes whose scores differ by rounding alone may stand in another order, and where two overlap by just as much
        # as is allowed, rounding decides, on each processor otherwise.
        apart = torch.cdist(one, other.proposal_boxes.tensor, p=float("inf"))
        assert abs(len(one) - len(other)) <= 0.005 * len(other)
        for nearest in (apart.min(dim=0).values, apart.min(dim=1).values):
            assert (nearest < 2e-3).float().mean() >= 0.995


def test_persons_are_equal(theirs, ours, images, features):
    """Final boxes and scores, and both branches' heatmaps of them."""
    batch, expected_maps, maps = features
    sizes = [(image.shape[2], image.shape[1]) for image in images]
    with torch.inference_mode():
        expected, _ = theirs.roi_heads(
            batch, expected_maps, theirs.proposal_generator(batch, expected_maps, None)[0], None
        )
        found = ours.find_boxes(maps, sizes)
        heatmaps = ours.heatmaps(maps, [boxes for boxes, _ in found])
        pooled = theirs.roi_heads.keypoint_pooler(list(expected_maps.values())[:4], [p.pred_boxes for p in expected])
        expected_heatmaps = theirs.roi_heads.keypoint_head.layers(pooled)
    for (boxes, scores), persons in zip(found, expected, strict=True):
        assert len(persons) == MAX_PERSONS
        torch.testing.assert_close(boxes, persons.pred_boxes.tensor, atol=1e-3, rtol=1e-5)
        torch.testing.assert_close(scores, persons.scores, atol=1e-5, rtol=1e-5)
    for branch in ("soft", "hard"):
        torch.testing.assert_close(heatmaps[branch], expected_heatmaps, atol=1e-3, rtol=1e-4)


def test_detection_losses_are_equal(theirs, ours, features):
    """With so many samples asked for that all are drawn, chance has no part in it. The second image has nobody."""
    from detectron2.structures import Boxes, Instances
    from detectron2.utils.events import EventStorage

    batch, expected_maps, maps = features
    maps, everything = [level.clone() for level in maps], 100_000
    persons = [torch.tensor([[20.0, 10, 80, 140], [90, 30, 150, 149], [100, 20, 130, 60]]), torch.zeros(0, 4)]
    truth = [Instances(size) for size in batch.image_sizes]
    for instances, boxes in zip(truth, persons, strict=True):
        instances.gt_boxes = Boxes(boxes)
        instances.gt_classes = torch.zeros(len(boxes), dtype=torch.int64)
    generator, heads = theirs.proposal_generator, theirs.roi_heads
    generator.batch_size_per_image = heads.batch_size_per_image = everything
    with torch.no_grad(), EventStorage():
        images = [level.clone() for level in expected_maps.values()]
        logits, deltas = generator.rpn_head(images)
        anchors = generator.anchor_generator(images)
        flat_logits = [level.permute(0, 2, 3, 1).flatten(1) for level in logits]
        flat_deltas = [level.view(2, -1, 4, *level.shape[2:]).permute(0, 3, 4, 1, 2).flatten(1, -2) for level in deltas]
        labels, boxes = generator.label_and_sample_anchors(anchors, truth)
        expected = generator.losses(anchors, flat_logits, labels, flat_deltas, boxes)
        proposals = generator.predict_proposals(anchors, flat_logits, flat_deltas, batch.image_sizes)
        sampled = heads.label_and_sample_proposals(proposals, truth)
        pooled = heads.box_pooler(images[:4], [region.proposal_boxes for region in sampled])
        expected |= heads.box_predictor.losses(heads.box_predictor(heads.box_head(pooled)), sampled)

        raw = ours.proposals(maps)
        losses = proposal_losses(raw, persons, samples=everything)
        regions = draw_regions(ours.proposals.select(raw, [(200, 150), (170, 128)]), persons, samples=everything)
        answers = ours.box_head(ours.pool(maps, [region.boxes for region in regions], BOX_CELLS))
        losses |= box_losses(*answers, regions, persons)
    assert sum(int((region.person >= 0).sum()) for region in regions) > 10
    found = {name: float(loss) for name, loss in losses.items()}
    assert found.keys() == {"loss_proposal", "loss_proposal_box", "loss_class", "loss_box"}
    assert found["loss_proposal"] == pytest.approx(float(expected["loss_rpn_cls"]), rel=1e-4)
    assert found["loss_proposal_box"] == pytest.approx(float(expected["loss_rpn_loc"]), rel=1e-4)
    # Of a thousand proposals rounding leaves out another one here and there.
    assert found["loss_class"] == pytest.approx(float(expected["loss_cls"]), rel=2e-3)
    assert found["loss_box"] == pytest.approx(float(expected["loss_box_reg"]), rel=2e-3)


def test_every_parameter_but_the_lifters_is_loaded(theirs, ours):
    renamed = rename_detectron2(theirs.state_dict(), "test")
    own = ours.state_dict()
    assert {name for name in own if not name.startswith("lifters.")} == set(renamed)
    assert sum(parameter.numel() for parameter in theirs.parameters()) == 59_133_158


def test_another_network_is_refused(tmp_path):
    torch.save({"model": {"backbone.bottom_up.stem.conv9.weight": torch.zeros(1)}}, tmp_path / "other.pth")
    with pytest.raises(OrposeError, match=r"stem\.conv9\.weight is not a parameter of detectron2's Keypoint R-CNN"):
        load_detectron2_weights(Student(), tmp_path / "other.pth")
    torch.save({"roi_heads.box_head.fc1.bias": torch.zeros(1024)}, tmp_path / "part.pth")
    with pytest.raises(OrposeError, match="parameters missing"):
        load_detectron2_weights(Student(), tmp_path / "part.pth")
