"""Kinds of files, by their names and by their first bytes."""

from pathlib import Path

_IMAGES = ".jpg .jpeg .jpe .jfif .png .bmp .dib .tif .tiff .webp .ppm .pgm .pbm .pnm .gif .jp2 .j2k"
_VIDEOS = ".mp4 .avi .mov .mkv .webm .m4v .mpg .mpeg .wmv .ts .mts .m2ts .3gp .flv .ogv .vob .mjpeg .mjpg"
# Pictures that are known to be pictures, and not read.
_FOREIGN = ".heic .heif .avif .jxl .psd .svg .exr .hdr .tga .dcm .dng .cr2 .cr3 .nef .arw .raf .orf .rw2 .raw .pfm"

IMAGE_SUFFIXES = frozenset(_IMAGES.split())
VIDEO_SUFFIXES = frozenset(_VIDEOS.split())
FOREIGN_SUFFIXES = frozenset(_FOREIGN.split())
RECORDING_SUFFIXES = frozenset({".mcap", ".db3", ".bag"})

_STARTS = (
    (b"\xff\xd8\xff", "JPEG picture"),
    (b"\x89PNG\r\n\x1a\n", "PNG picture"),
    (b"GIF8", "GIF picture"),
    (b"BM", "BMP picture"),
    (b"II*\0", "TIFF picture"),
    (b"MM\0*", "TIFF picture"),
    (b"\0\0\0\x0cjP  ", "JPEG 2000 picture"),
    (b"8BPS", "Photoshop picture"),
    (b"\x1aE\xdf\xa3", "Matroska or WebM video"),
    (b"\x89MCAP", "bag in MCAP"),
    (b"SQLite format 3\0", "SQLite file"),
    (b"#ROSBAG", "ROS 1 bag"),
)
_BRANDS = ((b"avif", "AVIF picture"), (b"hei", "HEIC picture"), (b"hev", "HEIC picture"), (b"mif1", "HEIC picture"))


def kind_of_content(path: Path) -> str | None:
    """What a file is by its first bytes, such as "JPEG picture"; None if that is unknown or it cannot be read."""
    try:
        with path.open("rb") as file:
            head = file.read(16)
    except OSError:
        return None
    if head[4:8] == b"ftyp":
        return next((kind for brand, kind in _BRANDS if head[8:].startswith(brand)), "MP4 or QuickTime video")
    if head[:4] == b"RIFF":
        return {b"WEBP": "WebP picture", b"AVI ": "AVI video"}.get(head[8:12])
    return next((kind for start, kind in _STARTS if head.startswith(start)), None)
