"""Who is in a recording, from frame to frame:  python examples/video.py recording.mp4 [downsample]

The model sees images reduced by `downsample`, 8 unless another factor is given: too coarse for a face.
"""

import sys

import orpose_models as orpose


def main(recording: str, downsample: float = 8.0) -> None:
    model = orpose.load("orpose-all-light", downsample=downsample, tracking=True)
    frames = orpose.open_frames(recording)
    for frame in frames.frames(stride=5):
        seconds = (frame.stamp_ns or 0) / 1e9
        poses = model.predict(frame.image, time=seconds)
        print(f"{seconds:7.2f} s: persons {sorted(poses.ids.tolist())}")
    for problem in frames.problems:
        print(f"left out: {problem}")


if __name__ == "__main__":
    main(sys.argv[1], *map(float, sys.argv[2:]))
