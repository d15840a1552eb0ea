import xml.etree.ElementTree as ElementTree

import pytest

from orpose_ros.dds import share_folder, use_large_image_profile

PROFILE = share_folder() / "config" / "fastdds.xml"


@pytest.mark.parametrize(
    "environment", [{}, {"RMW_IMPLEMENTATION": "rmw_fastrtps_cpp"}, {"FASTDDS_BUILTIN_TRANSPORTS": ""}]
)
def test_the_profile_is_the_default(environment: dict[str, str]) -> None:
    before = dict(environment)
    assert use_large_image_profile(environment) == PROFILE
    assert environment == {**before, "FASTDDS_DEFAULT_PROFILES_FILE": str(PROFILE)}


@pytest.mark.parametrize(
    "environment",
    [
        {"FASTDDS_DEFAULT_PROFILES_FILE": "/mine.xml"},
        {"FASTRTPS_DEFAULT_PROFILES_FILE": "/mine.xml"},
        {"FASTDDS_BUILTIN_TRANSPORTS": "UDPv4"},
        {"RMW_IMPLEMENTATION": "rmw_cyclonedds_cpp"},
    ],
)
def test_a_users_choice_stays(environment: dict[str, str]) -> None:
    before = dict(environment)
    assert use_large_image_profile(environment) is None
    assert environment == before


def test_the_segment_holds_several_images_of_full_hd() -> None:
    root = ElementTree.parse(PROFILE).getroot()
    namespace = "{http://www.eprosima.com}"
    size = root.find(f".//{namespace}segment_size")
    assert size is not None
    assert int(size.text or 0) >= 8 * 1920 * 1080 * 3
