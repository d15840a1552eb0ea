"""From 2D keypoints to 3D joints: the network, its synthetic training data and its training."""
