import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from orpose_models.files.predictions import ImagePrediction, Predictions
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.poses import Poses
from orpose_models.vocabulary.resolution import Resolution

VGA = Resolution((640, 480), (80, 60), 8.0)


def floats(shape: tuple[int, ...], low: float, high: float) -> st.SearchStrategy[np.ndarray]:
    return hnp.arrays(np.float32, shape, elements=st.floats(low, high, width=32))


@st.composite
def some_poses(draw: st.DrawFn) -> Poses:
    n = draw(st.integers(0, 3))
    corners = draw(floats((n, 2), 0, 400))
    sizes = draw(floats((n, 2), 1, 200))
    joints3d = draw(floats((n, 17, 3), -2, 2))
    joints3d[draw(hnp.arrays(bool, (n, 17)))] = np.nan
    root = draw(floats((n, 3), -5, 5))
    root[draw(hnp.arrays(bool, n))] = np.nan
    return Poses.from_arrays(
        np.concatenate([corners, corners + sizes], axis=1),
        draw(floats((n,), 0, 1)),
        draw(floats((n, 17, 2), -50, 700)),
        draw(floats((n, 17), 0, 1)),
        scores_hard=draw(floats((n, 17), 0, 1)),
        joints3d=joints3d,
        root=root,
        root_std=draw(floats((n,), 0, 1)),
        ids=np.arange(n),
    )


def assert_same(a: Poses, b: Poses) -> None:
    for name, tolerance in [("boxes", 2e-3), ("keypoints", 1e-3), ("joints3d", 1e-4), ("root", 1e-4)]:
        np.testing.assert_allclose(getattr(a, name), getattr(b, name), atol=tolerance)
    for name in ("box_scores", "keypoint_scores", "scores_hard", "scores_soft", "root_std"):
        np.testing.assert_allclose(getattr(a, name), getattr(b, name), atol=1e-4)
    np.testing.assert_array_equal(a.ids, b.ids)


def test_no_images(tmp_path: Path) -> None:
    Predictions([], {"model": "none"}).save(tmp_path / "empty.json")
    loaded = Predictions.load(tmp_path / "empty.json")
    assert loaded.images == []
    assert loaded.info["model"] == "none"


@given(some_poses())
def test_round_trip(tmp_path_factory: pytest.TempPathFactory, poses: Poses) -> None:
    path = tmp_path_factory.mktemp("predictions") / "p.json"
    Predictions([ImagePrediction(5, "a.png", VGA, poses, 12), ImagePrediction(6, "b.png", VGA, Poses.empty())]).save(
        path
    )
    loaded = Predictions.load(path)
    assert [image.image_id for image in loaded.images] == [5, 6]
    assert loaded.images[0].resolution == VGA
    assert (loaded.images[0].stamp_ns, loaded.images[1].stamp_ns) == (12, None)
    assert_same(loaded.images[0].poses, poses)
    assert len(loaded.images[1].poses) == 0


def document(tmp_path: Path) -> dict:
    path = tmp_path / "good.json"
    poses = Poses.from_arrays([[1, 2, 11, 22]], [0.5], np.ones((1, 17, 2)), np.ones((1, 17)))
    Predictions([ImagePrediction(1, "a.png", VGA, poses)]).save(path)
    return json.loads(path.read_text())


def test_layout_is_cocos(tmp_path: Path) -> None:
    good = document(tmp_path)
    assert good["annotations"][0]["bbox"] == [1, 2, 10, 20]
    assert good["annotations"][0]["keypoints"][:3] == [1, 1, 1]
    assert good["annotations"][0]["joints3d"][0] is None
    assert good["categories"][0]["keypoints"][0] == "nose"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d["info"].update(kind="other"), "not a predictions file"),
        (lambda d: d["info"].update(schema=99), "schema 99"),
        (lambda d: d["annotations"][0].update(score=1.5), r"annotations\.0\.score"),
        (lambda d: d["annotations"][0].update(keypoints=[0] * 30), r"annotations\.0\.keypoints"),
        (lambda d: d["annotations"][0].update(image_id=9), "image 9"),
        (lambda d: d["images"].append(dict(d["images"][0])), "not unique"),
        (lambda d: d["images"][0].update(width=0), "width"),
        (lambda d: d["images"][0].update(downsample=float("nan")), r"images\.0\.downsample: Input should be a finite"),
        (lambda d: d["annotations"][0]["keypoints"].__setitem__(2, 5.0), "every third number is a score"),
        (lambda d: d["annotations"][0]["bbox"].__setitem__(2, 1e300), r"annotations\.0\.bbox\.2"),
        (lambda d: d.update(images=5), "images: Input should be a valid list"),
    ],
)
def test_bad_files_are_refused_with_the_place(tmp_path: Path, change, message: str) -> None:
    bad = document(tmp_path)
    change(bad)
    path = tmp_path / "bad.json"
    path.write_text(json.dumps(bad))
    with pytest.raises(OrposeError, match=message) as caught:
        Predictions.load(path)
    assert "bad.json" in str(caught.value)


@pytest.mark.parametrize("content", ["", "[1, 2", "[]", "[" * 100000, '{"info": {}}', '{"info": null}', '{"info": 3}'])
def test_foreign_files_are_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "p.json"
    path.write_text(content)
    with pytest.raises(OrposeError, match=r"p\.json"):
        Predictions.load(path)
    with pytest.raises(OrposeError, match="no such file"):
        Predictions.load(tmp_path / "absent.json")
    with pytest.raises(OrposeError, match="is a directory"):
        Predictions.load(tmp_path)


@given(some_poses())
def test_as_filed_is_what_the_file_gives_back(tmp_path_factory: pytest.TempPathFactory, poses: Poses) -> None:
    path = tmp_path_factory.mktemp("predictions") / "p.json"
    image = ImagePrediction(5, "a.png", VGA, poses, 12)
    Predictions([image]).save(path)
    (loaded,) = Predictions.load(path).images
    for name, array in vars(image.as_filed().poses).items():
        np.testing.assert_array_equal(array, getattr(loaded.poses, name), err_msg=name)
