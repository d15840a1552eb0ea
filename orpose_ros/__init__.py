"""ROS 2 nodes and conversions of orpose: the only code that imports rclpy."""
