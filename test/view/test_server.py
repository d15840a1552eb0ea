import json
from collections.abc import Iterator
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import numpy as np
import pytest

from orpose_models.fusion.fuser import Fuser
from orpose_models.view.server import PAGE, ViewServer
from orpose_models.view.state import Health, ViewState
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.room_persons import RoomPersons

from support.room import rig, seen, standing  # isort: skip

CAMERAS = rig(2)
NAMES = [view.name for view in CAMERAS]


def persons() -> RoomPersons:
    return Fuser(CAMERAS).update([seen(view, [standing(0.2, 0.1)]) for view in CAMERAS], 1.0)


@pytest.fixture
def state() -> ViewState:
    return ViewState("theatre 3")


@pytest.fixture
def server(state: ViewState) -> Iterator[ViewServer]:
    server = ViewServer(state, port=0)
    yield server
    server.close()


def get(address: str, **headers: str) -> tuple[bytes, dict[str, str]]:
    with urlopen(Request(address, headers=headers), timeout=30) as answer:
        return answer.read(), dict(answer.headers)


def refused(address: str, method: str = "GET", **headers: str) -> int:
    with pytest.raises(HTTPError) as error:
        urlopen(Request(address, method=method, headers=headers), timeout=30)
    return error.value.code


def test_nobody_yet(server: ViewServer) -> None:
    content, _ = get(server.address + "state.json")
    assert json.loads(content) == {
        "frame": "", "stamp": 0.0, "rate": 0.0, "persons": [], "pictures": {}, "health": [],
    }  # fmt: skip


def test_who_is_in_the_room(server: ViewServer, state: ViewState) -> None:
    found = persons()
    state.show_persons(found, NAMES, "room", 12.5)
    state.show_health(Health("cam1", "warn", "it was moved"))
    content = json.loads(get(server.address + "state.json")[0])
    assert (content["frame"], content["stamp"]) == ("room", 12.5)
    assert content["health"] == [{"name": "cam1", "level": "warn", "message": "it was moved"}]
    (person,) = content["persons"]
    assert (person["id"], person["cameras"]) == (1, NAMES)
    np.testing.assert_allclose(person["joints"], found.joints[0], atol=6e-4)


def test_a_joint_that_nobody_sees_is_not_shown(server: ViewServer, state: ViewState) -> None:
    found = persons()
    scores = found.joint_scores.copy()
    scores[0, 3] = 0
    state.show_persons(RoomPersons(**{**vars(found), "joint_scores": scores}), NAMES, "room", 1.0)
    joints = json.loads(get(server.address + "state.json")[0])["persons"][0]["joints"]
    assert joints[3] is None
    assert joints[2] is not None


def test_events_come_as_they_happen(server: ViewServer, state: ViewState) -> None:
    with urlopen(server.address + "events", timeout=30) as events:
        first = json.loads(events.readline().removeprefix(b"data: "))
        events.readline()
        state.show_persons(persons(), NAMES, "room", 2.0)
        while (second := json.loads(events.readline().removeprefix(b"data: ")))["persons"] == []:
            events.readline()
    assert first["persons"] == []
    assert second["stamp"] == 2.0


def test_pictures(server: ViewServer, state: ViewState) -> None:
    assert refused(server.address + "picture/cam1.jpg") == 404
    state.show_picture("cam1", np.zeros((12, 16, 3), np.uint8))
    content, headers = get(server.address + "picture/cam1.jpg")
    assert content[:2] == b"\xff\xd8"
    assert headers["Content-Type"] == "image/jpeg"


def test_skeletons_alone(state: ViewState) -> None:
    alone = ViewState(images=False)
    alone.show_picture("cam1", np.zeros((12, 16, 3), np.uint8))
    assert alone.picture("cam1") is None


def test_the_page_loads_nothing_from_elsewhere(server: ViewServer) -> None:
    content, headers = get(server.address)
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; ")
    nonce = policy.partition("'nonce-")[2].partition("'")[0]
    assert len(nonce) >= 16
    before, after = PAGE.read_text().replace("NONCE", nonce).split("FIRST")
    assert content.decode().startswith(before)
    assert content.decode().endswith(after)
    assert b"://" not in content
    assert headers["Cache-Control"] == "no-store"


def test_the_page_comes_with_the_state_and_names_do_not_end_its_script(server: ViewServer, state: ViewState) -> None:
    state.show_health(Health("</script><b>", "ok", "x"))
    content = get(server.address)[0].decode()
    first = content.partition('id="first">')[2].partition("</script>")[0]
    assert json.loads(first)["state"]["health"][0]["name"] == "</script><b>"
    assert json.loads(first)["description"]["title"] == "theatre 3"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_it_changes_nothing(server: ViewServer, method: str) -> None:
    assert refused(server.address + "state.json", method) == 501


@pytest.mark.parametrize("path", ["x", "picture/../page.html", "page.html", "picture/cam1.png"])
def test_there_is_nothing_else(server: ViewServer, path: str) -> None:
    assert refused(server.address + path) == 404


def test_a_page_from_elsewhere_cannot_reach_it_by_another_name(server: ViewServer) -> None:
    assert refused(server.address + "state.json", Host="evil.example:80") == 403
    assert get(server.address + "state.json", Host="localhost")[0]


def test_a_token(state: ViewState) -> None:
    server = ViewServer(state, port=0, token="s3cret")
    try:
        root, _, query = server.address.partition("?")
        assert query == "token=s3cret"
        assert refused(root) == 403
        assert refused(root + "state.json?token=other") == 403
        assert get(root + "state.json?token=s3cret")[0]
    finally:
        server.close()


def test_without_a_token_it_is_for_this_machine_alone(state: ViewState) -> None:
    with pytest.raises(OrposeError, match=r"open to everybody on 0\.0\.0\.0: give a token"):
        ViewServer(state, host="0.0.0.0", port=0)


def test_a_port_that_is_taken_is_named(server: ViewServer, state: ViewState) -> None:
    port = int(server.address.rpartition(":")[2].strip("/"))
    with pytest.raises(OrposeError, match=f"cannot be served on 127.0.0.1:{port}: "):
        ViewServer(state, port=port)
