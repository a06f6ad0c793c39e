"""The record of a data folder, checked and kept from the command line."""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from edge.station.audit.check import check_record, compare, walk_trail
from edge.station.audit.covered import GONE, RememberedRows, digests_there
from edge.station.audit.key import KEY_NAME, AuditKey, read_key
from edge.station.audit.trail import FIRST, KEY_RENEWED, Audit, Detail
from edge.station.records import TrailCheck
from edge.station.review.amendments import LONGEST_REASON
from edge.station.station import (
    BUSY_TIMEOUT_S,
    DATABASE_NAME,
    KeyChange,
    Station,
)
from edge.station.storage.counted_results import altered_stores
from edge.station.storage.schema import changed_schema, mend_guards
from edge.store.errors import storage_errors
from edge.store.sqlite import connect, connect_to_read, transaction
from hemalens.errors import StationError

ACCEPTED: Final = "difference_accepted"
MENDED: Final = "guard_mended"


def check_trail(folder: Path, noted: str | None = None) -> TrailCheck:
    """Check a trail and the data against it, also while the station goes on.

    Parameters
    ----------
    noted : str, optional
        A line's digest, noted elsewhere.

    Raises
    ------
    StationError
        When there is no station, or its key is missing.
    StorageError
        When it cannot be read.
    """
    with reading(folder) as (connection, key):
        return check_record(connection, key, noted)


def check_stores(folder: Path) -> tuple[str, ...]:
    """Name the counts whose stores of cells are missing or were changed.

    Raises
    ------
    StationError
        When there is no station, or its key is missing.
    StorageError
        When it cannot be read.
    """
    with reading(folder) as (connection, _):
        return tuple(altered_stores(connection, folder / "counts"))


@contextlib.contextmanager
def reading(folder: Path) -> Iterator[tuple[sqlite3.Connection, AuditKey]]:
    """Read a station's database as it is at one moment, whoever else writes it.

    Raises
    ------
    StationError
        When there is no station, or its key is missing.
    StorageError
        When it cannot be read.
    """
    path = folder / DATABASE_NAME
    key = read_key(folder / KEY_NAME)
    if key is None or not path.exists():
        raise StationError(
            f"{folder} has no {KEY_NAME} and {DATABASE_NAME}: name the station's folder"
        )
    with (
        storage_errors(path),
        contextlib.closing(connect_to_read(path)) as connection,
    ):
        connection.execute("BEGIN")
        yield connection, key


def _require_station(folder: Path) -> None:
    """Refuse a folder in which opening would make a new station."""
    if not (folder / DATABASE_NAME).exists():
        raise StationError(
            f"{folder} has no {DATABASE_NAME}: name the station's folder"
        )


def renew_key(folder: Path, noted: str | None) -> None:
    """Go on with a new key where the old one is lost; the trail says so.

    Parameters
    ----------
    noted : str or None
        A digest noted elsewhere, which the trail must hold; None to go on without
        proof that it was not written anew.

    Raises
    ------
    StationError
        When there is no station, the key is not lost, or the trail does not hold the
        digest.
    """
    _require_station(folder)
    if (folder / KEY_NAME).exists() and has_own_line(folder):
        raise StationError(f"there is a key in {folder}: the station can go on with it")
    change = KeyChange(person="command line", action=KEY_RENEWED, noted=noted)
    Station.open(folder, key_change=change).close()


def accept(folder: Path, reason: str) -> int:
    """Let data that differ from the trail stand, which says so; say how many did.

    Guards of the database that were dropped are put back.

    Raises
    ------
    StationError
        When there is no station or no reason, or the trail itself or a table is not as
        it was made.
    """
    _require_station(folder)
    reason = reason.strip()
    if not 0 < len(reason) <= LONGEST_REASON:
        raise StationError(f"a reason has 1 to {LONGEST_REASON} characters: say why")
    with (
        Station.open(folder, may_differ=True) as station,
        station.transaction() as connection,
    ):
        guards = tuple(changed_schema(connection))
        mend_guards(connection)
        if spoilt := tuple(changed_schema(connection)):
            raise StationError(
                f"{spoilt[0]} is not as the station made it: restore a backup"
            )
        covers = walk_trail(connection, station.audit_key).covers
        found = tuple(compare(connection, covers))
        there = dict(digests_there(connection))
        for one in found:
            detail: Detail = {"row": one.subject, "is": one.is_now, "reason": reason}
            now = {one.subject: there.get(one.subject, GONE)}
            station.audit.write("command line", ACCEPTED, None, detail, now)
        for guard in guards:
            detail = {"guard": guard, "reason": reason}
            station.audit.write("command line", MENDED, None, detail, {})
        return len(found) + len(guards)


def has_own_line(folder: Path) -> bool:
    """Say whether the key that is there sealed a line; so too where there is none."""
    with reading(folder) as (connection, key):
        sql = "SELECT 1 FROM audit WHERE key_id = ?"
        is_own = connection.execute(sql, (key.key_id,)).fetchone() is not None
        return is_own or not connection.execute("SELECT 1 FROM audit").fetchone()


def copy_database(folder: Path, path: Path) -> str:
    """Copy the database as it is at one moment; give the digest of its last line.

    Raises
    ------
    StationError
        When there is no station.
    StorageError
        When it cannot be read or written.
    """
    with reading(folder) as (connection, _), storage_errors(path):
        with contextlib.closing(sqlite3.connect(path)) as copy:
            connection.backup(copy)
            sql = "SELECT digest FROM audit ORDER BY number DESC LIMIT 1"
            row = copy.execute(sql).fetchone()
        return FIRST if row is None else row[0]


def add_line(folder: Path, person: str, action: str, detail: Detail) -> None:
    """Add a line to the trail of a station, which may be open in another process.

    It tells of no row: what other processes remember of those stays true.

    Raises
    ------
    StationError
        When there is no station.
    StorageError
        When it cannot be written.
    """
    path = folder / DATABASE_NAME
    with reading(folder) as (_, key):
        pass
    with (
        storage_errors(path),
        contextlib.closing(connect(path, create=False, timeout_s=BUSY_TIMEOUT_S)) as c,
    ):

        @contextlib.contextmanager
        def writing() -> Iterator[sqlite3.Connection]:
            if c.in_transaction:
                yield c
                return
            with transaction(c) as begun:
                yield begun

        Audit(writing, key, RememberedRows()).add(person, action, detail=detail)
