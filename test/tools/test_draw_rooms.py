import importlib.util
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TOOL = ROOT / "tools" / "draw_rooms.py"
SPEC = importlib.util.spec_from_file_location("draw_rooms", TOOL)
assert SPEC is not None
assert SPEC.loader is not None
draw_rooms = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(draw_rooms)


def test_a_room_is_the_longest_name_that_fits() -> None:
    names = ["orpose_ros", "orpose_ros.tools"]
    assert draw_rooms.room_of("", names) is None
    assert draw_rooms.room_of("orpose_rosy.node", names) is None
    assert draw_rooms.room_of("orpose_ros.node", names) == "orpose_ros"
    assert draw_rooms.room_of("orpose_ros.tools.demo.Demo", names) == "orpose_ros.tools"


def test_a_room_that_imports_nothing_is_at_the_bottom_and_runtime_imports_what_it_says() -> None:
    house = {room.name: room for room in draw_rooms.rooms()}
    assert next(iter(house)) == "vocabulary"
    assert house["vocabulary"].imports == set()
    assert {"vocabulary", "model_format", "lifting"} <= house["runtime"].imports
    assert house["runtime"].purpose == "Image in, poses out: what the command line and the ROS node run"


def test_the_way_of_an_image_is_numbered_and_leads_through_rooms() -> None:
    steps = draw_rooms.way()
    numbers = [number for _, number in steps]
    assert numbers == sorted(numbers)
    assert set(numbers) == set(range(1, max(numbers) + 1))
    assert {room for room, _ in steps} <= {room.name for room in draw_rooms.rooms()}


def test_the_modules_that_the_document_names_are_there() -> None:
    named = re.findall(r"`(orpose_\w+(?:\.\w+)+)`", (ROOT / "docs" / "architecture.md").read_text())
    assert named
    for name in named:
        module, _, last = name.rpartition(".")
        there = find_spec(name) if find_spec(module) and not last[0].isupper() else find_spec(module)
        assert there is not None, name


def test_it_draws(tmp_path: Path) -> None:
    subprocess.run([sys.executable, TOOL, tmp_path / "rooms.png"], check=True)
    assert (tmp_path / "rooms.png").read_bytes()[:4] == b"\x89PNG"
