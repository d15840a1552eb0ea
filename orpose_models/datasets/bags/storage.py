"""The files that a rosbag2 is stored in: which there are, and the plain ones behind those that are compressed."""

import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import zstandard

from orpose_models.files.disk import read_yaml
from orpose_models.files.names import natural_key, printable
from orpose_models.vocabulary.errors import OrposeError

SUFFIXES = (".mcap", ".db3")
METADATA = "metadata.yaml"
_COMPRESSED = ".zstd"
_KEEP_FREE = 1 << 28  # bytes of the disk that unpacking leaves


def storage_kind(file: Path) -> str | None:
    """Which of `SUFFIXES` a file is, compressed or not; None if it is none."""
    name = file.name.removesuffix(_COMPRESSED)
    return next((suffix for suffix in SUFFIXES if name.endswith(suffix)), None)


def storage_files(path: Path) -> list[Path]:
    """The storage files of a bag (folder or single file), in natural order."""
    files = [path] if path.is_file() else list(path.iterdir()) if path.is_dir() else []
    return sorted((file for file in files if storage_kind(file) and file.is_file()), key=natural_key)


def files_of_bag(path: Path, problems: list[str]) -> list[Path]:
    """The storage files of one recording; what lies beside them is named in `problems`.

    Raises:
        OrposeError: a folder without metadata holds several recordings.
    """
    files = storage_files(path)
    if path.is_file():
        return files
    named = _named_in_metadata(path)
    if named is not None:
        mine = [file for file in files if file.name in named]
        others = [file for file in files if file.name not in named]
        if mine and others:
            problems.append(
                f"{printable(path)}: left out {len(others)} files that its {METADATA} does not name, to be given by "
                f"themselves ({_names(others)})"
            )
            return mine
        return files
    if len({_recording(file) for file in files}) > 1:
        raise OrposeError(
            f"{printable(path)}: holds several recordings and no {METADATA}; give one of the files ({_names(files)})"
        )
    return files


def _named_in_metadata(path: Path) -> set[str] | None:
    try:
        names = read_yaml(path / METADATA)["rosbag2_bagfile_information"]["relative_file_paths"]
        return {Path(name).name for name in names if isinstance(name, str)}
    except (OrposeError, TypeError, KeyError):
        return None


def _recording(file: Path) -> str:
    """What the files of a split bag have in common: all but the number at the end."""
    return re.sub(r"_\d+$", "", file.name.removesuffix(_COMPRESSED).rpartition(".")[0])


def _names(files: list[Path]) -> str:
    more = f" and {len(files) - 3} more" if len(files) > 3 else ""
    return ", ".join(printable(file.name) for file in files[:3]) + more


@contextmanager
def plain(file: Path) -> Iterator[Path]:
    """A storage file as it is, or unpacked for the time being; of a damaged one what can be unpacked.

    Raises:
        OrposeError: there is no room for it.
    """
    if file.is_dir() or not file.name.endswith(_COMPRESSED):
        yield file
        return
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / file.name.removesuffix(_COMPRESSED)
        room = shutil.disk_usage(folder).free - _KEEP_FREE
        with file.open("rb") as packed, target.open("wb") as unpacked:
            try:
                with zstandard.ZstdDecompressor().stream_reader(packed, read_across_frames=True) as stream:
                    while piece := stream.read(1 << 20):
                        room -= len(piece)
                        if room < 0:
                            raise OrposeError(f"{printable(file)}: there is no room in {folder} to unpack it")
                        unpacked.write(piece)
            except zstandard.ZstdError:
                pass  # whoever reads what there is finds where it ends
        yield target


def require_room(path: Path) -> None:
    """Check that the compressed files of a bag can be unpacked.

    Raises:
        OrposeError: what they say of their size is more than the disk of temporary files has.
    """
    size = sum(_unpacked_size(file) for file in storage_files(path) if file.name.endswith(_COMPRESSED))
    if size > shutil.disk_usage(tempfile.gettempdir()).free - _KEEP_FREE:
        raise OrposeError(
            f"{printable(path)}: there is no room in {tempfile.gettempdir()} to unpack its {size:,} bytes"
        )


def _unpacked_size(file: Path) -> int:
    with file.open("rb") as packed:
        try:
            size = zstandard.get_frame_parameters(packed.read(64)).content_size
        except zstandard.ZstdError:
            return 0
    return 0 if size in (zstandard.CONTENTSIZE_UNKNOWN, zstandard.CONTENTSIZE_ERROR) else size
