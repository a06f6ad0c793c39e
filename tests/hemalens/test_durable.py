"""What is left of a file when the power fails right after it was written."""

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from hemalens.durable import create_file, write_file
from hemalens.errors import StorageError
from hemalens.files import write_whole
from tests.edge.update.power_cuts import Disk

Write = Callable[[Path, bytes], None]


def write_pieces(path: Path, content: bytes) -> None:
    write_file(path, (content[n : n + 3] for n in range(0, len(content), 3)))


def create(path: Path, content: bytes) -> None:
    create_file(path, content, mode=0o600)


WRITES = (write_whole, write_file, write_pieces)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "root"
    folder.mkdir()
    (folder / "old").write_bytes(b"before")
    return folder


@pytest.fixture
def rebooted(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[], Path]:
    """Show the folder as if all were lost that was not synced."""
    disk, sync = Disk(root), os.fsync

    def syncing(descriptor: int) -> None:
        sync(descriptor)
        disk.sync(descriptor)

    def left() -> Path:
        disk.write_out(tmp_path / "left")
        return tmp_path / "left"

    monkeypatch.setattr(os, "fsync", syncing)
    return left


@pytest.mark.parametrize("write", [*WRITES, create])
def test_new_file_is_there_after_a_power_cut(
    root: Path, rebooted: Callable[[], Path], write: Write
) -> None:
    write(root / "new", b"content")
    left = rebooted()
    assert {path.name for path in left.iterdir()} == {"old", "new"}
    assert (left / "new").read_bytes() == b"content"


@pytest.mark.parametrize("write", WRITES)
def test_changed_file_is_the_new_one_after_a_power_cut(
    root: Path, rebooted: Callable[[], Path], write: Write
) -> None:
    write(root / "old", b"after")
    assert (rebooted() / "old").read_bytes() == b"after"


def test_folders_made_for_a_file_are_there_after_a_power_cut(
    root: Path, rebooted: Callable[[], Path]
) -> None:
    write_whole(root / "a" / "b" / "new", b"content")
    assert (rebooted() / "a" / "b" / "new").read_bytes() == b"content"


@pytest.mark.parametrize("write", WRITES)
def test_what_cannot_be_synced_leaves_the_old_file_alone(
    root: Path, monkeypatch: pytest.MonkeyPatch, write: Write
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, f"No space left for {descriptor}")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises((OSError, StorageError), match="No space left"):
        write(root / "old", b"after")
    assert [path.name for path in root.iterdir()] == ["old"]
    assert (root / "old").read_bytes() == b"before"


@pytest.mark.parametrize("write", [*WRITES, create])
def test_share_that_syncs_no_folder_can_be_written(
    root: Path, monkeypatch: pytest.MonkeyPatch, write: Write
) -> None:
    def files_alone(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "Invalid argument")

    monkeypatch.setattr(os, "fsync", files_alone)
    write(root / "new", b"content")
    assert (root / "new").read_bytes() == b"content"


def test_created_file_takes_the_place_of_none(root: Path) -> None:
    with pytest.raises(FileExistsError):
        create(root / "old", b"after")
    assert (root / "old").read_bytes() == b"before"


def test_permissions_are_those_asked_for_whatever_the_mask(root: Path) -> None:
    mask = os.umask(0o077)
    try:
        write_file(root / "open", b"")
        write_file(root / "closed", b"", mode=0o600)
        write_whole(root / "masked", b"")
    finally:
        os.umask(mask)
    modes = {path.name: path.stat().st_mode & 0o777 for path in root.iterdir()}
    assert modes["open"] == 0o644
    assert modes["closed"] == modes["masked"] == 0o600
