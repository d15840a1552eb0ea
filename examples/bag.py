"""How far from the camera people in a rosbag2 are, without ROS:  python examples/bag.py recording [topic]"""

import sys

import numpy as np

import orpose_models as orpose


def main(bag: str, topic: str | None = None) -> None:
    model = orpose.load("orpose-all-light", tracking=True)
    images = orpose.open_bag_images(bag, topic)
    for one in images:
        poses = model.predict(one.image, one.camera, one.time)
        away = np.linalg.norm(poses.root, axis=1)  # NaN where the camera is not calibrated
        print(f"{one.time:.3f} s:", *(f"person {i} {d:.2f} m" for i, d in zip(poses.ids, away, strict=True)))
    for problem in images.problems:
        print(f"left out: {problem}")


if __name__ == "__main__":
    main(*sys.argv[1:])
