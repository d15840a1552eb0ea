"""The student: one network from image to boxes, 2D keypoints and 3D joints; its losses, decoding and checkpoints."""
