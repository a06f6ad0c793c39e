"""SQLite's errors in words an operator can act on."""

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from hemalens.errors import StorageError

_FULL: Final = "the disk is full; make room, then continue: all counted frames are kept"
_IN_USE: Final = "another count is using it; wait until that ends, or end it"
_DAMAGED: Final = (
    "it is damaged or no count of HemaLens; nothing was changed: keep a copy, and "
    "choose another folder"
)
_NO_PERMISSION: Final = "no permission to write there; change it, or choose another"
_WORDS: Final = {
    sqlite3.SQLITE_FULL: _FULL,
    sqlite3.SQLITE_BUSY: _IN_USE,
    sqlite3.SQLITE_LOCKED: _IN_USE,
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_NOTADB: _DAMAGED,
    sqlite3.SQLITE_READONLY: _NO_PERMISSION,
    sqlite3.SQLITE_PERM: _NO_PERMISSION,
    sqlite3.SQLITE_CANTOPEN: "it is not there, or there is no permission to open it",
    sqlite3.SQLITE_IOERR: (
        "the disk does not take or give data: is it full, worn out or removed? All "
        "counted frames are kept"
    ),
}
_WHEN_WRITING: Final = {
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR_WRITE,
    sqlite3.SQLITE_IOERR_FSYNC,
    sqlite3.SQLITE_IOERR_DIR_FSYNC,
    sqlite3.SQLITE_IOERR_TRUNCATE,
}
_MAKE_ROOM: Final = "make room, then continue: all counted frames are kept"
_ADVICE: Final = {
    errno.ENOSPC: _MAKE_ROOM,
    errno.EDQUOT: _MAKE_ROOM,
    errno.EFBIG: _MAKE_ROOM,
}


@contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into one line about the file.

    Raises
    ------
    StorageError
        For every error of SQLite.
    """
    try:
        yield
    except sqlite3.Error as error:
        # The upper bits of a code tell the variety, the lowest eight the kind.
        code = getattr(error, "sqlite_errorcode", 0)
        doing = "write" if code in _WHEN_WRITING else "use"
        reason = _WORDS.get(
            code & 0xFF, f"{error}; try again, or choose another folder"
        )
        raise StorageError(f"cannot {doing} the count in {path}: {reason}") from error


@contextmanager
def file_errors(doing: str, path: Path) -> Iterator[None]:
    """Turn the operating system's errors into one line about a file or folder.

    Raises
    ------
    StorageError
        "cannot write R: No space left on device; make room, …", where `doing` is
        "write".
    """
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        advice = _ADVICE.get(error.errno or 0, "choose another folder")
        raise StorageError(f"cannot {doing} {path}: {reason}; {advice}") from error


def damaged(path: Path) -> StorageError:
    """Give the error of a file whose content cannot be a count's."""
    return StorageError(f"cannot use the count in {path}: {_DAMAGED}")
