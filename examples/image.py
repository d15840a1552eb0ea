"""Who is in a picture, and where:  python examples/image.py room.jpg [camera.yaml]"""

import sys

import orpose_models as orpose


def main(picture: str, camera_file: str | None = None) -> None:
    model = orpose.load("orpose-all-light")
    image = orpose.read_image(picture)
    camera = orpose.read_camera(camera_file) if camera_file else None
    poses = model.predict(image, camera)
    print(f"{len(poses)} persons")
    nose = orpose.COCO17.index("nose")
    for i in range(len(poses)):
        x, y = poses.keypoints[i, nose]
        print(
            f"score {poses.box_scores[i]:.2f}, nose at {x:.0f}, {y:.0f} pixels ({poses.keypoint_scores[i, nose]:.2f})"
        )
        if camera is not None:
            print("  pelvis at {:.2f}, {:.2f}, {:.2f} m, +- {:.2f} m".format(*poses.root[i], poses.root_std[i]))


if __name__ == "__main__":
    main(*sys.argv[1:])
