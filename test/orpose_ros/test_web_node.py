"""The real web_view beside a real fusion_node: what is published of a room stands on the page."""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

pytest.importorskip(
    "orpose_msgs.msg._room_person_array",
    reason="the ROS packages are not built or not sourced: source tools/ros_env.sh",
)

from orpose_ros.pose_node import run
from orpose_ros.tools.client import Program
from orpose_ros.web_view import WEB_VIEW

from support.room import standing  # isort: skip
from support.room_rig import DOMAIN, RoomRig  # isort: skip

TOKEN = "s3cret"


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RoomRig]:
    rig = RoomRig(tmp_path_factory.mktemp("room"))
    yield rig
    rig.close()


def test_a_room_stands_on_the_page(room: RoomRig, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "orpose_ros.web_view", "--ros-args", "-p", "port:=0", "-p", f"token:={TOKEN}"]
    people = [standing(0.2, 0.1), standing(-0.8, 0.4, 1.0)]
    with Program(command, tmp_path / "log.txt", {"ROS_DOMAIN_ID": str(DOMAIN)}) as page:

        def address() -> str | None:
            assert page.runs, page.log
            found = re.search(r"is shown on (\S+)/\?token", page.log)
            return found[1] if found else None

        where = room.wait(address, "the page")

        def state() -> dict | None:
            with urlopen(f"{where}/state.json?token={TOKEN}") as answer:
                content = json.load(answer)
            return content if len(content["persons"]) == 2 and len(content["health"]) >= 3 else None

        shown = room.wait(state, "two persons on the page", lambda: room.send(people))
        with pytest.raises(HTTPError, match="403"):
            urlopen(f"{where}/state.json")
    assert shown["frame"] == "theatre"
    assert [person["cameras"] for person in shown["persons"]] == [["cam1", "cam2"]] * 2
    assert {"fusion_node: room", "fusion_node: camera cam1"} <= {line["name"] for line in shown["health"]}


def test_an_open_address_without_a_token_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--ros-args", "-p", "host:=0.0.0.0", "-p", "port:=0"], WEB_VIEW) == 2
    assert "the view would be open to everybody on 0.0.0.0: give a token" in capsys.readouterr().err
