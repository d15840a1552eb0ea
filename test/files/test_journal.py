from pathlib import Path

import pytest

from orpose_models.files.journal import Journal, identity_of, read_journal


def test_a_new_journal_is_empty(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "journal"
    assert read_journal(path, {"a": 1}) == []
    journal = Journal(path, {"a": 1})
    assert (journal.entries, journal.set_aside) == ([], False)
    journal.close()
    assert read_journal(path, {"a": 1}) == []


def test_entries_come_back_in_order(tmp_path: Path) -> None:
    for entries in ([1, "two"], [{"three": [3.5, None]}]):
        journal = Journal(tmp_path / "journal", {"a": (1, "x"), "b": None})
        for entry in entries:
            journal.append(entry)
        journal.close()
    again = Journal(tmp_path / "journal", {"b": None, "a": [1, "x"]})
    assert (again.entries, again.set_aside) == ([1, "two", {"three": [3.5, None]}], False)


@pytest.mark.parametrize("rest", ['{"three": ', "\x00\x00", "3"])
def test_a_last_line_cut_short_is_dropped(tmp_path: Path, rest: str) -> None:
    path = tmp_path / "journal"
    journal = Journal(path, {})
    journal.append(1)
    journal.append(2)
    journal.close()
    path.write_text(path.read_text() + rest)
    again = Journal(path, {})
    assert again.entries == [1, 2]
    again.append(3)
    again.close()
    assert read_journal(path, {}) == [1, 2, 3]


def test_what_follows_a_damaged_line_is_dropped(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    path.write_text(f"{_head(tmp_path)}\n1\n{{\n3\n")
    assert read_journal(path, {}) == [1]


def test_a_journal_says_of_what_work_it_is(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    assert identity_of(path) is None
    Journal(path, {"model": "a", "size": (1, 2)}).close()
    assert identity_of(path) == {"model": "a", "size": [1, 2]}
    path.write_text("no journal\n")
    assert identity_of(path) is None


def test_a_journal_of_other_work_does_not_count(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    journal = Journal(path, {"model": "a"})
    journal.append(1)
    journal.close()
    assert read_journal(path, {"model": "b"}) == []
    other = Journal(path, {"model": "b"})
    assert (other.entries, other.set_aside) == ([], True)
    other.append(2)
    other.close()
    assert read_journal(path, {"model": "b"}) == [2]
    Journal(path, {"model": "b"}).close(remove=True)
    assert not path.exists()


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b"[1]\n[2]\n"])
def test_files_that_are_no_journal_do_not_count(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "journal").write_bytes(content)
    journal = Journal(tmp_path / "journal", {})
    assert (journal.entries, journal.set_aside) == ([], content != b"")


def _head(folder: Path) -> str:
    journal = Journal(folder / "other", {})
    journal.close()
    return (folder / "other").read_text().splitlines()[0]
