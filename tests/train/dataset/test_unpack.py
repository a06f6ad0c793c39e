import errno
import io
from dataclasses import dataclass
from pathlib import Path

import pytest

from hemalens.classes import CLASS_NAMES
from hemalens.errors import DatasetError
from tests.train.dataset.made_archive import (
    archive_of,
    archive_with_link,
    damaged,
    dataset_members,
    stored_archive_of,
)
from train.dataset import unpack as unpack_module
from train.dataset.unpack import ArchiveError, unpack


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Give an empty folder in which everything happens."""
    (tmp_path / "place").mkdir()
    return tmp_path / "place"


def unpacked(content: bytes, place: Path) -> set[str]:
    archive = place.parent / "archive.zip"
    archive.write_bytes(content)
    unpack(archive, place / "pbc")
    assert [p.name for p in place.iterdir()] == ["pbc"]
    folder = place / "pbc"
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}


def refused(content: bytes, place: Path) -> str:
    """Give the message, having seen that nothing was left behind."""
    archive = place.parent / "archive.zip"
    archive.write_bytes(content)
    with pytest.raises(DatasetError) as raised:
        unpack(archive, place / "pbc")
    assert list(place.iterdir()) == []
    return str(raised.value)


@pytest.mark.parametrize(
    "wrapper",
    ["", "PBC_dataset_normal_DIB/", "PBC_dataset_normal_DIB/PBC_dataset_normal_DIB/"],
)
def test_folders_around_the_classes_are_left_away(
    tmp_path: Path, place: Path, wrapper: str
) -> None:
    members = dataset_members(tmp_path / "made", wrapper)
    assert unpacked(archive_of(members), place) == {
        name.removeprefix(wrapper) for name in members
    }
    assert {p.name for p in (place / "pbc").iterdir()} == set(CLASS_NAMES)


def test_archive_within_the_archive_is_unpacked(tmp_path: Path, place: Path) -> None:
    members = dataset_members(tmp_path / "made", "PBC_dataset_normal_DIB/")
    inner = {"a dataset/PBC_dataset_normal_DIB.zip": archive_of(members)}
    assert len(unpacked(archive_of(inner), place)) == 8


def test_archives_nested_without_end_are_given_up(place: Path) -> None:
    content = archive_of({"ig/IG_1.jpg": b"-"})
    for _ in range(5):
        content = archive_of({"inner.zip": content})
    assert "no class folder" in refused(content, place)


def test_contents_are_those_of_the_archive(tmp_path: Path, place: Path) -> None:
    members = dataset_members(tmp_path / "made")
    unpacked(archive_of(members), place)
    for name, content in members.items():
        assert (place / "pbc" / name).read_bytes() == content


def test_what_macos_adds_is_left_away(place: Path) -> None:
    members = {"pbc/ig/IG_1.jpg": b"-", "__MACOSX/pbc/ig/._IG_1.jpg": b"-"}
    assert unpacked(archive_of(members), place) == {"ig/IG_1.jpg"}


def test_empty_folder_is_taken_over(tmp_path: Path, place: Path) -> None:
    (place / "pbc").mkdir()
    assert unpacked(archive_of({"ig/IG_1.jpg": b"-"}), place) == {"ig/IG_1.jpg"}


def test_remains_of_a_killed_run_are_cleared(place: Path) -> None:
    (place / "pbc.unpacking" / "0" / "ig").mkdir(parents=True)
    (place / "pbc.unpacking" / "0" / "ig" / "IG_9.jpg").write_bytes(b"half")
    assert unpacked(archive_of({"ig/IG_1.jpg": b"-"}), place) == {"ig/IG_1.jpg"}


@dataclass(frozen=True, slots=True, kw_only=True)
class BadArchive:
    """An archive that must not be unpacked, and why."""

    name: str
    content: bytes
    says: str


def flagged(content: bytes, flag: int, method: int = 0) -> bytes:
    """Set a flag, and a method if any, in the archive's directory."""
    at = content.index(b"PK\x01\x02")
    changed = bytearray(content)
    changed[at + 8] |= flag
    changed[at + 10] = method or changed[at + 10]
    return bytes(changed)


ONE = archive_of({"ig/IG_1.jpg": b"-" * 100})

BAD_ARCHIVES = (
    BadArchive(name="empty file", content=b"", says="no sound zip"),
    BadArchive(name="a web page", content=b"<!doctype html>" * 9, says="no sound zip"),
    BadArchive(name="its end is missing", content=ONE[:-30], says="no sound zip"),
    BadArchive(
        name="wrong CRC",
        content=damaged(stored_archive_of({"ig/IG_1.jpg": b"pixels"}), b"pixels"),
        says="Bad CRC-32",
    ),
    BadArchive(name="no member", content=archive_of({}), says="no class folder"),
    BadArchive(
        name="another dataset",
        content=archive_of({"cats/1.jpg": b"-"}),
        says="no class folder",
    ),
    BadArchive(
        name="upwards",
        content=archive_of({"../ig/IG_1.jpg": b"-"}),
        says="leads out",
    ),
    BadArchive(
        name="upwards inside",
        content=archive_of({"ig/../../../IG_1.jpg": b"-"}),
        says="leads out",
    ),
    BadArchive(
        name="absolute",
        content=archive_of({"/tmp/ig/IG_1.jpg": b"-"}),
        says="leads out",
    ),
    BadArchive(
        name="backslashes",
        content=archive_of({"..\\ig\\IG_1.jpg": b"-"}),
        says="no class folder",
    ),
    BadArchive(name="link", content=archive_with_link(), says="link"),
    BadArchive(name="encrypted", content=flagged(ONE, 1), says="encrypted"),
    BadArchive(name="method", content=flagged(ONE, 0, 99), says="not supported"),
    BadArchive(
        name="file that is a folder too",
        content=archive_of({"ig": b"-", "ig/IG_1.jpg": b"-"}),
        says="cannot unpack",
    ),
)


@pytest.mark.parametrize("case", BAD_ARCHIVES, ids=lambda case: case.name)
def test_bad_archive_is_refused_and_leaves_nothing(
    place: Path, case: BadArchive
) -> None:
    message = refused(case.content, place)
    assert case.says in message
    assert "\n" not in message


def test_nothing_is_written_outside_before_a_late_bad_member(place: Path) -> None:
    members = {"ig/IG_1.jpg": b"-", "ig/../../IG_2.jpg": b"-"}
    assert "leads out" in refused(archive_of(members), place)


@pytest.mark.parametrize("limit", ["MAXIMUM_BYTES", "MAXIMUM_MEMBERS"])
def test_archive_over_a_limit_is_refused(
    place: Path, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    monkeypatch.setattr(unpack_module, limit, 1)
    members = {"ig/IG_1.jpg": b"--", "ig/IG_2.jpg": b"--"}
    assert "the limits are" in refused(archive_of(members), place)


def test_disk_without_room_is_told_before_writing(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = type(unpack_module.shutil.disk_usage("."))(10, 10, 0)
    monkeypatch.setattr(unpack_module.shutil, "disk_usage", lambda _path: usage)
    assert "MiB" in refused(ONE, place)


def test_disk_that_fills_on_the_way_leaves_nothing(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fill(_source: object, file: io.BufferedWriter, *_: object) -> None:
        file.write(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(unpack_module.shutil, "copyfileobj", fill)
    assert "No space left" in refused(ONE, place)


def test_full_disk_is_not_the_archives_fault(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = type(unpack_module.shutil.disk_usage("."))(10, 10, 0)
    monkeypatch.setattr(unpack_module.shutil, "disk_usage", lambda _path: usage)
    archive = place.parent / "archive.zip"
    archive.write_bytes(ONE)
    with pytest.raises(DatasetError) as raised:
        unpack(archive, place / "pbc")
    assert not isinstance(raised.value, ArchiveError)


def test_progress_counts_the_files(tmp_path: Path) -> None:
    (tmp_path / "archive.zip").write_bytes(
        archive_of(dataset_members(tmp_path / "made"))
    )
    seen: list[tuple[int, int]] = []
    unpack(
        tmp_path / "archive.zip",
        tmp_path / "pbc",
        lambda d, total: seen.append((d, total)),
    )
    assert seen == [(done, 8) for done in range(1, 9)]
