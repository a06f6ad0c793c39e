"""Fetch PBC: download its archive, check it, unpack it, and only then show it."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from hemalens.errors import DatasetError
from train.dataset.download import Listener, download, forget_parts
from train.dataset.published_pbc import PAGE
from train.dataset.unpack import ArchiveError, unpack


class FetchListener(Listener, Protocol):
    """Hears how a fetch goes; it must not raise."""

    def unpacked(self, done: int, total: int) -> None:
        """Hear how many of the archive's files are unpacked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A dataset brought in, and the SHA-256 of the archive it came from."""

    folder: Path
    archive_sha256: str


def fetch(
    url: str,
    folder: Path,
    listener: FetchListener,
    sha256: str | None = None,
    *,
    backoff_s: float = 1.0,
) -> Fetched:
    """Download an archive of class folders and unpack it into a new folder.

    Parameters
    ----------
    url : str
        Where the zip file is, http or https.
    folder : Path
        Missing or empty; afterwards it holds the class folders. What has been
        downloaded stands beside it as ``<name>.zip.part-…`` until it is unpacked,
        so that an interrupted fetch goes on where it was.
    listener : FetchListener
        Hears the progress.
    sha256 : str, optional
        What the archive must hash to. Without it only the checksums inside the
        archive are checked.
    backoff_s : float
        Unit of the growing waits between attempts.

    Returns
    -------
    Fetched

    Raises
    ------
    DatasetError
        When the folder is taken, the archive cannot be had, or is not the one wanted.
    """
    folder = _free_folder(folder)
    part = folder.with_name(f"{folder.name}.zip.part")
    wanted = _checksum(sha256)
    try:
        archive = download(url, part, listener, backoff_s=backoff_s)
    except DatasetError as error:
        raise DatasetError(f"{error}. {_by_hand(folder)}") from error
    try:
        fetched = _unpack_checked(archive, folder, wanted, listener)
    except ArchiveError as error:
        # Nothing to resume: going on with a wrong file would fail for ever.
        forget_parts(part)
        raise ArchiveError(f"{error}; nothing was kept. {_by_hand(folder)}") from error
    forget_parts(part)
    return fetched


def unpack_archive(
    archive: Path, folder: Path, listener: FetchListener, sha256: str | None = None
) -> Fetched:
    """Unpack an archive downloaded by hand, as `fetch` does; the archive stays."""
    wanted = _checksum(sha256)
    return _unpack_checked(archive, _free_folder(folder), wanted, listener)


def _unpack_checked(
    archive: Path, folder: Path, wanted: str | None, listener: FetchListener
) -> Fetched:
    try:
        with archive.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DatasetError(f"cannot read {archive}: {error.strerror}") from error
    if wanted and digest != wanted:
        raise ArchiveError(f"wanted an archive of SHA-256 {wanted}, this is {digest}")
    unpack(archive, folder, listener.unpacked)
    return Fetched(folder=folder, archive_sha256=digest)


def _free_folder(folder: Path) -> Path:
    """Resolve the folder, make its parent, and see that nothing is in it."""
    try:
        folder = folder.resolve()
        folder.parent.mkdir(parents=True, exist_ok=True)
        taken = folder.exists() and any(folder.iterdir())
    except (OSError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise DatasetError(f"cannot make {folder}: {reason}") from error
    if taken:
        raise DatasetError(
            f"{folder} is not empty: give a new folder, or check this one with "
            f"hemalens dataset verify {folder}"
        )
    return folder


def _checksum(sha256: str | None) -> str | None:
    if sha256 is None:
        return None
    wanted = sha256.strip().lower()
    if len(wanted) != 64 or not set(wanted) <= set("0123456789abcdef"):
        raise DatasetError(f"a SHA-256 has 64 hexadecimal digits, not {sha256!r}")
    return wanted


def _by_hand(folder: Path) -> str:
    return (
        f"By hand: download the archive from {PAGE} in a browser, then "
        f"hemalens dataset fetch {folder} --archive FILE, then "
        f"hemalens dataset verify {folder}"
    )
