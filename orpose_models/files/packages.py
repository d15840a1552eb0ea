"""Archives of npm, Python and Debian packages: downloaded by their ordinary clients, read without installing."""

import shutil
import subprocess
import sys
import tarfile
import zipfile
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from orpose_models.vocabulary.errors import OrposeError


@dataclass(frozen=True)
class Package(ABC):
    """A package of a registry, by name."""

    name: str

    @property
    def label(self) -> str:
        """The package as a user would name it."""
        return self.name

    @property
    @abstractmethod
    def pattern(self) -> str:
        """Glob pattern of the archive's file name."""

    @abstractmethod
    def download(self, folder: Path) -> Path:
        """Download the archive into `folder`.

        Raises:
            OrposeError: the client is missing or fails; says what to do.
        """

    @abstractmethod
    def read(self, archive: Path, members: Sequence[str]) -> dict[str, bytes]:
        """Contents of some files of the archive.

        Raises:
            OrposeError: the archive is damaged or lacks one of them.
        """

    def find(self, folder: Path) -> Path:
        """The archive in a folder of earlier downloads.

        Raises:
            OrposeError: it is not there.
        """
        if found := sorted(folder.glob(self.pattern)):
            return found[-1]
        raise OrposeError(f"{folder}: holds no archive of {self.label} (looked for {self.pattern})")


@dataclass(frozen=True)
class Npm(Package):
    """A package of the npm registry."""

    version: str

    @property
    def label(self) -> str:
        return f"npm package {self.name} {self.version}"

    @property
    def pattern(self) -> str:
        return f"{self.name.removeprefix('@').replace('/', '-')}-{self.version}.tgz"

    def download(self, folder: Path) -> Path:
        arguments = ["pack", f"{self.name}@{self.version}", "--silent", "--pack-destination", str(folder)]
        _run("npm", arguments, folder, self.label, "install npm (on Debian and Ubuntu: apt install npm)")
        return self.find(folder)

    def read(self, archive: Path, members: Sequence[str]) -> dict[str, bytes]:
        return _read_tar(archive, archive.read_bytes(), members)


@dataclass(frozen=True)
class Pip(Package):
    """A wheel from the Python package index."""

    version: str

    @property
    def label(self) -> str:
        return f"Python package {self.name} {self.version}"

    @property
    def pattern(self) -> str:
        return f"{self.name.replace('-', '_')}-{self.version}-*.whl"

    def download(self, folder: Path) -> Path:
        options = ["--no-deps", "--only-binary=:all:", "--quiet", "--disable-pip-version-check", "--no-input"]
        arguments = ["-m", "pip", "download", *options, "--dest", str(folder), f"{self.name}=={self.version}"]
        _run(sys.executable, arguments, folder, self.label, "install pip into this Python environment")
        return self.find(folder)

    def read(self, archive: Path, members: Sequence[str]) -> dict[str, bytes]:
        try:
            with zipfile.ZipFile(archive) as wheel:
                return {member: wheel.read(member) for member in members}
        except (zipfile.BadZipFile, EOFError):
            raise _damaged(archive) from None
        except KeyError as error:
            raise _lacking(archive, str(error)) from None


@dataclass(frozen=True)
class Apt(Package):
    """A Debian or Ubuntu package, of whatever version the system's sources offer."""

    @property
    def label(self) -> str:
        return f"Debian/Ubuntu package {self.name}"

    @property
    def pattern(self) -> str:
        return f"{self.name}_*.deb"

    def download(self, folder: Path) -> Path:
        hint = "it exists on Debian and Ubuntu only; there, refresh the package lists with: apt-get update"
        _run("apt-get", ["-qq", "download", self.name], folder, self.label, hint)
        return self.find(folder)

    def read(self, archive: Path, members: Sequence[str]) -> dict[str, bytes]:
        if shutil.which("dpkg-deb") is None:
            raise OrposeError(f"{archive}: dpkg-deb is needed to unpack it; it exists on Debian and Ubuntu only")
        unpacked = subprocess.run(["dpkg-deb", "--fsys-tarfile", str(archive)], capture_output=True, check=False)
        if unpacked.returncode:
            raise _damaged(archive)
        return _read_tar(archive, unpacked.stdout, members)


def _run(program: str, arguments: Sequence[str], folder: Path, label: str, hint: str) -> None:
    """Run a package client in `folder`; its last error line becomes the message."""
    if shutil.which(program) is None:
        raise OrposeError(f"cannot download the {label}: {program} is not installed; {hint}")
    done = subprocess.run([program, *arguments], cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()] or [f"exit code {done.returncode}"]
        wrong = [line for line in lines if line.lower().startswith(("error", "e:", "npm err", "npm error"))]
        raise OrposeError(
            f"cannot download the {label}: {(wrong or lines)[0].strip()} (is the network reachable? if so, {hint})"
        )


def _read_tar(archive: Path, content: bytes, members: Sequence[str]) -> dict[str, bytes]:
    contents: dict[str, bytes] = {}
    try:
        with tarfile.open(fileobj=BytesIO(content)) as tar:
            for entry in tar:
                if entry.name in members and (file := tar.extractfile(entry)) is not None:
                    contents[entry.name] = file.read()
    except (tarfile.TarError, EOFError, OSError):
        raise _damaged(archive) from None
    for member in members:
        if member not in contents:
            raise _lacking(archive, member)
    return contents


def _damaged(archive: Path) -> OrposeError:
    return OrposeError(f"{archive}: the archive is damaged; download it again")


def _lacking(archive: Path, member: str) -> OrposeError:
    return OrposeError(f"{archive}: the archive does not contain {member}")
