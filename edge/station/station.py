"""The station's database: one file, one process, whole after any crash."""

import contextlib
import fcntl
import os
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TextIO

from edge.station.audit.key import KEY_NAME, AuditKey, new_key, read_key, write_key
from edge.station.audit.trail import Audit, Detail
from edge.station.review.actions import ReviewLog
from edge.station.review.amendments import Amendments
from edge.station.review.control_slides import Controls
from edge.station.review.differential import read_reference_ranges
from edge.station.review.reports import Reports
from edge.station.review.reviews import Reviews
from edge.station.security.accounts import Accounts
from edge.station.storage.migration import OLDEST, migrate
from edge.station.storage.samples import Samples
from edge.station.storage.schema import VERSION, new_database
from edge.store import file_errors
from edge.store.errors import storage_errors
from edge.store.sqlite import connect, transaction
from hemalens.durable import sync_path
from hemalens.errors import StationError, StorageError
from hemalens.passwords import PasswordHasher

DATABASE_NAME: Final = "station.sqlite"
_BUSY_TIMEOUT_S: Final = 5.0


class Station:
    """All that the station keeps; its parts may be used from any thread.

    Parameters
    ----------
    folder : Path
        The data folder, which exists.
    connection : sqlite3.Connection
        Open; closed with the station.
    lock_file : text file
        Locked for this process.
    audit_key : AuditKey
        Seals the trail.
    laboratory : str
        Stands at the head of reports.
    hasher : PasswordHasher, optional
        In place of the one of recommended cost.

    Attributes
    ----------
    accounts, audit, samples, words, reviews, reports, amendments, controls
        Its parts.
    """

    def __init__(
        self,
        folder: Path,
        connection: sqlite3.Connection,
        lock_file: TextIO,
        audit_key: AuditKey,
        *,
        laboratory: str = "",
        hasher: PasswordHasher | None = None,
    ) -> None:
        self.folder = folder
        self._connection = connection
        self._lock_file = lock_file
        self._lock = threading.RLock()
        reference = read_reference_ranges(folder / "station.toml")
        self.audit = Audit(self.transaction, audit_key)
        self.accounts = Accounts(self.transaction, self.audit, hasher)
        self.samples = Samples(self.transaction, self.audit, folder / "counts")
        self.words = ReviewLog(self.transaction)
        self.reviews = Reviews(
            self.transaction, self.audit, self.samples, self.words, reference
        )
        self.reports = Reports(self.transaction, self.samples, self.reviews, laboratory)
        self.amendments = Amendments(
            self.transaction, self.audit, self.samples, self.words, self.reports
        )
        self.controls = Controls(self.transaction, self.audit, self.reports)

    @classmethod
    def open(
        cls,
        folder: Path,
        *,
        laboratory: str = "",
        hasher: PasswordHasher | None = None,
        has_new_key: bool = False,
    ) -> Self:
        """Open the station in a folder, or begin one there.

        The folder is for its owner alone: patients' data lie in it as they are.

        Parameters
        ----------
        has_new_key : bool
            Where the trail's key is lost, go on with a new one; it seals what follows.

        Raises
        ------
        StationError
            When another process has it open, or the trail's key is missing.
        StorageError
            When it cannot be read or written, or was written by a version whose
            format this one does not know.
        """
        with file_errors("open the station in", folder):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder.chmod(0o700)
            (folder / "counts").mkdir(mode=0o700, exist_ok=True)
            lock_file = _lock(folder)
        try:
            connection = _connect(folder / DATABASE_NAME)
            key = _audit_key(folder / KEY_NAME, connection, has_new_key=has_new_key)
            station = cls(
                folder,
                connection,
                lock_file,
                key,
                laboratory=laboratory,
                hasher=hasher,
            )
        except BaseException:
            lock_file.close()
            raise
        try:
            station._bring_up_to_date()
        except BaseException:
            station.close()
            raise
        return station

    def __enter__(self) -> Self:
        """Return the open station."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """Let go of the files. What was written is safe already."""
        with self._lock:
            self._connection.close()
            self._lock_file.close()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Hold the database; what is written is durable when the outermost ends.

        Within another transaction of the same thread it is a part of that.

        Raises
        ------
        StorageError
            When the database cannot be read or written.
        """
        with self._lock, storage_errors(self.folder / DATABASE_NAME):
            if self._connection.in_transaction:
                yield self._connection
                return
            with transaction(self._connection) as connection:
                yield connection

    def copy_to(self, path: Path) -> None:
        """Copy the database as it stands to a new file."""
        with (
            self._lock,
            storage_errors(path),
            contextlib.closing(sqlite3.connect(path)) as copy,
        ):
            self._connection.backup(copy)

    def _bring_up_to_date(self) -> None:
        """Bring an earlier format to today's; the original is kept beside it."""
        version = _format(self._connection)
        if version == VERSION:
            return
        path = self.folder / DATABASE_NAME
        kept = path.with_name(f"{DATABASE_NAME}.format-{version}")
        part = kept.with_name(f"{kept.name}.part")
        with file_errors("write", kept):
            # A power cut may have left one.
            part.unlink(missing_ok=True)
            part.touch(mode=0o600)
            self.copy_to(part)
            sync_path(part)
            part.replace(kept)
            sync_path(self.folder)
        with self.transaction() as connection:
            migrate(connection, self.folder / "counts")
            detail: Detail = {"from": version, "to": VERSION, "kept": kept.name}
            self.audit.add("station", "database_migrated", detail=detail)


def _lock(folder: Path) -> TextIO:
    file = (folder / "station.lock").open("w", encoding="utf-8")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        file.close()
        raise StationError(
            f"the station in {folder} is open in another process: stop that first"
        ) from error
    return file


def _audit_key(
    path: Path, connection: sqlite3.Connection, *, has_new_key: bool
) -> AuditKey:
    key = read_key(path)
    if key is None:
        with storage_errors(path.with_name(DATABASE_NAME)):
            has_lines = connection.execute("SELECT 1 FROM audit").fetchone()
        if has_lines and not has_new_key:
            raise StationError(
                f"{path} is missing, and the audit trail is sealed with it: bring its "
                "copy back, or begin another with 'hemalens station audit new-key'"
            )
        key = new_key()
        write_key(path, key)
    return key


def _connect(path: Path) -> sqlite3.Connection:
    with storage_errors(path), file_errors("open", path):
        # SQLite would give it the permissions of the umask.
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        connection = connect(path, create=True, timeout_s=_BUSY_TIMEOUT_S)
        try:
            connection.execute("PRAGMA foreign_keys=ON")
            _begin(connection, path)
        except BaseException:
            connection.close()
            raise
    return connection


def _begin(connection: sqlite3.Connection, path: Path) -> None:
    version = _format(connection)
    if version == 0:
        connection.executescript(new_database())
    elif not OLDEST <= version <= VERSION:
        raise StorageError(
            f"{path} was written by another version of HemaLens (format {version}, "
            f"this one reads {OLDEST} to {VERSION}): install that version"
        )


def _format(connection: sqlite3.Connection) -> int:
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return version
