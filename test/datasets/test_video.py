"""Videos: the times of their frames are the container's, whatever the header says of rates and counts."""

import os
import shutil
import struct
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from orpose_models.datasets.frames import open_frames
from orpose_models.vocabulary.errors import OrposeError

UNEVEN = [0, 33, 66, 99, 599, 1099, 1599, 1632, 1665]  # ms


def write(
    path: Path,
    stamps: Sequence[int],
    codec: str = "libx264",
    base: Fraction = Fraction(1, 1000),
    rate: int = 30,
    pix_fmt: str = "yuv420p",
    options: dict[str, str] | None = None,
) -> None:
    """A video whose k-th frame is of brightness 20 k, at given times in units of `base`."""
    with av.open(path, "w", options=options or {}) as container:
        stream = container.add_stream(codec, rate=rate)
        stream.width, stream.height, stream.pix_fmt = 64, 48, pix_fmt
        stream.codec_context.time_base = base
        for k, stamp in enumerate(stamps):
            image = np.full((48, 64, 3), 20 * k % 240, np.uint8)
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.pts, frame.time_base = stamp, base
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def stamps_ms(path: Path) -> list[int]:
    return [round((frame.stamp_ns or 0) / 1e6) for frame in open_frames(path).frames()]


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".mov"])
def test_frames_have_the_times_of_the_container(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    write(path, UNEVEN)
    source = open_frames(path)
    frames = list(source.frames())
    assert [round(frame.stamp_ns / 1e6) for frame in frames if frame.stamp_ns is not None] == UNEVEN
    assert [round(float(frame.image.mean()) / 20) for frame in frames] == list(range(9))
    assert (len(source), source.problems) == (9, [])
    assert [frame.stamp_ns for frame in source.frames(stride=4)] == [frames[k].stamp_ns for k in (0, 4, 8)]


def test_a_recording_that_starts_late_starts_at_zero(tmp_path: Path) -> None:
    write(tmp_path / "a.mkv", [5000 + 33 * k for k in range(10)])
    source = open_frames(tmp_path / "a.mkv")
    assert [frame.stamp_ns for frame in source.frames()] == [33_000_000 * k for k in range(10)]
    assert source.problems == []


def test_dropped_frames_leave_their_time_and_no_complaint(tmp_path: Path) -> None:
    write(tmp_path / "a.avi", [0, 1, 3, 4, 6, 7, 9, 10], "mjpeg", Fraction(1, 25), 25, "yuvj420p")
    source = open_frames(tmp_path / "a.avi")
    assert [frame.index for frame in source.frames()] == list(range(8))
    assert stamps_ms(tmp_path / "a.avi") == [0, 40, 120, 160, 240, 280, 360, 400]
    assert source.problems == []


def test_what_a_browser_records_has_no_duration(tmp_path: Path) -> None:
    write(tmp_path / "a.webm", UNEVEN, "libvpx", options={"live": "1"})
    source = open_frames(tmp_path / "a.webm")
    assert stamps_ms(tmp_path / "a.webm") == UNEVEN
    assert (len(source), source.problems) == (9, [])


def test_frames_without_times_follow_each_other_at_the_stream_s_rate(tmp_path: Path) -> None:
    write(tmp_path / "a.mjpeg", range(5), "mjpeg", Fraction(1, 25), 25, "yuvj420p")
    assert stamps_ms(tmp_path / "a.mjpeg") == [0, 40, 80, 120, 160]


@pytest.mark.parametrize(("turn", "turns"), [((0, 1, -1, 0), 3), ((-1, 0, 0, -1), 2), ((0, -1, 1, 0), 1)])
def test_a_phone_held_upright(tmp_path: Path, turn: tuple[int, ...], turns: int) -> None:
    """`turns`: anticlockwise quarter turns from the stored frame to the one seen."""
    path = tmp_path / "a.mp4"
    write(path, [0, 40])
    plain = next(open_frames(path).frames()).image
    content = bytearray(path.read_bytes())
    place = content.index(b"tkhd") + 44
    a, b, c, d = (value << 16 for value in turn)
    content[place : place + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(content)
    np.testing.assert_array_equal(next(open_frames(path).frames()).image, np.rot90(plain, turns))


@pytest.mark.parametrize(
    "name",
    [
        b"2026-11-27T10:30:00.mp4",
        b"file:a.mp4",
        b"S\xe4le.mp4",
        b"img_%03d.mp4",
        b"a b'\"|&;.mp4",
        b"\xe6\x89\x8b\xe8\xa1\x93.mp4",
        b"-i.mp4",
    ],
)
def test_any_name_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: bytes) -> None:
    write(tmp_path / "plain.mkv", UNEVEN)
    shutil.move(tmp_path / "plain.mkv", tmp_path / os.fsdecode(name))
    monkeypatch.chdir(tmp_path)
    frames = list(open_frames(Path(os.fsdecode(name))).frames())
    assert len(frames) == 9
    assert frames[8].name == name.decode("utf-8", "backslashreplace") + "#8"
    assert stamps_ms(tmp_path / os.fsdecode(name)) == UNEVEN


def test_a_video_that_is_cut_short_says_so(tmp_path: Path) -> None:
    path = tmp_path / "a.mkv"
    write(path, [100 * k for k in range(100)], "mjpeg", pix_fmt="yuvj420p")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    source = open_frames(path)
    count = len(list(source.frames()))
    assert 40 < count < 60
    (problem,) = source.problems
    assert problem.startswith(f"{path}: ")
    assert f"{count} frames" in problem


def test_a_damaged_piece_costs_only_itself(tmp_path: Path) -> None:
    path = tmp_path / "a.mov"
    write(path, [40 * k for k in range(20)], "png", pix_fmt="rgb24")
    content = bytearray(path.read_bytes())
    places = [i for i in range(len(content)) if content.startswith(b"\x89PNG", i)]
    assert len(places) == 20
    content[places[7] : places[7] + 8] = bytes(8)
    path.write_bytes(content)
    source = open_frames(path)
    assert stamps_ms(path) == [40 * k for k in range(20) if k != 7]
    list(source.frames())
    assert [problem.partition(" (")[0] for problem in source.problems] == [
        f"{path}: 1 pieces cannot be decoded, 19 frames can"
    ]


def test_a_play_list_does_not_open_other_files(tmp_path: Path) -> None:
    write(tmp_path / "secret.ts", UNEVEN)
    (tmp_path / "a.mp4").write_text(
        f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nfile://{tmp_path}/secret.ts\n#EXT-X-ENDLIST\n"
    )
    (tmp_path / "b.mkv").write_text("ffconcat version 1.0\nfile secret.ts\n")
    for name in ("a.mp4", "b.mkv"):
        with pytest.raises(OrposeError, match=f"{name}: no frame can be read from this video"):
            open_frames(tmp_path / name)


def test_an_unknown_codec(tmp_path: Path) -> None:
    write(tmp_path / "a.mp4", UNEVEN)
    content = (tmp_path / "a.mp4").read_bytes()
    (tmp_path / "a.mp4").write_bytes(content.replace(b"avc1", b"zzz9").replace(b"avcC", b"zzzC"))
    with pytest.raises(OrposeError, match=r"a\.mp4: no frame can be read from this video; it is of an unknown codec"):
        open_frames(tmp_path / "a.mp4")


def test_sound_alone_is_no_video(tmp_path: Path) -> None:
    with av.open(tmp_path / "a.mp4", "w") as container:
        stream = container.add_stream("aac", rate=8000)
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
        sound.sample_rate, sound.pts = 8000, 0
        container.mux([*stream.encode(sound), *stream.encode(None)])
    with pytest.raises(OrposeError, match=r"a\.mp4: no frame can be read from this video; it holds no pictures"):
        open_frames(tmp_path / "a.mp4")


def test_nothing_but_a_file_is_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp4")
    with pytest.raises(OrposeError, match=r"pipe\.mp4: not a file"):
        open_frames(tmp_path / "pipe.mp4")
