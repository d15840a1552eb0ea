"""ROS messages as arrays and back, by duck typing: no ROS is imported."""
