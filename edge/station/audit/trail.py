"""Who did what: a trail in which every line vouches for the one before."""

import hashlib
import hmac
import json
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Final

from edge.station.audit.key import AuditKey
from edge.station.records import AuditEntry, TrailCheck

Transaction = Callable[[], AbstractContextManager[sqlite3.Connection]]
"""Begins a transaction of the station, or joins the one under way."""

Detail = Mapping[str, str | int | float | bool | None]

RESTORED: Final = "restored"
KEY_RENEWED: Final = "audit_key_renewed"
KEY_CHANGES: Final = frozenset({RESTORED, KEY_RENEWED})
"""Lines after which another key may seal the trail."""

_FIRST: Final = "0" * 64
"""Stands for the digest before the first line."""
_COLUMNS: Final = "number, at, person, action, count_id, detail, digest, key_id, seal"

_Row = tuple[int, str, str, str, str | None, str, str, str, str]


class Audit:
    """The station's trail; lines are added and never changed.

    A line is written in the transaction of what it tells of: either both are there
    or neither. Its digest holds the digest of the line before, and its seal can be
    made with the station's key alone.
    """

    def __init__(self, transaction: Transaction, key: AuditKey) -> None:
        self._transaction = transaction
        self._key = key

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
    ) -> AuditEntry:
        """Add a line; never put a password or the like into `detail`."""
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
            )
            digest = _digest(entry, before)
            entry = entry.model_copy(
                update={"digest": digest, "seal": self._key.seal(digest)}
            )
            sql = f"INSERT INTO audit ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608
            connection.execute(sql, _to_row(entry))
        return entry

    def entries(
        self, count_id: str | None = None, after: int = 0, limit: int = 1000
    ) -> tuple[AuditEntry, ...]:
        """Read the lines numbered above `after`, of one count or of all."""
        sql = (
            f"SELECT {_COLUMNS} FROM audit WHERE number > ? "  # noqa: S608
            "AND (? IS NULL OR count_id = ?) ORDER BY number LIMIT ?"
        )
        with self._transaction() as connection:
            rows = connection.execute(sql, (after, count_id, count_id, limit))
            return tuple(_from_row(row) for row in rows)

    def latest(
        self,
        count_id: str | None = None,
        before: int | None = None,
        limit: int = 100,
    ) -> tuple[AuditEntry, ...]:
        """Read the lines, newest first; those numbered below `before`."""
        sql = (
            f"SELECT {_COLUMNS} FROM audit WHERE (? IS NULL OR number < ?) "  # noqa: S608
            "AND (? IS NULL OR count_id = ?) ORDER BY number DESC LIMIT ?"
        )
        with self._transaction() as connection:
            rows = connection.execute(sql, (before, before, count_id, count_id, limit))
            return tuple(_from_row(row) for row in rows)

    def check(self) -> TrailCheck:
        """Check every line's digest and seal.

        Lines that another key sealed may only come first, before the line that says
        how this key came to follow. Lines cut off the end leave no gap: only a digest
        noted elsewhere tells of those.
        """
        before, lines, unchecked = _FIRST, 0, 0
        first_broken = None
        sql = f"SELECT {_COLUMNS} FROM audit ORDER BY number"  # noqa: S608
        with self._transaction() as connection:
            for row in connection.execute(sql):
                entry = _read(row)
                if entry is None or not self._follows(entry, lines, unchecked, before):
                    first_broken = lines + 1
                    break
                lines += 1
                unchecked += entry.key_id != self.key_id
                before = entry.digest
        if first_broken is None and lines and unchecked == lines:
            first_broken = 1
        return TrailCheck(
            lines=lines,
            first_broken=first_broken,
            unchecked=unchecked,
            last_digest=before,
        )

    def _follows(
        self, entry: AuditEntry, lines: int, unchecked: int, before: str
    ) -> bool:
        if entry.number != lines + 1 or entry.digest != _digest(entry, before):
            return False
        if entry.key_id != self.key_id:
            return unchecked == lines
        if lines and unchecked == lines and entry.action not in KEY_CHANGES:
            return False
        return hmac.compare_digest(self._key.seal(entry.digest), entry.seal)


def _last(connection: sqlite3.Connection) -> tuple[int, str]:
    sql = "SELECT number, digest FROM audit ORDER BY number DESC LIMIT 1"
    row = connection.execute(sql).fetchone()
    return (0, _FIRST) if row is None else (row[0], row[1])


def _digest(entry: AuditEntry, before: str) -> str:
    number, at, person, action, count_id, detail, _, key_id, _ = _to_row(entry)
    line = [before, number, at, person, action, count_id, detail, key_id]
    return hashlib.sha256(json.dumps(line).encode()).hexdigest()


def _to_row(entry: AuditEntry) -> _Row:
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
    )


def _from_row(row: _Row) -> AuditEntry:
    number, at, person, action, count_id, detail, digest, key_id, seal = row
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
    )


def _read(row: _Row) -> AuditEntry | None:
    """Read a line that somebody may have spoilt."""
    try:
        return _from_row(row)
    except ValueError:
        return None
