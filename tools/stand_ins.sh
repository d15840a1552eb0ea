#!/usr/bin/env bash
# Build stand-ins of vision_msgs, tf2_msgs and hri_msgs, which have no wheels, and test the node's outputs of their
# types with them:  tools/stand_ins.sh [FOLDER]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
folder="$(realpath -m "${1:-build/stand_ins}")"
source tools/ros_env.sh
PYTHONPATH="test${PYTHONPATH:+:$PYTHONPATH}" python -m support.stand_ins "$folder/src"
(
  cd "$folder"
  touch COLCON_IGNORE
  COLCON_DEFAULTS_FILE=/dev/null colcon build --base-paths src
)
set +u
source "$folder/install/local_setup.bash"
set -u
python -m pytest -q test/orpose_ros/test_other_outputs.py
