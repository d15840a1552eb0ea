from pathlib import Path

import numpy as np
import pytest

from orpose_models.datasets.multiview import read_qualisys
from orpose_models.vocabulary.errors import OrposeError

CAMERA = """<camera serial="cam01">
<fov_video bottom="1919" left="0" right="1087" top="0"/>
<transform r11="1" r12="0" r13="0" r21="0" r22="0" r23="1" r31="0" r32="-1" r33="0" x="1000" y="-3000" z="2000"/>
<intrinsic centerPointU="34816" centerPointV="61440" focalLengthU="107520" focalLengthV="107520"
 radialDistortion1="-0.04" radialDistortion2="0.13" tangentalDistortion1="0.001" tangentalDistortion2="0.002"/>
</camera>"""


def write(path: Path, cameras: str) -> Path:
    path.write_text(f"<calibration><cameras>{cameras}</cameras></calibration>")
    return path


def test_no_cameras(tmp_path: Path) -> None:
    with pytest.raises(OrposeError, match="no cameras"):
        read_qualisys(write(tmp_path / "c.qca.txt", ""))


def test_a_level_camera_looking_along_y(tmp_path: Path) -> None:
    (view,) = read_qualisys(write(tmp_path / "c.qca.txt", CAMERA))
    assert view.name == "cam01"
    assert (view.camera.width, view.camera.height) == (1088, 1920)
    assert (view.camera.fx, view.camera.cx, view.camera.cy) == (1680, 544, 960)
    assert view.camera.gravity == pytest.approx((0, 1, 0))
    # Two metres in front, half a metre to the right, one metre up.
    np.testing.assert_allclose(view.to_optical([1.5, -1, 3]), [0.5, -1, 2])


@pytest.mark.parametrize(
    ("content", "message"),
    [("", "not a Qualisys"), (CAMERA.replace("<intrinsic", "<lens"), "not a"), (CAMERA.replace('r11="1"', ""), "r11")],
)
def test_bad_files(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "bad.txt"
    path.write_text(content and f"<calibration><cameras>{content}</cameras></calibration>")
    with pytest.raises(OrposeError, match=message):
        read_qualisys(path)
    with pytest.raises(OrposeError, match="no such file"):
        read_qualisys(tmp_path / "absent")
