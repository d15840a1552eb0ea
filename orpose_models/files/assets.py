"""Third-party files that the project uses but does not contain: network weights and footage.

They come from ordinary packages, by name, through the packages' own clients (npm, pip, apt-get), only
when asked for (`orpose fetch`). Every file's SHA-256 is pinned here; the licence is kept beside it.
"""

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

from orpose_models.files.disk import atomic_path
from orpose_models.files.packages import Apt, Npm, Package, Pip
from orpose_models.vocabulary.errors import OrposeError

NPM_HUMAN = Npm("@vladmandic/human", "3.3.6")
PIP_POSE2SIM = Pip("pose2sim", "0.10.49")
APT_OPENCV_DOC = Apt("opencv-doc")


@dataclass(frozen=True)
class AssetFile:
    """One file of an asset: its path inside the package's archive, its size and SHA-256 (None: may vary)."""

    member: str
    size: int | None
    sha256: str | None
    name: str | None = None  # what it is called in the cache; the member's own name if None

    @property
    def local_name(self) -> str:
        return self.name or self.member.rsplit("/", 1)[-1]


@dataclass(frozen=True)
class Asset:
    """Files that belong together; they are cached in a folder of the asset's name.

    Attributes:
        group: a name that `fetch` understands as "all assets of this group".
        notice: what the files are, who made them and under which licence; written beside them.
    """

    group: str
    package: Package
    files: tuple[AssetFile, ...]
    notice: str


_HUMAN_LICENCE = AssetFile("package/LICENSE", 1067, "9a3442b79acaf4fbc7c2e07b7e2d8f84af9bb3871bf08a69d80304ab00640e9a")

ASSETS: dict[str, Asset] = {
    "centernet": Asset(
        "weights",
        NPM_HUMAN,
        (
            AssetFile(
                "package/models/centernet.json",
                201673,
                "bfb942eaacc5becf738d536663bc4580a0ae9e560722306e6d4dd7fe4a09de05",
            ),
            AssetFile(
                "package/models/centernet.bin",
                4030290,
                "1b635a15009071f506f9f2b3519b31c072c534888989f30d269ffd44734ef7ef",
            ),
            _HUMAN_LICENCE,
        ),
        "MobileNetV3-CenterNet 512, an object detector trained on COCO, as a TensorFlow.js graph model.\n"
        "Distributed in the npm package @vladmandic/human 3.3.6 under the MIT licence (LICENSE beside this file).\n",
    ),
    "movenet-lightning": Asset(
        "weights",
        NPM_HUMAN,
        (
            AssetFile(
                "package/models/movenet-lightning.json",
                161813,
                "df8cbde44d00f533ccc4916a7c6ebc17316532fb3fadad114ec667fef22872e9",
            ),
            AssetFile(
                "package/models/movenet-lightning.bin",
                4650216,
                "bf97bc10d9c8a11200b0190ed64ce039b6252f1aff7cb552aca99b3d191c2f34",
            ),
            _HUMAN_LICENCE,
        ),
        "MoveNet SinglePose Lightning by Google, a COCO-17 keypoint network, as a TensorFlow.js graph model.\n"
        "Apache License, Version 2.0 (https://www.apache.org/licenses/LICENSE-2.0).\n"
        "Distributed in the npm package @vladmandic/human 3.3.6, itself under the MIT licence (LICENSE beside "
        "this file).\n",
    ),
    "multiperson": Asset(
        "footage",
        PIP_POSE2SIM,
        (
            AssetFile(
                "Pose2Sim/Demo_MultiPerson/videos/cam01.mp4",
                764061,
                "543cee6a4c2c2b52dc9eac9137ee63d14f1f84e706a9a7264769edcb11e5ea53",
            ),
            AssetFile(
                "Pose2Sim/Demo_MultiPerson/videos/cam02.mp4",
                610385,
                "8895092a7cf26359205a427b7ac2f4a935c2e0bd36d9b7a5140cb33faa468a6b",
            ),
            AssetFile(
                "Pose2Sim/Demo_MultiPerson/videos/cam03.mp4",
                801091,
                "d3daf48cdf9f5603868ddb99166ddaf9b12279e7ce968922926560d5fd3f0c99",
            ),
            AssetFile(
                "Pose2Sim/Demo_MultiPerson/videos/cam04.mp4",
                877130,
                "1490149dc40e7301fa5ceae23862b044ba5c398a8b2a40df21ed894702728c09",
            ),
            AssetFile(
                "Pose2Sim/Demo_MultiPerson/calibration/Calib.qca.txt",
                4843,
                "fd90e4bbae3278ef1dc0cdd42a34ee06bf88286f628a02c00a29407aa39e34c5",
            ),
            AssetFile(
                "pose2sim-0.10.49.dist-info/licenses/LICENSE",
                1521,
                "7f8a9ede713463b96d261a39c3ec404748c8e4f528c795e5f8cb18898ed944cf",
            ),
        ),
        "Demonstration footage of several people seen by four calibrated cameras, with its calibration.\n"
        "From the Python package pose2sim 0.10.49, BSD 3-Clause (LICENSE beside this file).\n",
    ),
    "surveillance": Asset(
        "optional",
        APT_OPENCV_DOC,
        (
            AssetFile(
                "./usr/share/doc/opencv-doc/examples/data/vtest.avi",
                8131690,
                "45cddc9490be69345cbdab64ca583be65987e864ca408038e648db99e10516cf",
            ),
            # The distribution's licence summary is edited from version to version of the package.
            AssetFile("./usr/share/doc/opencv-doc/copyright", None, None, "LICENSE"),
        ),
        "Pedestrians seen by a raised surveillance camera, one of OpenCV's sample videos.\n"
        "From the Debian/Ubuntu package opencv-doc; its copyright file is LICENSE beside this file.\n",
    ),
}

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
