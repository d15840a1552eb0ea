"""The Fast DDS profile that does not lose large best-effort images, as the default.

With its own defaults Fast DDS moves images through a 512 KB shared-memory segment, in which a 640x480 colour image
does not fit. The profile must be set before `rclpy.init`.
"""

from collections.abc import MutableMapping
from pathlib import Path

# Whoever set one of these has chosen a transport.
_CHOICES = ("FASTDDS_DEFAULT_PROFILES_FILE", "FASTRTPS_DEFAULT_PROFILES_FILE", "FASTDDS_BUILTIN_TRANSPORTS")


def share_folder() -> Path:
    """The folder that holds `config`, `launch` and `rviz`: the checkout, or the installed package's share folder.

    Raises:
        LookupError: neither is there.
    """
    checkout = Path(__file__).resolve().parent.parent
    if (checkout / "config" / "fastdds.xml").is_file():
        return checkout
    from ament_index_python.packages import get_package_share_directory

    return Path(get_package_share_directory("orpose_ros"))


def use_large_image_profile(environment: MutableMapping[str, str]) -> Path | None:
    """Make Fast DDS use the shipped profile unless the user chose a transport or another middleware.

    Args:
        environment: `os.environ`, or a copy for a child process.

    Returns:
        The profile's file, or None if the user's choice was left alone.
    """
    other_middleware = not environment.get("RMW_IMPLEMENTATION", "rmw_fastrtps").startswith("rmw_fastrtps")
    if other_middleware or any(environment.get(name) for name in _CHOICES):
        return None
    profile = share_folder() / "config" / "fastdds.xml"
    if not profile.is_file():
        return None
    environment["FASTDDS_DEFAULT_PROFILES_FILE"] = str(profile)
    return profile
