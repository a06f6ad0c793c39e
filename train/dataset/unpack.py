"""Unpack a dataset's archive without trusting it.

The archive goes into a folder beside the wanted one, which takes its place only when
every member is there and has its checksum.
"""

import errno
import shutil
import stat
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Final

from hemalens.classes import CLASS_NAMES
from hemalens.errors import DatasetError

MAXIMUM_BYTES: Final = 8 << 30
"""Unpacked archives above this are refused; PBC takes about 0.3 GB."""

MAXIMUM_MEMBERS: Final = 200_000
"""Archives of more files are refused; PBC has 17,093."""

_MAXIMUM_DEPTH: Final = 3
_MACOS_FOLDER: Final = "__MACOSX"

Progress = Callable[[int, int], None]
"""Told how many files of an archive were unpacked, of how many."""


class ArchiveError(DatasetError):
    """An archive that is broken, unsafe or another: its file is of no use."""


def unpack(
    archive: Path, folder: Path, progress: Progress = lambda _done, _total: None
) -> None:
    """Unpack the class folders of an archive into a new folder.

    Folders around them are left away, and an archive within the archive is unpacked
    in its turn; so is what macOS adds to an archive.

    Parameters
    ----------
    archive : Path
        A zip file.
    folder : Path
        Missing or empty; afterwards it holds the class folders.
    progress : callable
        Called after each file.

    Raises
    ------
    ArchiveError
        When the archive is broken, unsafe, too large or holds no class folder.
    DatasetError
        When the disk is full or not writable.

    Notes
    -----
    Whatever is raised, nothing unpacked is left behind.
    """
    unpacking = folder.with_name(f"{folder.name}.unpacking")
    try:
        # One left by a run that was killed.
        shutil.rmtree(unpacking, ignore_errors=True)
        unpacking.mkdir()
        _extract(archive, unpacking / "0", progress)
        _class_root(unpacking, progress).replace(folder)
    except OSError as error:
        reason = error.strerror or str(error)
        raise DatasetError(f"cannot unpack into {folder}: {reason}") from error
    finally:
        shutil.rmtree(unpacking, ignore_errors=True)


def _class_root(unpacking: Path, progress: Progress) -> Path:
    """Find the folder of the class folders, through archives within the archive."""
    for depth in range(1, _MAXIMUM_DEPTH + 1):
        folders = [unpacking, *(p for p in _below(unpacking) if p.is_dir())]
        for folder in folders:
            if any((folder / name).is_dir() for name in CLASS_NAMES):
                return folder
        inner = [p for p in _below(unpacking) if p.suffix.lower() == ".zip"]
        if len(inner) != 1 or depth == _MAXIMUM_DEPTH:
            break
        _extract(inner[0], unpacking / str(depth), progress)
        inner[0].unlink()
    raise ArchiveError(
        f"the archive holds no class folder ({', '.join(CLASS_NAMES)}): is it PBC's?"
    )


def _below(folder: Path) -> list[Path]:
    """List everything below, the shallowest first."""
    return sorted(folder.rglob("*"), key=lambda p: (len(p.parts), p))


def _extract(archive: Path, folder: Path, progress: Progress) -> None:
    """Extract an archive; reading a member to its end checks its CRC."""
    try:
        with zipfile.ZipFile(archive) as opened:
            members = _checked_members(opened)
            require_room(folder.parent, sum(m.file_size for m in members))
            for done, member in enumerate(members, 1):
                opened.extract(member, folder)
                progress(done, len(members))
    # ValueError: a member's name that is no UTF-8. RuntimeError: an encrypted member,
    # or one compressed by a method that is not known here.
    except (
        *(zipfile.BadZipFile, zlib.error, EOFError),
        *(ValueError, RuntimeError),
    ) as error:
        raise ArchiveError(f"the archive is no sound zip file: {error}") from error


def _checked_members(opened: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """Return the files to extract, having looked at every member."""
    members = [m for m in opened.infolist() if not m.is_dir()]
    # A member gives no more bytes than it declares, so the sum bounds what is written.
    size = sum(member.file_size for member in members)
    if len(members) > MAXIMUM_MEMBERS or size > MAXIMUM_BYTES:
        raise ArchiveError(
            f"the archive holds {len(members)} files of {size >> 20} MiB; "
            f"the limits are {MAXIMUM_MEMBERS} and {MAXIMUM_BYTES >> 20} MiB"
        )
    for member in opened.infolist():
        if fault := _fault(member):
            name = ascii(member.filename)
            raise ArchiveError(f"the archive is not safe to unpack: {name} {fault}")
    return [m for m in members if _MACOS_FOLDER not in m.filename.split("/")]


def _fault(member: zipfile.ZipInfo) -> str | None:
    """Say what is unsafe; extracted none the less, it would land in the folder."""
    path = PurePosixPath(member.filename)
    if path.is_absolute() or ".." in path.parts:
        return "leads out of the folder"
    kind = stat.S_IFMT(member.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "is a link or a special file"
    return None


def require_room(folder: Path, wanted_bytes: int) -> None:
    """Refuse to fill a disk.

    Raises
    ------
    OSError
        When less is free.
    """
    free = shutil.disk_usage(folder).free
    if free < wanted_bytes:
        message = f"{wanted_bytes >> 20} MiB wanted, {free >> 20} MiB free"
        raise OSError(errno.ENOSPC, message)
