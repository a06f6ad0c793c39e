"""Who did what: a trail in which every line vouches for the one before."""

import hashlib
import json
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Final

from edge.station.records import AuditEntry

Transaction = Callable[[], AbstractContextManager[sqlite3.Connection]]
"""Begins a transaction of the station, or joins the one under way."""

Detail = Mapping[str, str | int | float | bool | None]

_FIRST: Final = "0" * 64
"""Stands for the digest before the first line."""
_COLUMNS: Final = "number, at, person, action, count_id, detail, digest"


class Audit:
    """The station's trail; lines are added and never changed.

    A line is written in the transaction of what it tells of: either both are there
    or neither.

    Parameters
    ----------
    transaction : callable
    """

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

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
            )
            entry = entry.model_copy(update={"digest": _digest(entry, before)})
            sql = f"INSERT INTO audit ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)"  # noqa: S608
            connection.execute(sql, _to_row(entry))
        return entry

    def entries(
        self, count_id: str | None = None, after: int = 0, limit: int = 1000
    ) -> tuple[AuditEntry, ...]:
        """Give the lines numbered above `after`, of one count or of all."""
        sql = (
            f"SELECT {_COLUMNS} FROM audit WHERE number > ? "  # noqa: S608
            "AND (? IS NULL OR count_id = ?) ORDER BY number LIMIT ?"
        )
        with self._transaction() as connection:
            rows = connection.execute(sql, (after, count_id, count_id, limit))
            return tuple(_from_row(row) for row in rows)

    def verify(self) -> int | None:
        """Give the number of the first line that was changed or is missing.

        Lines cut off the end leave no gap: only a digest noted elsewhere, such as on
        a report, tells of those.
        """
        before = _FIRST
        wanted = 1
        with self._transaction() as connection:
            sql = f"SELECT {_COLUMNS} FROM audit ORDER BY number"  # noqa: S608
            for row in connection.execute(sql):
                try:
                    entry = _from_row(row)
                except ValueError:
                    return wanted
                if entry.number != wanted or entry.digest != _digest(entry, before):
                    return wanted
                before = entry.digest
                wanted += 1
        return None


def _last(connection: sqlite3.Connection) -> tuple[int, str]:
    sql = "SELECT number, digest FROM audit ORDER BY number DESC LIMIT 1"
    row = connection.execute(sql).fetchone()
    return (0, _FIRST) if row is None else (row[0], row[1])


def _digest(entry: AuditEntry, before: str) -> str:
    line = [before, *_to_row(entry)[:-1]]
    return hashlib.sha256(json.dumps(line).encode()).hexdigest()


def _to_row(entry: AuditEntry) -> tuple[int | str | None, ...]:
    detail = json.dumps(entry.detail, sort_keys=True)
    at = entry.at.isoformat()
    return (
        entry.number,
        at,
        entry.person,
        entry.action,
        entry.count_id,
        detail,
        entry.digest,
    )


def _from_row(row: tuple[int, str, str, str, str | None, str, str]) -> AuditEntry:
    number, at, person, action, count_id, detail, digest = row
    return AuditEntry(
        number=number,
        at=datetime.fromisoformat(at),
        person=person,
        action=action,
        count_id=count_id,
        detail=json.loads(detail),
        digest=digest,
    )
