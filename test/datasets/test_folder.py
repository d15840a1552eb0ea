"""What is taken of a folder, in what order, and what is said of the rest."""

import os
from pathlib import Path

import pytest

from orpose_models.datasets.folder import list_images
from orpose_models.vocabulary.errors import OrposeError


def put(folder: Path, *names: str, content: bytes = b"") -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


def names(folder: Path) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in list_images(folder).images]


def test_an_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(OrposeError, match=r"no images in this folder \(looked for .*\.bmp, .*\)$"):
        list_images(tmp_path)


def test_no_folder(tmp_path: Path) -> None:
    put(tmp_path, "a.txt")
    with pytest.raises(OrposeError, match=r"absent: no such folder or video"):
        list_images(tmp_path / "absent")
    with pytest.raises(OrposeError, match=r"a\.txt: neither a folder, a video nor a bag"):
        list_images(tmp_path / "a.txt")


def test_numbers_count_as_numbers(tmp_path: Path) -> None:
    put(tmp_path, "1.png", "10.png", "11.png", "2.png", "b10/1.png", "b9/20.png", "b9/3.png", "a.png")
    assert names(tmp_path) == [
        *("1.png", "2.png", "10.png", "11.png"),
        *("a.png", "b9/3.png", "b9/20.png", "b10/1.png"),
    ]


def test_every_suffix_of_a_picture_that_is_read(tmp_path: Path) -> None:
    files = ["a.JPG", "b.jfif", "c.jpe", "d.jp2", "e.gif", "f.tif", "g.pnm", "h.dib"]
    put(tmp_path, *files, "notes.txt", "labels.json", "Thumbs.db")
    assert names(tmp_path) == files
    assert list_images(tmp_path).left_out == ()


def test_linked_folders_are_followed_and_each_is_searched_once(tmp_path: Path) -> None:
    put(tmp_path, "in/a.jpg", "other/g.jpg", "other/.thumbs/g.jpg")
    (tmp_path / "in" / "day2").symlink_to("../other")
    (tmp_path / "in" / "again").symlink_to("../other")
    (tmp_path / "in" / "myself").symlink_to(".")
    assert names(tmp_path / "in") == ["a.jpg", "again/g.jpg"]
    assert list_images(tmp_path / "in").left_out == ()


def test_hidden_folders_and_previews_are_left_alone(tmp_path: Path) -> None:
    put(tmp_path, "a.jpg", ".thumbnails/a.jpg", "@eaDir/a.jpg", "__MACOSX/a.jpg", "._a.jpg", ".hidden.png")
    assert names(tmp_path) == ["a.jpg"]


def test_what_is_left_out_is_named_and_counted(tmp_path: Path) -> None:
    put(tmp_path, "a.jpg", *(f"{i}.heic" for i in (1, 2, 3, 10)), "x.mp4", "y.MOV", "bag/b.mcap")
    put(tmp_path, "frame0001", "b.jpg.bak", content=b"\xff\xd8\xff\xe0 and so on")
    put(tmp_path, "cut", content=b"\x1aE\xdf\xa3 and so on")
    (tmp_path / "gone.jpg").symlink_to("nowhere.jpg")
    os.mkfifo(tmp_path / "pipe.png")
    assert list_images(tmp_path).left_out == tuple(
        f"{tmp_path}: {what}"
        for what in (
            "2 x JPEG pictures under a name that does not say so; rename them (b.jpg.bak, frame0001)",
            "1 x Matroska or WebM videos under a name that does not say so; rename them (cut)",
            "1 x bags beside images, to be given by themselves (bag/b.mcap)",
            "1 x links to nothing (gone.jpg)",
            "4 x pictures of the kind .heic, which is not read; convert them to JPEG or PNG "
            "(1.heic, 2.heic, 3.heic and 1 more)",
            "1 x pipes or devices (pipe.png)",
            "2 x videos beside images, to be given by themselves (x.mp4, y.MOV)",
        )
    )


def test_a_folder_of_other_things_says_what_they_are(tmp_path: Path) -> None:
    put(tmp_path, "a.mp4", "b.mp4")
    with pytest.raises(OrposeError, match=r"no images in this folder .*; .*2 x videos .* \(a\.mp4, b\.mp4\)"):
        list_images(tmp_path)


def test_names_that_are_not_utf_8(tmp_path: Path) -> None:
    for name in (b"S\xe4le.jpg", b"S\xe4le.mp4"):
        (tmp_path / os.fsdecode(name)).write_bytes(b"")
    listing = list_images(tmp_path)
    assert [os.fsencode(path.name) for path in listing.images] == [b"S\xe4le.jpg"]
    assert listing.left_out == (f"{tmp_path}: 1 x videos beside images, to be given by themselves (S\\xe4le.mp4)",)
