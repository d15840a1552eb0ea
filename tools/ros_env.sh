# The environment of ROS 2 from pip wheels and of what `make build` built:  source tools/ros_env.sh
# With a ROS installation source /opt/ros/<distro>/setup.bash and install/local_setup.bash instead.
# For bash; works from any folder.

orpose_root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
if [ ! -x "$orpose_root/.venv/bin/colcon" ]; then
  echo "error: $orpose_root/.venv has no ROS wheels; run: make build" >&2
  unset orpose_root
  return 2
fi

# colcon's scripts read variables that may be unset.
case $- in *u*) orpose_nounset=1; set +u ;; *) orpose_nounset= ;; esac

export VIRTUAL_ENV="$orpose_root/.venv"
orpose_prepend() { # VARIABLE FOLDER: put the folder first unless it is there already
  case ":${!1}:" in
    *":$2:"*) ;;
    *) export "$1=$2${!1:+:${!1}}" ;;
  esac
}
orpose_prepend PATH "$VIRTUAL_ENV/bin"
orpose_prepend AMENT_PREFIX_PATH "$VIRTUAL_ENV"
orpose_prepend CMAKE_PREFIX_PATH "$VIRTUAL_ENV"
orpose_prepend LD_LIBRARY_PATH "$VIRTUAL_ENV/lib"
export ROS_VERSION=2 ROS_PYTHON_VERSION=3 ROS_DISTRO=kilted
# Fast DDS loses large best-effort images with its defaults; a profile of your own stays in force.
if [ -z "${FASTDDS_BUILTIN_TRANSPORTS:-}${FASTRTPS_DEFAULT_PROFILES_FILE:-}${FASTDDS_DEFAULT_PROFILES_FILE:-}" ] &&
  [ -f "$orpose_root/config/fastdds.xml" ]; then
  export FASTDDS_DEFAULT_PROFILES_FILE="$orpose_root/config/fastdds.xml"
fi
if [ -f "$orpose_root/install/local_setup.bash" ]; then
  source "$orpose_root/install/local_setup.bash"
fi

if [ -n "$orpose_nounset" ]; then set -u; fi
unset orpose_root orpose_nounset
unset -f orpose_prepend
