"""A copy of all the station keeps, in one file, and the way back."""

import shutil
import tarfile
import tempfile
from pathlib import Path
from typing import Final

from edge.station.audit.key import KEY_NAME, AuditKey, read_key, write_key
from edge.station.audit.trail import RESTORED, Detail
from edge.station.audit_check import (
    add_line,
    check_stores,
    copy_database,
    has_own_line,
)
from edge.station.station import DATABASE_NAME, KeyChange, Station
from edge.store import file_errors
from hemalens.errors import StationError

_SETTINGS: Final = "station.toml"


def backup(folder: Path, path: Path) -> str:
    """Write a tar file of the database and the counts, while the station goes on.

    It holds patients' data as they are, and is made for its owner alone. The key that
    seals the audit trail is not in it: whoever alters a backup is found out.

    Parameters
    ----------
    folder : Path
        The station's data folder; it may be open in another process.

    Returns
    -------
    str
        The digest of the last line of the trail in it. Noted elsewhere, it proves the
        backup where the key is lost.

    Raises
    ------
    StationError
        When there is such a file already, or no station, or a count was discarded
        meanwhile.
    StorageError
        When it cannot be written.
    """
    if path.exists():
        raise StationError(f"{path} is there already: choose another name")
    with (
        file_errors("write", path),
        tempfile.TemporaryDirectory(dir=path.absolute().parent) as scratch,
    ):
        copy = Path(scratch) / DATABASE_NAME
        archive = Path(scratch) / "backup.tar"
        # The database first: each count it tells of as finished has its folder.
        last_digest = copy_database(folder, copy)
        archive.touch(mode=0o600)
        with tarfile.open(archive, "w") as tar:
            tar.add(copy, DATABASE_NAME)
            try:
                _add_counts(tar, folder / "counts")
            except FileNotFoundError as error:
                raise StationError(
                    "a count was discarded while it was copied: try again"
                ) from error
            if (folder / _SETTINGS).exists():
                tar.add(folder / _SETTINGS, _SETTINGS)
        archive.rename(path)
    add_line(folder, "station", "backed_up", {"file": path.name})
    return last_digest


def restore(
    path: Path, folder: Path, audit_key: Path | None = None, noted: str | None = None
) -> None:
    """Lay out a backup in a new data folder, and check the record it holds.

    Parameters
    ----------
    audit_key : Path, optional
        A copy of the key that sealed the trail, which no backup holds. Without it the
        lines are checked against each other alone, and a new key seals what follows.
    noted : str, optional
        The digest of a line, noted elsewhere, which the trail must hold. Without it and
        without the key nothing proves that the backup was not written anew, and the
        trail goes on saying so.

    Raises
    ------
    StationError
        When the folder holds something, the file is no backup, its trail broken, cut
        off or sealed with another key, or data are not as the trail has them; nothing
        is left behind then.
    StorageError
        When it cannot be read or written.
    """
    if folder.exists() and any(folder.iterdir()):
        raise StationError(f"{folder} holds something already: choose a new folder")
    with (
        file_errors("restore to", folder),
        tempfile.TemporaryDirectory(
            dir=_made(folder.absolute().parent), prefix="restore-"
        ) as scratch,
    ):
        inner = Path(scratch) / "data"
        inner.mkdir(mode=0o700)
        _unpack(path, inner)
        if audit_key is not None:
            write_key(inner / KEY_NAME, _read_given(audit_key))
        _check_record(inner, path, noted, has_key=audit_key is not None)
        if folder.exists():
            folder.rmdir()
        shutil.move(inner, folder)


def _read_given(path: Path) -> AuditKey:
    key = read_key(path)
    if key is None:
        raise StationError(f"there is no key {path}: give the copy of audit.key")
    return key


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _add_counts(tar: tarfile.TarFile, counts: Path) -> None:
    tar.add(counts, "counts", recursive=False)
    for folder in sorted(counts.iterdir()):
        # What a count still writes would be torn; it is in the next backup.
        if not folder.name.endswith(".unfinished"):
            tar.add(folder, f"counts/{folder.name}")


def _unpack(path: Path, folder: Path) -> None:
    try:
        with tarfile.open(path) as tar:
            for member in tar:
                _check_member(member, path)
                # The data filter refuses what would land outside or set rights.
                tar.extract(member, folder, filter="data")
    except (tarfile.TarError, EOFError) as error:
        raise StationError(f"{path} is no whole backup: use another") from error


def _check_member(member: tarfile.TarInfo, path: Path) -> None:
    top = member.name.split("/", 1)[0]
    is_ours = top == "counts" or member.name in (DATABASE_NAME, _SETTINGS)
    if not is_ours or not (member.isreg() or member.isdir()):
        raise StationError(f"{path} is no backup, it holds {member.name}: use another")


def _check_record(
    folder: Path, path: Path, noted: str | None, *, has_key: bool
) -> None:
    if not (folder / DATABASE_NAME).exists():
        raise StationError(f"{path} is no backup, it has no database: use another")
    detail: Detail = {"file": path.name}
    if has_key:
        _require_key(folder, path)
        with Station.open(folder) as station:
            if noted is not None and station.check(noted).noted_line is None:
                raise StationError(
                    f"the trail in {path} has no line with the digest given: it was "
                    "made earlier, or the trail cut off"
                )
            station.audit.add("station", RESTORED, detail=detail)
    else:
        change = KeyChange(
            person="station", action=RESTORED, detail=detail, noted=noted
        )
        Station.open(folder, key_change=change).close()
    for count_id in check_stores(folder):
        raise StationError(
            f"the cells of count {count_id} in {path} are missing, or not those that "
            "were counted: use another backup"
        )


def _require_key(folder: Path, path: Path) -> None:
    if not has_own_line(folder):
        raise StationError(
            f"the key given is not the one that sealed the trail in {path}: give the "
            "copy of that station's audit.key"
        )
