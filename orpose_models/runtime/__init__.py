"""Image in, poses out: what the command line and the ROS node run."""
