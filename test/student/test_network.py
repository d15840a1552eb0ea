import pytest
import torch

from orpose_models.lifting.lifter_network import parameter_count
from orpose_models.model_format.student_config import StudentConfig
from orpose_models.student.boxes import BOX_WEIGHTS, decode_boxes, encode_boxes, grid_anchors, pool_regions
from orpose_models.student.lifters import PixelLifter
from orpose_models.student.network import Student

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def student():
    torch.manual_seed(0)
    student = Student(StudentConfig(max_persons=4)).eval()
    with torch.no_grad():
        # Random weights whose activations stay of ordinary size, and that see persons.
        for name, module in student.backbone.body.named_modules():
            if name.endswith("bn3"):
                module.weight.fill_(0.2)
        student.box_head.cls_score.bias[0] += 1
    return student


def test_size_is_the_papers(student):
    assert parameter_count(student) == 67_855_703


def test_persons_of_several_images(student):
    generator = torch.Generator().manual_seed(0)
    images = [torch.rand(shape, generator=generator) * 255 for shape in ((3, 60, 90), (3, 96, 64))]
    found = student.predict(images)
    assert len(found) == 2
    for persons, image in zip(found, images, strict=True):
        n = len(persons.boxes)
        assert 0 < n <= 4
        assert [tuple(values.shape) for values in persons] == [
            (n, 4),
            (n,),
            (n, 17, 2),
            (n, 17),
            (n, 17),
            (n, 17),
            (n, 17, 3),
        ]
        assert all(torch.isfinite(values).all() for values in persons)
        assert torch.all(persons.boxes >= 0)
        assert torch.all(persons.boxes[:, 2:] <= torch.tensor([image.shape[2], image.shape[1]]))
        assert torch.all(persons.joints3d[:, 0] == 0)


def test_nobody(student):
    bias = student.box_head.cls_score.bias
    try:
        with torch.no_grad():
            bias[0] -= 100
        (persons,) = student.predict([torch.zeros(3, 64, 64)])
    finally:
        with torch.no_grad():
            bias[0] += 100
    assert persons.boxes.shape == (0, 4)
    assert persons.keypoints.shape == (0, 17, 2)
    assert persons.joints3d.shape == (0, 17, 3)


def test_3d_is_the_mean_of_the_lifters_each_given_its_own_branch(student, monkeypatch):
    calls = {}

    def lifter(branch, value):
        def answer(keypoints):
            calls[branch] = keypoints
            return torch.full((len(keypoints), 17, 3), value)

        return answer

    monkeypatch.setattr(student.lifters["soft"], "forward", lifter("soft", 1.0))
    monkeypatch.setattr(student.lifters["hard"], "forward", lifter("hard", 2.0))
    (persons,) = student.predict([torch.rand(3, 64, 96, generator=torch.Generator().manual_seed(3)) * 255])
    assert len(persons.boxes) > 0
    assert torch.all(persons.joints3d == 1.5)
    assert not torch.equal(calls["soft"], calls["hard"])


def test_anchors_stand_at_the_stride_and_are_not_rounded():
    anchors = grid_anchors(2, 3, 64, 32, (0.5, 1.0))
    assert anchors.shape == (12, 4)
    w, h = 32 * 2**0.5, 32 / 2**0.5
    torch.testing.assert_close(anchors[0], torch.tensor([-w / 2, -h / 2, w / 2, h / 2]))
    assert anchors[1].tolist() == [-16, -16, 16, 16]
    assert anchors[-1].tolist() == [112, 48, 144, 80]


def test_boxes_there_and_back():
    references = torch.tensor([[0.0, 0, 10, 20], [5, 5, 6, 9]])
    boxes = torch.tensor([[1.0, 2, 30, 40], [0, 0, 3, 3]])
    deltas = encode_boxes(boxes, references, BOX_WEIGHTS)
    torch.testing.assert_close(deltas[0], torch.tensor([10 * 1.05, 10 * 0.55, 5 * 1.0647107, 5 * 0.6418539]))
    torch.testing.assert_close(decode_boxes(deltas, references, BOX_WEIGHTS), boxes)


def test_regions_are_read_from_the_map_that_fits_their_size():
    maps = [torch.full((2, 1, 256 // 2**i, 256 // 2**i), float(i + 1)) for i in range(4)]
    boxes = [torch.tensor([[0.0, 0, 20, 20], [0, 0, 112, 112]]), torch.tensor([[0.0, 0, 224, 224], [0, 0, 900, 900]])]
    pooled = pool_regions(maps, (4, 8, 16, 32), boxes, 2)
    assert pooled.shape == (4, 1, 2, 2)
    assert pooled[:, 0, 0, 0].tolist() == [1, 2, 3, 4]
    assert pool_regions(maps, (4, 8, 16, 32), [torch.zeros(0, 4)] * 2, 2).shape == (0, 1, 2, 2)


def test_lifter_makes_its_input_from_coco_joints():
    torch.manual_seed(0)
    lifter = PixelLifter(16).eval()
    keypoints = torch.zeros(1, 17, 2)
    keypoints[0, 11], keypoints[0, 12] = torch.tensor([2.0, 4.0]), torch.tensor([4.0, 8.0])  # the hips
    inputs = []
    lifter.network.register_forward_pre_hook(lambda _, args: inputs.append(args[0]))
    joints = lifter(keypoints)
    assert joints.shape == (1, 17, 3)
    assert inputs[0].shape == (1, 32)
    assert inputs[0][0, :4].tolist() == [3, 6, 4, 8]  # pelvis, right hip
    assert inputs[0][0, 14:16].tolist() == [1.5, 3]  # spine
