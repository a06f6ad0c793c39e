"""The rows that the audit trail vouches for: each line names what it left behind.

A line holds the digests of the rows that it tells of, as they are once it is written.
What the database has later must be what the last line on a row says of it.
"""

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from edge.station.errors.reasons import Reason, RefusedError

KEYS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "account": "name",
        "sample": "count_id",
        "review": "number",
        "signature": "count_id",
        "located": "number",
        "struck": "located",
    }
)
"""Tables whose rows the trail vouches for, with the column that names a row."""
REMEMBERED: Final = frozenset({"account", "sample", "signature"})
"""Tables whose rows are compared each time they are used."""
GONE: Final = ""
"""Stands for the digest of a row that is not there."""

Row = tuple[str, str | int]
"""A table and what names the row in it."""
_Value = str | int | float | bytes | None


def subject(table: str, key: str | int) -> str:
    """Name a row as a line of the trail does.

    Examples
    --------
    >>> subject("account", "ann")
    'account/ann'
    """
    return f"{table}/{key}"


def digest_of(connection: sqlite3.Connection, table: str, key: str | int) -> str:
    """Digest a row as it stands; `GONE` where there is none."""
    sql = f"SELECT * FROM {table} WHERE {KEYS[table]} = ?"  # noqa: S608
    found = connection.execute(sql, (key,))
    row = found.fetchone()
    return GONE if row is None else _digest(_names(found), row)


def digests_of(connection: sqlite3.Connection, rows: Iterable[Row]) -> dict[str, str]:
    """Digest rows as they stand, by subject."""
    return {subject(*row): digest_of(connection, *row) for row in rows}


def digests_there(connection: sqlite3.Connection) -> Iterator[tuple[str, str]]:
    """Digest every row that the trail is to vouch for, with its subject."""
    for table, key in KEYS.items():
        found = connection.execute(f"SELECT * FROM {table}")  # noqa: S608
        names = _names(found)
        place = names.index(key)
        for row in found:
            yield subject(table, row[place]), _digest(names, row)


class RememberedRows:
    """What the trail last said of the rows that are in use.

    It lives in this process alone, where nobody who writes the database reaches it: a
    row changed past the station is found when it is next used, and no later line can
    vouch for it unseen.
    """

    def __init__(self) -> None:
        self._rows: dict[str, str] = {}
        self._before: dict[str, str] = {}

    def take(self, rows: Mapping[str, str]) -> None:
        """Begin with what a whole trail says."""
        self._rows = {one: of for one, of in rows.items() if _is_remembered(one)}
        self._before = {}

    def note(self, rows: Mapping[str, str]) -> None:
        """Take what a new line says, within its transaction."""
        for one, digest in rows.items():
            if _is_remembered(one):
                self._before.setdefault(one, self._rows.get(one, GONE))
                self._rows[one] = digest

    def settle(self, *, is_kept: bool) -> None:
        """Keep what a transaction's lines said, or forget it with them."""
        if not is_kept:
            self._rows.update(self._before)
        self._before = {}

    def require(
        self, connection: sqlite3.Connection, table: str, key: str | int
    ) -> None:
        """Refuse a row that is not as the trail has it.

        Raises
        ------
        RefusedError
            Naming the row.
        """
        one = subject(table, key)
        if digest_of(connection, table, key) != self._rows.get(one, GONE):
            raise RefusedError(Reason.RECORD_CHANGED, row=one)

    def require_all(self, connection: sqlite3.Connection, table: str) -> None:
        """Refuse a table with a row more, less or other than the trail has.

        Raises
        ------
        RefusedError
            Naming the first such row.
        """
        start = subject(table, "")
        known = {one.removeprefix(start) for one in self._rows if one.startswith(start)}
        sql = f"SELECT {KEYS[table]} FROM {table}"  # noqa: S608
        for key in sorted(known | {key for (key,) in connection.execute(sql)}):
            self.require(connection, table, key)


def _is_remembered(one: str) -> bool:
    return one.partition("/")[0] in REMEMBERED


def _names(found: sqlite3.Cursor) -> tuple[str, ...]:
    return tuple(column[0] for column in found.description)


def _digest(names: Sequence[str], row: Sequence[_Value]) -> str:
    # What is null is left out: a column added later changes no digest.
    kept = {
        name: hashlib.sha256(value).hexdigest() if isinstance(value, bytes) else value
        for name, value in zip(names, row, strict=True)
        if value is not None
    }
    return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()
