"""Networks, training, evaluation and runtime of orpose: plain Python, no ROS."""

import os

__version__ = "0.1.0"

# ONNX Runtime's wheels report to its maker, over the network, what is run; they read this when they are imported.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
