"""What a device has yet to send, durable before it is sent: ``outbox.sqlite``.

A message's id stays when it is delivered, so that no count is put in twice. Results are
never dropped; of health the newest few thousand wait.
"""

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Final, Self
from uuid import UUID

from edge.fleet.topics import Kind
from edge.store.sqlite import connect, transaction
from hemalens.errors import StorageError

MOST_HEALTH: Final = 3_000
"""Ten days of one in five minutes."""
SCHEMA_VERSION: Final = 1
APPLICATION_ID: Final = 0x48656D6F
"""``Hemo``: tells the file from any other SQLite database."""

_BUSY_TIMEOUT_S: Final = 5.0
_DAMAGED: Final = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_TABLES: Final = (
    """CREATE TABLE message (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        kind TEXT NOT NULL,
        count_name TEXT UNIQUE,
        content TEXT,
        delivered_at TEXT
    )""",
    "CREATE INDEX waiting ON message (number) WHERE content IS NOT NULL",
    "CREATE TABLE fact (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
)
"""``content`` is null once delivered; ``count_name`` never leaves the device by it."""
_DELIVERED: Final = (
    "UPDATE message SET content = NULL, delivered_at = ? "
    "WHERE id = ? AND content IS NOT NULL"
)
_TOO_MUCH_HEALTH: Final = (
    "DELETE FROM message WHERE kind = ? AND content IS NOT NULL AND number NOT IN "
    "(SELECT number FROM message WHERE kind = ? AND content IS NOT NULL "
    "ORDER BY number DESC LIMIT ?)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A message to be sent.

    Parameters
    ----------
    number : int
        In the order they were put in.
    content : str
        JSON.
    """

    number: int
    id: UUID
    kind: Kind
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class New:
    """A message to be put in.

    Parameters
    ----------
    content : str
        JSON.
    count_name : str, optional
        Of the count it tells of, so that this is put in once.
    """

    id: UUID
    kind: Kind
    content: str
    count_name: str | None = None


class MessageOutbox:
    """An outbox, made by `open`; a context manager that closes it."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self._path = path
        self._connection = connection

    @classmethod
    def open(cls, path: Path) -> Self:
        """Take up the outbox; make one where there is none.

        One that is damaged is put aside under another name: what it held of results is
        put in anew from the counts, with the same ids.

        Raises
        ------
        StorageError
            When none can be had.
        """
        with _faults(path):
            try:
                return cls(path, _connect(path))
            except sqlite3.DatabaseError as error:
                if getattr(error, "sqlite_errorcode", 0) & 0xFF not in _DAMAGED:
                    raise
            _put_aside(path)
            return cls(path, _connect(path))

    def __enter__(self) -> Self:
        """Return the open outbox."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it. What was put in is safe already."""
        with contextlib.suppress(sqlite3.Error):
            self._connection.close()

    def put(self, messages: Iterable[New]) -> None:
        """Put messages in, all or none, those that are there left out; durable.

        Raises
        ------
        StorageError
            As everything here: when the disk is full, or the file cannot be used.
        """
        sql = (
            "INSERT OR IGNORE INTO message (id, kind, count_name, content) "
            "VALUES (?, ?, ?, ?)"
        )
        rows = [(str(m.id), m.kind, m.count_name, m.content) for m in messages]
        health = (Kind.HEALTH, Kind.HEALTH, MOST_HEALTH)
        with self._transaction() as connection:
            connection.executemany(sql, rows)
            if any(row[1] == Kind.HEALTH for row in rows):
                connection.execute(_TOO_MUCH_HEALTH, health)

    def after(self, number: int, most: int) -> tuple[Waiting, ...]:
        """Read the messages that wait behind a number, in their order."""
        sql = (
            "SELECT number, id, kind, content FROM message "
            "WHERE content IS NOT NULL AND number > ? ORDER BY number LIMIT ?"
        )
        with _faults(self._path):
            rows = self._connection.execute(sql, (number, most)).fetchall()
        return tuple(
            Waiting(number=row[0], id=UUID(row[1]), kind=Kind(row[2]), content=row[3])
            for row in rows
        )

    def delivered(self, ids: Iterable[UUID]) -> None:
        """Forget what messages say, and keep that they were delivered."""
        at = datetime.now(UTC).isoformat(timespec="seconds")
        rows = [(at, str(one)) for one in ids]
        sql = "DELETE FROM message WHERE kind = ? AND content IS NULL"
        with self._transaction() as connection:
            connection.executemany(_DELIVERED, rows)
            connection.execute(sql, (Kind.HEALTH,))
            self._set(connection, "delivered_at", at)

    def count_names(self) -> frozenset[str]:
        """Name the counts that were put in, delivered ones too."""
        sql = "SELECT count_name FROM message WHERE count_name IS NOT NULL"
        with _faults(self._path):
            return frozenset(row[0] for row in self._connection.execute(sql))

    def waiting(self) -> int:
        """Count the messages that wait."""
        sql = "SELECT count(*) FROM message WHERE content IS NOT NULL"
        with _faults(self._path):
            return int(self._connection.execute(sql).fetchone()[0])

    def note(self, name: str, value: str) -> None:
        """Keep a fact for who asks how the agent is."""
        with self._transaction() as connection:
            self._set(connection, name, value)

    def fact(self, name: str) -> str | None:
        """Read a fact that was noted."""
        sql = "SELECT value FROM fact WHERE name = ?"
        with _faults(self._path):
            row = self._connection.execute(sql, (name,)).fetchone()
        return None if row is None else str(row[0])

    def _set(self, connection: sqlite3.Connection, name: str, value: str) -> None:
        connection.execute("INSERT OR REPLACE INTO fact VALUES (?, ?)", (name, value))

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with _faults(self._path), transaction(self._connection) as connection:
            yield connection


def _connect(path: Path) -> sqlite3.Connection:
    connection = connect(path, create=True, timeout_s=_BUSY_TIMEOUT_S)
    try:
        _make_or_check(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _make_or_check(connection: sqlite3.Connection, path: Path) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > SCHEMA_VERSION:
        raise StorageError(
            f"a newer HemaLens made the outbox {path}: update HemaLens, or move it away"
        )
    if version == 0:
        with transaction(connection):
            for statement in _TABLES:
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version={SCHEMA_VERSION}")
    elif connection.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
        raise _corrupt()


def _corrupt() -> sqlite3.DatabaseError:
    error = sqlite3.DatabaseError("the database does not check out")
    error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    return error


def _put_aside(path: Path) -> None:
    at = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
    for suffix in ("", "-wal", "-shm"):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.rename(path.with_name(f"{path.name}.damaged-{at}{suffix}"))


@contextmanager
def _faults(path: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise StorageError(
            f"cannot use the outbox {path}: {error}; make room or give the right; what "
            "is in it stays"
        ) from error
