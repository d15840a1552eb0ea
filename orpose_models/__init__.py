"""Networks, training, evaluation and runtime of orpose: plain Python, no ROS."""

__version__ = "0.1.0"
