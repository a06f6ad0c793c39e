"""Changes of the disk that survive a power cut: done wholly and durably, or not at all.

Standard library alone, as all that `edge.update.guard` runs.
"""

import contextlib
import os
from pathlib import Path


def write_file(path: Path, content: bytes) -> None:
    """Put a file in place, or leave what was there.

    Raises
    ------
    OSError
        When it cannot be written.
    """
    part = _part_of(path)
    try:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        try:
            # Root's mask may hide it from the service, which is not root.
            os.fchmod(descriptor, 0o644)
            _write_all(descriptor, content)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.replace(part, path)  # noqa: PTH105  # one spelling for all changes here
    except OSError:
        _drop(part)
        raise
    sync_folder(path.parent)


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
    part = _part_of(link)
    _drop(part)
    os.symlink(target, part)  # noqa: PTH211
    os.replace(part, link)  # noqa: PTH105
    sync_folder(link.parent)


def target_of(link: Path) -> str | None:
    """Say where a symbolic link leads; None where there is none.

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
    sync_folder(path.parent)


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
    sync_folder(path.parent)


def sync_folder(path: Path) -> None:
    """Make the names in a folder durable.

    Raises
    ------
    OSError
        When it cannot.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _part_of(path: Path) -> Path:
    return path.with_name(f".{path.name}.part")


def _write_all(descriptor: int, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _drop(part: Path) -> None:
    # What cannot be removed is written over the next time.
    with contextlib.suppress(OSError):
        os.unlink(part)  # noqa: PTH108
