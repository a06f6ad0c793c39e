"""Changes of the disk that survive a power cut: done wholly and durably, or not at all.

Standard library alone, as all that `edge.update.guard` runs.
"""

import contextlib
import errno
import os
from collections.abc import Iterable
from pathlib import Path


def write_file(
    path: Path,
    content: bytes | Iterable[bytes],
    *,
    mode: int | None = 0o644,
    part_suffix: str = ".part",
) -> None:
    """Put a file in place, or leave what was there.

    Parameters
    ----------
    path : Path
    content : bytes or iterable of bytes
    mode : int, optional
        The file's permissions, whatever the process's mask; None leaves them to that.
    part_suffix : str
        Of the unfinished file's name, which stays after a power cut and is written over
        the next time. Processes that may write the same file at once need their own.

    Raises
    ------
    OSError
        When it cannot be written.
    """
    part = path.with_name(f".{path.name}{part_suffix}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    try:
        _write_synced(os.open(part, flags, mode or 0o666), content, mode)
        os.replace(part, path)  # noqa: PTH105  # one spelling for all changes here
    except BaseException:
        _drop(part)
        raise
    sync_path(path.parent)


def create_file(path: Path, content: bytes, *, mode: int) -> None:
    """Write a file that is new: its name is nobody else's from its first moment.

    Raises
    ------
    FileExistsError
        When there is one already, which stays.
    OSError
        When it cannot be written; nothing is left then.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        _write_synced(descriptor, content, mode)
        sync_path(path.parent)
    except BaseException:
        _drop(path)
        raise


def point(link: Path, target: str | None) -> None:
    """Make a symbolic link lead elsewhere with one rename; None removes it.

    Raises
    ------
    OSError
        When it cannot.
    """
    if target is None:
        remove_file(link)
        return
    part = link.with_name(f".{link.name}.part")
    _drop(part)
    os.symlink(target, part)  # noqa: PTH211
    os.replace(part, link)  # noqa: PTH105
    sync_path(link.parent)


def target_of(link: Path) -> str | None:
    """Read where a symbolic link leads; None where there is none.

    Raises
    ------
    OSError
        When it may not be read: nothing is known then.
    """
    try:
        return os.readlink(link)  # noqa: PTH115  # kept as it was written
    except FileNotFoundError:
        return None


def remove_file(path: Path) -> None:
    """Remove a file or link, if it is there.

    Raises
    ------
    OSError
        When it cannot.
    """
    try:
        os.unlink(path)  # noqa: PTH108
    except FileNotFoundError:
        return
    sync_path(path.parent)


def make_folder(path: Path) -> None:
    """Make a folder and those above it, where they are missing.

    Raises
    ------
    OSError
        When it cannot.
    """
    if path.is_dir():
        return
    make_folder(path.parent)
    with contextlib.suppress(FileExistsError):
        os.mkdir(path, 0o755)  # noqa: PTH102
    sync_path(path.parent)


def sync_path(path: Path) -> None:
    """Make a file's content, a disk's, or the names in a folder durable.

    Raises
    ------
    OSError
        When it cannot.
    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        # Some network shares sync no folder: a name there is as durable as can be.
        if error.errno != errno.EINVAL or not path.is_dir():
            raise
    finally:
        os.close(descriptor)


def _write_synced(
    descriptor: int, content: bytes | Iterable[bytes], mode: int | None
) -> None:
    try:
        if mode is not None:
            # Root's mask may hide it from the service, which is not root.
            os.fchmod(descriptor, mode)
        for piece in (content,) if isinstance(content, bytes) else content:
            rest = memoryview(piece)
            while rest:
                rest = rest[os.write(descriptor, rest) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _drop(part: Path) -> None:
    # What cannot be removed is written over the next time.
    with contextlib.suppress(OSError):
        os.unlink(part)  # noqa: PTH108
