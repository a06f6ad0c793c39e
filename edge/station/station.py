"""The station's database: one file, one process, whole after any crash."""

import contextlib
import fcntl
import logging
import os
import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TextIO

from edge.station.audit.check import (
    TrailWalk,
    check_record,
    conclude,
    walk_trail,
)
from edge.station.audit.covered import RememberedRows
from edge.station.audit.key import KEY_NAME, AuditKey, new_key, read_key, write_key
from edge.station.audit.trail import PROVEN_TO, Audit, Detail
from edge.station.records import TrailCheck
from edge.station.review.actions import ReviewLog
from edge.station.review.amendments import Amendments
from edge.station.review.control_slides import Controls
from edge.station.review.differential import read_reference_ranges
from edge.station.review.reports import Reports
from edge.station.review.reviews import Reviews
from edge.station.security.accounts import Accounts
from edge.station.storage.covering import cover_all
from edge.station.storage.earlier_trail import require_as_told
from edge.station.storage.migration import OLDEST, migrate
from edge.station.storage.samples import Samples
from edge.station.storage.schema import VERSION, new_database
from edge.store import file_errors
from edge.store.errors import storage_errors
from edge.store.sqlite import connect, transaction
from hemalens.durable import sync_path
from hemalens.errors import StationError, StorageError
from hemalens.passwords import PasswordHasher

_LOG: Final = logging.getLogger(__name__)
DATABASE_NAME: Final = "station.sqlite"
BUSY_TIMEOUT_S: Final = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyChange:
    """Why another key may seal the trail from now on.

    Parameters
    ----------
    person, action, detail : str, str and mapping
        As the trail tells of it.
    noted : str, optional
        A line's digest, noted elsewhere: up to there the trail is proven.
    """

    person: str
    action: str
    detail: Detail = field(default_factory=dict)
    noted: str | None = None


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
    audit_key : AuditKey
        Seals the trail.
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
        self._remembered = RememberedRows()
        self.audit_key = audit_key
        reference = read_reference_ranges(folder / "station.toml")
        self.audit = Audit(self.transaction, audit_key, self._remembered)
        self.accounts = Accounts(self.transaction, self.audit, hasher)
        self.samples = Samples(self.transaction, self.audit, folder / "counts")
        self.words = ReviewLog(self.transaction)
        self.reviews = Reviews(
            self.transaction, self.audit, self.samples, self.words, reference
        )
        self.reports = Reports(
            self.transaction, self.audit, self.samples, self.reviews, laboratory
        )
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
        key_change: KeyChange | None = None,
        may_differ: bool = False,
    ) -> Self:
        """Open the station in a folder, or begin one there.

        The folder is for its owner alone: patients' data lie in it as they are. Trail
        and data are checked before anything else is done.

        Parameters
        ----------
        key_change : KeyChange, optional
            Where the trail's key is lost, go on with a new one; it seals what follows.
        may_differ : bool
            Data that are not as the trail has them are to be looked at.

        Raises
        ------
        StationError
            When another process has it open, the trail's key is missing, the trail is
            broken or the data are not as it has them.
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
            key = _audit_key(folder / KEY_NAME, connection, is_new=bool(key_change))
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
            station._take_up(key_change, may_differ=may_differ)
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
            is_kept = False
            try:
                with transaction(self._connection) as connection:
                    yield connection
                is_kept = True
            finally:
                self._remembered.settle(is_kept=is_kept)

    def copy_to(self, path: Path) -> None:
        """Copy the database as it stands to a new file."""
        with (
            self._lock,
            storage_errors(path),
            contextlib.closing(sqlite3.connect(path)) as copy,
        ):
            self._connection.backup(copy)

    def check(self, noted: str | None = None) -> TrailCheck:
        """Check the trail, and the data against it.

        Parameters
        ----------
        noted : str, optional
            A line's digest, noted elsewhere.
        """
        with self.transaction() as connection:
            return check_record(connection, self.audit_key, noted)

    def _take_up(self, change: KeyChange | None, *, may_differ: bool) -> None:
        """Check what is there, and bring an earlier format to today's."""
        noted = None if change is None else change.noted
        is_foreign = change is not None
        with self.transaction() as connection:
            walk = walk_trail(
                connection, self.audit_key, noted, may_be_foreign=is_foreign
            )
            self._require_trail(walk)
            version = _format(connection)
        if version < VERSION:
            self._keep_original(version)
        if not (self.folder / KEY_NAME).exists():
            write_key(self.folder / KEY_NAME, self.audit_key)
        with self.transaction() as connection:
            if version < VERSION:
                require_as_told(connection)
                migrate(connection, self.folder / "counts")
            if change is not None:
                self._tell_of_key(change, walk)
            if version < VERSION:
                detail: Detail = {"from": version, "to": VERSION}
                self.audit.add("station", "database_migrated", detail=detail)
                cover_all(connection, self.audit)
            walk = walk_trail(connection, self.audit_key)
            self._require_trail(walk)
            found = conclude(connection, walk)
            if not may_differ:
                self._require_data(found)
        self._remembered.take(walk.covers)
        if found.unproven:
            _LOG.warning(
                "%d lines of the audit trail are sealed with a key that is not here, "
                "and nothing proves them: see 'hemalens station audit verify'",
                found.unproven,
            )

    def _tell_of_key(self, change: KeyChange, walk: TrailWalk) -> None:
        detail = {**change.detail, PROVEN_TO: walk.noted_line or 0}
        self.audit.add(change.person, change.action, detail=detail)

    def _require_trail(self, walk: TrailWalk) -> None:
        if walk.first_broken is not None:
            raise StationError(
                f"the audit trail in {self.folder} is broken at line "
                f"{walk.first_broken}: restore a backup"
            )
        if walk.noted is not None and walk.noted_line is None:
            raise StationError(
                f"the audit trail in {self.folder} has no line with the digest given: "
                "it was cut off, or written anew; restore a backup"
            )

    def _require_data(self, found: TrailCheck) -> None:
        if found.differences:
            first = found.differences[0]
            raise StationError(
                f"{first.subject} in {self.folder} is {first.is_now}, and the audit "
                "trail tells of it otherwise: see 'hemalens station audit verify', "
                "then restore a backup"
            )

    def _keep_original(self, version: int) -> None:
        """Keep the database of an earlier format beside it."""
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


def _audit_key(path: Path, connection: sqlite3.Connection, *, is_new: bool) -> AuditKey:
    """Read the trail's key, or draw one, which is not written yet."""
    key = read_key(path)
    if key is not None:
        return key
    with storage_errors(path.with_name(DATABASE_NAME)):
        has_lines = connection.execute("SELECT 1 FROM audit").fetchone()
    if has_lines and not is_new:
        raise StationError(
            f"{path} is missing, and the audit trail is sealed with it: bring its "
            "copy back, or begin another with 'hemalens station audit new-key'"
        )
    return new_key()


def _connect(path: Path) -> sqlite3.Connection:
    with storage_errors(path), file_errors("open", path):
        # SQLite would give it the permissions of the umask.
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        connection = connect(path, create=True, timeout_s=BUSY_TIMEOUT_S)
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
