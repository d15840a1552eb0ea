import io
import tarfile
import zipfile
from hashlib import sha256
from pathlib import Path

import pytest

from orpose_models.cli.main import run
from orpose_models.files import assets
from orpose_models.files.asset_catalogue import APT_OPENCV_DOC, Asset, AssetFile
from orpose_models.files.packages import Npm, Pip
from orpose_models.vocabulary.errors import OrposeError

NPM = Npm("@someone/thing", "1.2.3")
PIP = Pip("some-thing", "4.5.6")
CONTENT = {"package/a.json": b"{}", "package/LICENSE": b"free"}


def tarball(folder: Path, content: dict[str, bytes]) -> Path:
    path = folder / "someone-thing-1.2.3.tgz"
    with tarfile.open(path, "w:gz") as tar:
        for name, data in content.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    return path


@pytest.fixture
def archives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the archive of an asset named "thing", and an empty cache."""
    monkeypatch.setenv("ORPOSE_CACHE", str(tmp_path / "cache"))
    files = tuple(AssetFile(name, len(data), sha256(data).hexdigest()) for name, data in CONTENT.items())
    monkeypatch.setitem(assets.ASSETS, "thing", Asset("weights", NPM, files, "a thing\n"))
    folder = tmp_path / "archives"
    folder.mkdir()
    tarball(folder, CONTENT)
    return folder


def test_the_cache_folder_follows_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ORPOSE_CACHE", "~/somewhere")
    assert assets.cache_folder() == Path.home() / "somewhere"
    monkeypatch.delenv("ORPOSE_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert assets.cache_folder() == tmp_path / "orpose"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert assets.cache_folder() == Path.home() / ".cache" / "orpose"


def test_an_absent_asset_says_how_to_get_it(archives: Path) -> None:
    with pytest.raises(OrposeError, match="run: orpose fetch thing"):
        assets.asset("thing")


def test_unknown_names() -> None:
    with pytest.raises(OrposeError, match="'bogus' cannot be fetched; known are: centernet, "):
        assets.asset("bogus")
    assert run(["fetch", "bogus"]) == 2


def test_groups_are_resolved_once_and_in_order() -> None:
    assert assets.resolve([]) == []
    assert assets.resolve(["movenet-thunder", "weights", "footage"]) == [
        "movenet-thunder",
        "centernet",
        "movenet-multipose",
        "multiperson",
        "singleperson",
        "sports2d",
    ]


def test_fetching_from_a_folder_installs_files_licence_and_notice(archives: Path) -> None:
    steps: list[str] = []
    folder = assets.fetch(["thing"], archives, steps.append)["thing"]
    assert steps == ["checking thing"]
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {
        "a.json": b"{}",
        "LICENSE": b"free",
        "NOTICE": b"a thing\n",
    }
    assert assets.read_verified("thing", "a.json") == b"{}"
    tarball(archives, {})
    assert assets.fetch(["thing"], archives, steps.append) == {"thing": folder}, "what is there is not read again"


def test_a_shortened_file_is_noticed_and_mended(archives: Path) -> None:
    path = assets.fetch(["thing"], archives)["thing"] / "a.json"
    path.write_bytes(b"{")
    with pytest.raises(OrposeError, match="1 bytes instead of 2; to mend it run: orpose fetch thing"):
        assets.asset("thing")
    assets.fetch(["thing"], archives)
    assert path.read_bytes() == b"{}"


def test_a_changed_file_is_noticed_when_it_is_read_and_mended(archives: Path) -> None:
    path = assets.fetch(["thing"], archives)["thing"] / "a.json"
    path.write_bytes(b"[]")
    assert assets.asset("thing") == path.parent
    with pytest.raises(OrposeError, match=r"corrupt .* to mend it run: orpose fetch thing"):
        assets.read_verified("thing", "a.json")
    assert not assets.is_complete("thing")
    assets.fetch(["thing"], archives)
    assert assets.is_complete("thing")


def test_nothing_is_kept_of_an_archive_with_other_content(archives: Path) -> None:
    tarball(archives, {**CONTENT, "package/LICENSE": b"not free"})
    with pytest.raises(OrposeError, match="package/LICENSE is not the file that this version"):
        assets.fetch(["thing"], archives)
    assert not (assets.cache_folder() / "thing").exists()


def test_archives_that_are_absent_incomplete_or_damaged(archives: Path, tmp_path: Path) -> None:
    path = tarball(archives, {"package/a.json": b"{}"})
    with pytest.raises(OrposeError, match="does not contain package/LICENSE"):
        assets.fetch(["thing"], archives)
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(OrposeError, match="the archive is damaged"):
        assets.fetch(["thing"], archives)
    with pytest.raises(OrposeError, match=r"holds no archive of npm package @someone/thing 1\.2\.3"):
        assets.fetch(["thing"], tmp_path)


def test_wheels_are_read_as_zip_files(tmp_path: Path) -> None:
    path = tmp_path / "some_thing-4.5.6-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr("some/file", b"abc")
    assert PIP.find(tmp_path) == path
    assert PIP.read(path, ["some/file"]) == {"some/file": b"abc"}
    with pytest.raises(OrposeError, match="does not contain"):
        PIP.read(path, ["other"])
    path.write_bytes(b"abc")
    with pytest.raises(OrposeError, match="damaged"):
        PIP.read(path, ["some/file"])


def test_a_missing_client_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(OrposeError, match=r"npm is not installed; install npm"):
        NPM.download(tmp_path)
    with pytest.raises(OrposeError, match="apt-get is not installed; it exists on Debian and Ubuntu only"):
        APT_OPENCV_DOC.download(tmp_path)


def test_a_failing_client_is_quoted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "apt-get"
    program.write_text("#!/bin/sh\necho 'W: something' >&2\necho 'E: Unable to locate package' >&2\nexit 100\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(OrposeError, match=r"E: Unable to locate package .*apt-get update"):
        APT_OPENCV_DOC.download(tmp_path)


def test_every_file_of_every_asset_has_a_licence_beside_it_and_a_checksum() -> None:
    for name, asset in assets.ASSETS.items():
        names = [file.local_name for file in asset.files]
        assert "LICENSE" in names, name
        assert len(set(names)) == len(names)
        assert all(file.sha256 is not None and len(file.sha256) == 64 for file in asset.files[:-1])
