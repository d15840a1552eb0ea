"""The ament_python package `orpose_ros`; it installs the plain-Python `orpose_models` along with the nodes."""

import os
from pathlib import Path

from setuptools import find_packages, setup


def files(folder: str, pattern: str) -> list[str]:
    """The files of a folder, as setuptools wants them: relative and sorted."""
    return sorted(str(path) for path in Path(folder).glob(pattern))


def requirements(name: str) -> list[str]:
    """What a file in requirements/ names, and what those that it includes name."""
    found = []
    # colcon runs a link to this file in its build folder, where there is nothing else but the packages.
    folder = Path(__file__).resolve().parent / "requirements"
    for line in (folder / f"{name}.txt").read_text().splitlines():
        line = line.partition("#")[0].strip()
        if line.startswith("-r "):
            found += requirements(line[3:].removesuffix(".txt"))
        elif line:
            found.append(line)
    return found


# colcon installs what a robot runs; the laboratory comes with `pip install .[lab]`.
LEFT_OUT = ["orpose_models.lab*"] if os.environ.get("COLCON") == "1" else []

setup(
    name="orpose_ros",
    version="0.1.0",
    python_requires=">=3.10",
    packages=find_packages(include=["orpose_models*", "orpose_ros*"], exclude=LEFT_OUT),
    # The message definitions go along (a link in the checkout), so that bags can be read and written without ROS.
    package_data={
        "orpose_models": ["weights/*", "models/*/*", "msg/*.msg", "adaptation/*.json", "view/*.html"],
    },
    data_files=[
        ("share/ament_index/resource_index/packages", ["resource/orpose_ros"]),
        ("share/orpose_ros", ["package.xml"]),
        ("share/orpose_ros/launch", files("launch", "*.launch.py")),
        ("share/orpose_ros/config", files("config", "*.yaml") + files("config", "*.xml") + files("config", "*.json")),
        ("share/orpose_ros/config/reproduce", files("config/reproduce", "*.yaml")),
        ("share/orpose_ros/config/train/light", files("config/train/light", "*.yaml")),
        ("share/orpose_ros/config/train/paper", files("config/train/paper", "*.yaml")),
        ("share/orpose_ros/rviz", files("rviz", "*.rviz")),
    ],
    install_requires=requirements("runtime"),
    extras_require={name: requirements(name) for name in ("command", "train", "lab", "openvino", "test")},
    zip_safe=False,
    maintainer="orpose maintainers",
    maintainer_email="maintainers@orpose.invalid",
    description="Camera-only multi-person 2D/3D human pose for the operating room",
    license="Apache-2.0",
    entry_points={
        "console_scripts": [
            "orpose = orpose_ros.tools.command:main",
            "pose_node = orpose_ros.pose_node:main",
            "fusion_node = orpose_ros.fusion_node:main",
            "web_view = orpose_ros.web_view:main",
        ]
    },
)
