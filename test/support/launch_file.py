"""Runs a launch file as `ros2 launch` does: python launch_file.py FILE NAME:=VALUE ..."""

import sys

from launch.actions import IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource

from launch import LaunchDescription, LaunchService

if __name__ == "__main__":
    given = [argument.split(":=", 1) for argument in sys.argv[2:]]
    service = LaunchService(argv=sys.argv[2:])
    source = PythonLaunchDescriptionSource(sys.argv[1])
    service.include_launch_description(
        LaunchDescription([IncludeLaunchDescription(source, launch_arguments=[(k, v) for k, v in given])])
    )
    sys.exit(service.run())
