from pathlib import Path

import pytest

from orpose_models.datasets.camera_file import View, read_camera
from orpose_models.vocabulary.errors import OrposeError

GOOD = """
image_width: 640
image_height: 480
camera_name: ceiling
camera_matrix: {rows: 3, cols: 3, data: [540, 0, 320, 0, 541, 240, 0, 0, 1]}
distortion_model: plumb_bob
distortion_coefficients: {rows: 1, cols: 5, data: [0.1, -0.2, 0, 0, 0]}
"""


def test_empty_file(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text("")
    with pytest.raises(OrposeError, match=r"c\.yaml"):
        read_camera(tmp_path / "c.yaml")


def test_a_calibration(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(GOOD + "gravity: [0, 2, 0]\n")
    camera = read_camera(tmp_path / "c.yaml")
    assert (camera.width, camera.fx, camera.fy, camera.cx, camera.cy) == (640, 540, 541, 320, 240)
    assert camera.distortion == (0.1, -0.2, 0, 0, 0)
    assert camera.gravity == (0, 1, 0)
    assert not camera.guessed


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("image_width: 640", "image_width: 0", "image_width"),
        ("540, 0, 320", "320", "camera_matrix has 7 numbers"),
        ("plumb_bob", "equidistant", "distortion_model 'equidistant' is not supported; rectify the images first"),
        ("plumb_bob", "none", "distortion_model 'none' is not supported"),
        ("data: [540", "data: [-540", "positive"),
        ("camera_name", "\tcamera_name", "YAML"),
    ],
)
def test_bad_calibrations(tmp_path: Path, old: str, new: str, message: str) -> None:
    (tmp_path / "c.yaml").write_text(GOOD.replace(old, new))
    with pytest.raises(OrposeError, match=message):
        read_camera(tmp_path / "c.yaml")


@pytest.mark.parametrize("model", ["plumb_bob", "rational_polynomial", "none", "None", "''"])
@pytest.mark.parametrize("coefficients", [[], [0] * 4, [0] * 5, [0] * 12, [0] * 14])
def test_zeros_are_no_distortion(tmp_path: Path, model: str, coefficients: list[int]) -> None:
    text = GOOD.replace("plumb_bob", model).replace("[0.1, -0.2, 0, 0, 0]", str(coefficients))
    (tmp_path / "c.yaml").write_text(text)
    assert read_camera(tmp_path / "c.yaml").distortion == ()


def test_a_fisheye_is_refused_also_without_coefficients(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(GOOD.replace("plumb_bob", "equidistant").replace("0.1, -0.2", "0, 0"))
    with pytest.raises(OrposeError, match="'equidistant' is not supported"):
        read_camera(tmp_path / "c.yaml")


RECTIFIED = """
rectification_matrix: {rows: 3, cols: 3, data: [1, 0, 0, 0, 0, -1, 0, 1, 0]}
projection_matrix: {rows: 3, cols: 4, data: [500, 0, 310, -60, 0, 501, 230, 0, 0, 0, 1, 0]}
gravity: [0, 1, 0]
"""


@pytest.mark.parametrize("model", ["plumb_bob", "equidistant"])
def test_rectified_images_have_the_projection_matrix_and_no_distortion(tmp_path: Path, model: str) -> None:
    (tmp_path / "c.yaml").write_text(GOOD.replace("plumb_bob", model) + RECTIFIED)
    camera = read_camera(tmp_path / "c.yaml", rectified=True)
    assert (camera.fx, camera.fy, camera.cx, camera.cy, camera.distortion) == (500, 501, 310, 230, ())
    assert camera.gravity == (0, 0, 1)
    view = View.read(tmp_path / "c.yaml", rectified=True)
    assert view.intrinsics() == {"size": [640, 480], "k": [500, 501, 310, 230], "distortion": []}
    if model == "plumb_bob":
        assert read_camera(tmp_path / "c.yaml").fx == 540


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "has no projection_matrix, which is the camera of rectified images .*--rectified false"),
        (RECTIFIED.replace("500, 0, 310", "500"), "projection_matrix has 10 numbers, expected 12"),
        (RECTIFIED.replace("[500,", "[0,"), "projection_matrix is zero"),
        (RECTIFIED.replace("0, 0, 0, 0, -1, 0", "0"), "rectification_matrix has 4 numbers, expected 9"),
    ],
)
def test_no_camera_of_rectified_images(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "c.yaml").write_text(GOOD + text)
    with pytest.raises(OrposeError, match=message):
        read_camera(tmp_path / "c.yaml", rectified=True)


def test_a_view_fits_images_of_its_shape(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(GOOD)
    view = View.read(tmp_path / "c.yaml", pitch_deg=90)
    half = view.camera((320, 240))
    assert (half.width, half.fx) == (320, 270)
    assert half.gravity == pytest.approx((0, 0, 1))
    with pytest.raises(OrposeError, match="do not fit"):
        view.camera((480, 640))


def test_one_camera_of_a_file_of_several(tmp_path: Path) -> None:
    path = tmp_path / "room.qca.txt"
    path.write_text(
        '<calibration><cameras><camera serial="cam07"><fov_video bottom="479" left="0" right="639" top="0"/>'
        '<transform r11="1" r12="0" r13="0" r21="0" r22="0" r23="1" r31="0" r32="-1" r33="0" x="0" y="0" z="0"/>'
        '<intrinsic centerPointU="20480" centerPointV="15360" focalLengthU="34560" focalLengthV="34560" '
        'radialDistortion1="0" radialDistortion2="0" tangentalDistortion1="0" tangentalDistortion2="0"/>'
        "</camera></cameras></calibration>"
    )
    view = View.read(path, name="cam07")
    assert view.intrinsics_camera is not None
    assert view.intrinsics_camera.fx == 540
    assert view.gravity == pytest.approx((0, 1, 0))
    with pytest.raises(OrposeError, match="no camera 'cam01'; choose one with --camera-name: cam07"):
        View.read(path, name="cam01")
    with pytest.raises(OrposeError, match="a Qualisys calibration is of images as they are"):
        View.read(path, name="cam07", rectified=True)


def test_an_unknown_camera_is_a_guess() -> None:
    camera = View.read(None).camera((1920, 1080))
    assert camera.guessed
    assert camera.gravity is None
    assert View().intrinsics() is None
