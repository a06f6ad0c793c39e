"""Who did what: a trail in which every line vouches for the one before."""

import hashlib
import json
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Final

from edge.station.audit.covered import RememberedRows, Row, digests_of
from edge.station.audit.key import AuditKey
from edge.station.records import AuditEntry

Transaction = Callable[[], AbstractContextManager[sqlite3.Connection]]
"""Begins a transaction of the station, or joins the one under way."""

Detail = Mapping[str, str | int | float | bool | None]

RESTORED: Final = "restored"
KEY_RENEWED: Final = "audit_key_renewed"
KEY_CHANGES: Final = frozenset({RESTORED, KEY_RENEWED})
"""Lines after which another key may seal the trail."""
PROVEN_TO: Final = "proven_to"
"""In the detail of such a line: up to where a digest noted elsewhere holds."""

FIRST: Final = "0" * 64
"""Stands for the digest before the first line."""
COLUMNS: Final = (
    "number, at, person, action, count_id, detail, digest, key_id, seal, covers"
)

TrailRow = tuple[int, str, str, str, str | None, str, str, str, str, str | None]
"""A line as the database has it, by `COLUMNS`."""


class Audit:
    """The station's trail; lines are added and never changed.

    A line is written in the transaction of what it tells of: either both are there
    or neither. Its digest holds the digest of the line before and those of the rows it
    tells of, and its seal can be made with the station's key alone.
    """

    def __init__(
        self, transaction: Transaction, key: AuditKey, remembered: RememberedRows
    ) -> None:
        self._transaction = transaction
        self._key = key
        self._remembered = remembered

    @property
    def key_id(self) -> str:
        """Name the key that seals what is added."""
        return self._key.key_id

    def add(
        self,
        person: str,
        action: str,
        count_id: str | None = None,
        detail: Detail | None = None,
        rows: Iterable[Row] = (),
    ) -> AuditEntry:
        """Add a line; never put a password or the like into `detail`.

        Parameters
        ----------
        rows : iterable of (str, str or int)
            What it tells of, written already: the line vouches for these rows.
        """
        with self._transaction() as connection:
            return self.write(
                person, action, count_id, detail, digests_of(connection, rows)
            )

    def write(
        self,
        person: str,
        action: str,
        count_id: str | None,
        detail: Detail | None,
        covers: Mapping[str, str],
    ) -> AuditEntry:
        """Add a line that says these digests of rows."""
        with self._transaction() as connection:
            number, before = _last(connection)
            entry = AuditEntry(
                number=number + 1,
                at=datetime.now(UTC),
                person=person,
                action=action,
                count_id=count_id,
                detail=dict(detail or {}),
                digest="",
                key_id=self._key.key_id,
                seal="",
                covers=dict(covers),
            )
            digest = line_digest(_to_row(entry), before)
            entry = entry.model_copy(
                update={"digest": digest, "seal": self._key.seal(digest)}
            )
            places = ", ".join("?" * len(_to_row(entry)))
            sql = f"INSERT INTO audit ({COLUMNS}) VALUES ({places})"  # noqa: S608
            connection.execute(sql, _to_row(entry))
            self._remembered.note(covers)
        return entry

    def require_as_kept(self, table: str, key: str | int) -> None:
        """Refuse a row that was changed past the station, before it is used.

        Raises
        ------
        RefusedError
            Naming it.
        """
        with self._transaction() as connection:
            self._remembered.require(connection, table, key)

    def require_all_as_kept(self, table: str) -> None:
        """Refuse a table that was changed past the station, before it is used.

        Raises
        ------
        RefusedError
            Naming the first such row.
        """
        with self._transaction() as connection:
            self._remembered.require_all(connection, table)

    def entries(
        self, count_id: str | None = None, after: int = 0, limit: int = 1000
    ) -> tuple[AuditEntry, ...]:
        """Read the lines numbered above `after`, of one count or of all."""
        sql = (
            f"SELECT {COLUMNS} FROM audit WHERE number > ? "  # noqa: S608
            "AND (? IS NULL OR count_id = ?) ORDER BY number LIMIT ?"
        )
        with self._transaction() as connection:
            rows = connection.execute(sql, (after, count_id, count_id, limit))
            return tuple(from_row(row) for row in rows)

    def latest(
        self,
        count_id: str | None = None,
        before: int | None = None,
        limit: int = 100,
    ) -> tuple[AuditEntry, ...]:
        """Read the lines, newest first; those numbered below `before`."""
        sql = (
            f"SELECT {COLUMNS} FROM audit WHERE (? IS NULL OR number < ?) "  # noqa: S608
            "AND (? IS NULL OR count_id = ?) ORDER BY number DESC LIMIT ?"
        )
        with self._transaction() as connection:
            rows = connection.execute(sql, (before, before, count_id, count_id, limit))
            return tuple(from_row(row) for row in rows)


def line_digest(row: TrailRow, before: str) -> str:
    """Digest a line and the digest of the one before it.

    A line of an earlier format vouches for no rows, and its digest tells of none.
    """
    number, at, person, action, count_id, detail, _, key_id, _, covers = row
    line = [before, number, at, person, action, count_id, detail, key_id]
    if covers is not None:
        line.append(covers)
    return hashlib.sha256(json.dumps(line).encode()).hexdigest()


def from_row(row: TrailRow) -> AuditEntry:
    """Read a line as the database has it."""
    number, at, person, action, count_id, detail, digest, key_id, seal, covers = row
    return AuditEntry(
        number=number,
        at=datetime.fromisoformat(at),
        person=person,
        action=action,
        count_id=count_id,
        detail=json.loads(detail),
        digest=digest,
        key_id=key_id,
        seal=seal,
        covers=None if covers is None else json.loads(covers),
    )


def _last(connection: sqlite3.Connection) -> tuple[int, str]:
    sql = "SELECT number, digest FROM audit ORDER BY number DESC LIMIT 1"
    row = connection.execute(sql).fetchone()
    return (0, FIRST) if row is None else (row[0], row[1])


def _to_row(entry: AuditEntry) -> TrailRow:
    covers = entry.covers
    return (
        entry.number,
        entry.at.isoformat(),
        entry.person,
        entry.action,
        entry.count_id,
        json.dumps(entry.detail, sort_keys=True),
        entry.digest,
        entry.key_id,
        entry.seal,
        None if covers is None else json.dumps(covers, sort_keys=True),
    )
