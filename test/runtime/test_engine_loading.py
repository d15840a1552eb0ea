"""Choosing, refusing and keeping: against the libraries and devices of this machine."""

import os
import resource
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from orpose_models.model_format.engines import AUTO_ORDER, CHOICES, DEFAULT_ENGINE, ENGINES, EVERYWHERE, engine_table
from orpose_models.model_format.manifest import GRAPHS
from orpose_models.registry.check_image import check_image
from orpose_models.registry.models import load_model, shipped_models
from orpose_models.runtime.engine_cache import built, engine_folder
from orpose_models.runtime.engine_loading import load_graph, load_graphs, why_not
from orpose_models.runtime.graph import Job
from orpose_models.vocabulary.errors import OrposeError
from orpose_models.vocabulary.installing import pip_install

with_openvino = pytest.mark.skipif(
    find_spec("openvino") is None, reason="OpenVINO is not installed: pip install '.[openvino]'"
)
ROOT = Path(__file__).parents[2]
MODEL = shipped_models()["orpose-all-light"]
# Opens the student's network on OpenVINO's choice of a device and says how it went.
OPEN = (
    "import sys; from pathlib import Path; import numpy as np\n"
    "from orpose_models.model_format.manifest import GRAPHS\n"
    "from orpose_models.runtime.engine_loading import load_graphs\n"
    "graphs = load_graphs('openvino-auto', Path(sys.argv[1]), GRAPHS, 1, print)\n"
    "print(graphs['network'](np.zeros((1, 64, 64, 3), np.uint8))[0].shape)\n"
)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ORPOSE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def opened() -> tuple[list[str], np.ndarray]:
    said: list[str] = []
    graphs = load_graphs("openvino-auto", MODEL, GRAPHS, 1, said.append)
    return said, np.asarray(graphs["network"](np.zeros((1, 64, 64, 3), np.uint8))[0])


def test_the_table_is_whole() -> None:
    assert AUTO_ORDER[-1] == DEFAULT_ENGINE in EVERYWHERE
    assert set(AUTO_ORDER) < set(ENGINES)
    assert ("auto", *ENGINES) == CHOICES
    assert engine_table() in (ROOT / "docs" / "runtime.md").read_text()
    for name, engine in ENGINES.items():
        assert engine.on_processor or engine.library == "torch" or engine.driver or "processor" in engine.device, name


def test_what_is_not_there_is_refused_in_a_sentence() -> None:
    missing = {name: reason for name in ENGINES if (reason := why_not(name)) is not None}
    assert "onnxruntime" not in missing
    for name, reason in missing.items():
        assert reason.startswith(f"engine {name!r} cannot be used: ") or " is not installed: " in reason
        assert ENGINES[name].to_install in reason
        assert ENGINES[name].driver in reason or " is not installed: " in reason
        with pytest.raises(OrposeError) as refusal:
            load_model("orpose-all-light", 1, name)
        # torch is not only one engine of many: a student's weights need it.
        assert str(refusal.value) == reason or (name == "torch" and ENGINES[name].to_install in str(refusal.value))


@pytest.mark.skipif(sys.platform == "darwin", reason="tests what is said on other systems than a Mac")
def test_engines_of_other_systems_say_so() -> None:
    assert why_not("onnxruntime-coreml") == (
        "engine 'onnxruntime-coreml' cannot be used: this is Linux; it needs macOS 12 or later, and: " + pip_install()
    )


def test_auto_takes_the_first_that_can_do_it(caplog: pytest.LogCaptureFixture) -> None:
    usable = [name for name in AUTO_ORDER if why_not(name) is None]
    with caplog.at_level("INFO", "orpose_models"):
        model = load_model("orpose-all-light", 1, "auto")
    assert model.engine in usable
    chosen = model.chosen  # type: ignore[attr-defined]
    assert chosen.startswith(f"engine auto took {model.engine} (")
    for name in AUTO_ORDER[: AUTO_ORDER.index(model.engine)]:
        assert f"; not {name}: " in chosen
    assert chosen in caplog.text
    assert len(model.predict(check_image(), min_score=0.3)) == 3


@with_openvino
def test_a_model_that_a_device_computes_is_the_same(cache: Path) -> None:
    device, processor = (load_model("orpose-all-light", 1, name) for name in ("openvino-auto", "onnxruntime"))
    assert device.engine == "openvino-auto"
    found, expected = (model.predict(check_image(), min_score=0.3) for model in (device, processor))
    assert len(found) == len(expected) == 3
    np.testing.assert_allclose(found.keypoints, expected.keypoints, atol=1)
    np.testing.assert_allclose(found.joints3d, expected.joints3d, atol=2e-3)


@with_openvino
def test_what_is_built_is_kept(cache: Path) -> None:
    said, first = opened()
    assert said[0].startswith("openvino-auto: building for this model, driver and size of image")
    assert said[1].startswith("openvino-auto: built in ")
    (folder,) = (path for path in engine_folder().glob("openvino-auto/*") if path.is_dir())
    assert any(path.suffix == ".blob" for path in folder.iterdir())
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]
    said, second = opened()
    assert said == []
    np.testing.assert_array_equal(first, second)


@with_openvino
def test_a_stale_folder_is_built_anew(cache: Path) -> None:
    opened()
    (blob,) = engine_folder().glob("openvino-auto/*/*.blob")
    blob.chmod(0o600)
    blob.write_bytes(blob.read_bytes()[:1000])
    said, _ = opened()
    assert "of no use any more (its files are not those that were written); building anew" in said[0]
    assert opened()[0] == []


def test_what_a_library_cannot_read_is_built_anew(cache: Path) -> None:
    def make(folder: Path | None) -> str:
        assert folder is not None
        file = folder / "built"
        if file.exists() and file.read_text() != version[0]:
            raise RuntimeError("of another version\nwith more lines")
        file.write_text(version[0])
        return version[0]

    version, said = ["1"], []
    assert [built("some", {"k": 1}, make, said.append) for _ in range(2)] == ["1", "1"]
    assert len(said) == 2
    version[0] = "2"
    assert built("some", {"k": 1}, make, said.append) == "2"
    assert "of no use any more (of another version)" in said[2]
    assert built("some", {"k": 2}, make, said.append) == "2"
    assert len(list(engine_folder().glob("some/*"))) == 2


@with_openvino
def test_without_a_place_nothing_is_kept(cache: Path) -> None:
    """A file stands where the folder would be: nobody, not even root, can write there."""
    cache.write_text("no folder")
    said, scores = opened()
    assert scores.shape == (1, 32)
    assert [text for text in said if "what it builds is not kept" in text] == said[-1:]


@with_openvino
def test_where_files_cannot_grow_nothing_is_kept(cache: Path) -> None:
    def small_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))

    done = run_open(preexec_fn=small_files)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "(1, 32)"
    assert not list(engine_folder().glob("openvino-auto/*/*.blob"))


@with_openvino
def test_two_processes_build_once(cache: Path) -> None:
    both = [
        subprocess.Popen([sys.executable, "-c", OPEN, str(MODEL)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    told = "".join(process.communicate()[0] for process in both)
    assert [process.returncode for process in both] == [0, 0]
    assert told.count("built in") == 1
    assert told.count("(1, 32)") == 2


def run_open(**settings: object) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-c", OPEN, str(MODEL)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, **settings)  # type: ignore[call-overload]


@with_openvino
def test_a_graph_that_no_engine_can_read() -> None:
    for name in ("onnxruntime", "openvino"):
        with pytest.raises(OrposeError, match=f"engine '{name}' cannot run the model"):
            load_graph(name, Job(b"no graph", "none", 1))


_BESIDE_OTHERS = """
import onnxruntime as ort
from orpose_models.runtime.onnxruntime_graphs import session_options
place = ort.OrtMemoryInfo("Cpu", ort.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, ort.OrtMemType.DEFAULT)
ort.create_and_register_allocator(place, ort.OrtArenaCfg(0, 0, -1, -1))
options = [session_options(1), session_options(2)]
print([(one.get_session_config_entry("session.use_env_allocators"), one.enable_mem_pattern) for one in options])
"""


def test_sessions_use_one_pool_of_memory_even_if_somebody_elses() -> None:
    run = subprocess.run([sys.executable, "-c", _BESIDE_OTHERS], capture_output=True, text=True, check=False)
    assert (run.stderr, run.stdout) == ("", "[('1', False), ('1', False)]\n")


def elsewhere(name: str) -> dict[str, str]:
    """An environment in which ONNX Runtime is another build: ORPOSE_ORT_OPENVINO or ORPOSE_ORT_GPU names its folder."""
    folder = os.environ.get(name)
    if folder is None:
        pytest.skip(f"{name} does not name a folder with that build of ONNX Runtime (docs/accelerators.md)")
    return {**os.environ, "PYTHONPATH": f"{folder}{os.pathsep}{ROOT}"}


@pytest.mark.accelerator
def test_the_execution_provider_of_openvino(tmp_path: Path) -> None:
    program = (
        "import numpy as np\n"
        "from orpose_models.registry.check_image import check_image\n"
        "from orpose_models.registry.models import load_model\n"
        "device, processor = (load_model('orpose-all-light', 1, e) for e in ('onnxruntime-openvino', 'onnxruntime'))\n"
        "a, b = (m.predict(check_image(), min_score=0.3) for m in (device, processor))\n"
        "apart = float(np.abs(a.keypoints - b.keypoints).max())\n"
        "print(device.engine, len(a), len(b), 0 < apart < 0.5)\n"
    )
    environment = {**elsewhere("ORPOSE_ORT_OPENVINO"), "ORPOSE_CACHE": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False)
    assert done.stdout == "onnxruntime-openvino 3 3 True\n", done.stderr


@pytest.mark.accelerator
def test_a_provider_that_takes_nothing_of_the_graph_is_found_out(tmp_path: Path) -> None:
    """OpenVINO's provider with the device AUTO alone: it is the session's first, and the processor computes all."""
    program = (
        "from pathlib import Path; import numpy as np\n"
        "from orpose_models.runtime import onnxruntime_graphs as graphs\n"
        "kept = graphs._settings\n"
        "graphs._settings = lambda *a: {**kept(*a), **({'device_type': 'AUTO'} if 'OpenVINO' in a[0] else {})}\n"
        "from orpose_models.runtime.engine_loading import DeviceError, load_graphs\n"
        f"network = load_graphs('onnxruntime-openvino', Path({str(MODEL)!r}), ('network',), 1)['network']\n"
        "try:\n    network(np.zeros((1, 64, 64, 3), np.uint8))\n"
        "except DeviceError as error:\n    print(error)\n"
    )
    environment = {**elsewhere("ORPOSE_ORT_OPENVINO"), "ORPOSE_CACHE": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False)
    assert "engine 'onnxruntime-openvino' computes nothing: ONNX Runtime runs all of the graph on the processor" in (
        done.stdout
    ), done.stderr


@pytest.mark.accelerator
@pytest.mark.parametrize("engine", ["onnxruntime-cuda", "onnxruntime-tensorrt"])
def test_a_build_for_cards_without_a_card_names_what_is_missing(engine: str) -> None:
    environment = elsewhere("ORPOSE_ORT_GPU")
    program = (
        "from orpose_models.registry.models import load_model\n"
        "from orpose_models.vocabulary.errors import OrposeError\n"
        f"try:\n    load_model('orpose-all-light', 1, {engine!r})\n"
        "except OrposeError as error:\n    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False)
    assert done.stdout.startswith(f"engine {engine!r} cannot be used: "), done.stderr
    assert " is missing" in done.stdout
    assert "pip install onnxruntime-gpu" in done.stdout
