"""Files written whole or not at all, and named by their content."""

import contextlib
import hashlib
import os
from pathlib import Path

from hemalens.durable import make_folder, write_file
from hemalens.errors import StorageError


def write_whole(path: Path, content: bytes) -> None:
    """Write a file durably and rename it into place, or leave what was there.

    Raises
    ------
    StorageError
        When it cannot be written: no permission, no space, no folder.
    """
    try:
        make_folder(path.parent)
        write_file(path, content, mode=None, part_suffix=f".{os.getpid()}.part")
    except OSError as error:
        raise StorageError(
            f"cannot write {path}: {error.strerror}; nothing was changed"
        ) from error


def sha256_of(path: Path) -> str:
    """Hash a file's content.

    Raises
    ------
    StorageError
        When it cannot be read.
    """
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise StorageError(f"cannot read {path}: {error.strerror}") from error


def remove_unfinished(path: Path) -> None:
    """Remove what a failed write left, if it left anything."""
    # A folder that cannot be written holds nothing to remove.
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)
