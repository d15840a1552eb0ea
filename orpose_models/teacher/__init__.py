"""The teacher: person detector, 2D keypoints, 3D lifter; test-time augmentation; two sets of pseudo-labels."""
