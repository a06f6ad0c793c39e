"""A collector's tables in PostgreSQL: each message once, by its id."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self
from uuid import UUID

from edge.fleet.errors import FleetError
from edge.fleet.topics import Kind
from hemalens.errors import ConfigError, MissingExtraError, StorageError

if TYPE_CHECKING:
    from psycopg import Connection

_TABLES: Final = """
CREATE TABLE IF NOT EXISTS hemalens_message (
    id uuid PRIMARY KEY,
    device text NOT NULL,
    kind text NOT NULL,
    at timestamptz NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    schema_version text NOT NULL,
    content jsonb NOT NULL
);
CREATE INDEX IF NOT EXISTS hemalens_message_of_device
    ON hemalens_message (device, kind, at);
CREATE TABLE IF NOT EXISTS hemalens_presence (
    device text PRIMARY KEY,
    online boolean NOT NULL,
    since timestamptz NOT NULL DEFAULT now()
);
"""
_INSERT: Final = (
    "INSERT INTO hemalens_message (id, device, kind, at, schema_version, content) "
    "VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT (id) DO NOTHING"
)
_PRESENCE: Final = (
    "INSERT INTO hemalens_presence (device, online) VALUES (%s, %s) "
    "ON CONFLICT (device) DO UPDATE SET online = excluded.online, since = now() "
    "WHERE hemalens_presence.online <> excluded.online"
)
_LOCK: Final = 0x48656D61
"""Of the transaction that makes the tables: two collectors may start at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A message to be kept.

    Parameters
    ----------
    at : datetime
        When the device put it into its outbox.
    content : str
        JSON, as it came.
    """

    id: UUID
    device: str
    kind: Kind
    at: datetime
    schema_version: str
    content: str


class Database:
    """Keeps messages; connects when it is first needed, and again after a fault.

    Parameters
    ----------
    address : str
        ``postgresql://…``; a password comes better from PGPASSFILE or a service file.
    """

    def __init__(self, address: str) -> None:
        self._address = address
        self._connection: Connection[Any] | None = None

    def __enter__(self) -> Self:
        """Look at the address; the first use connects.

        Raises
        ------
        ConfigError
            When it is none.
        """
        psycopg = _psycopg()
        try:
            psycopg.conninfo.conninfo_to_dict(self._address)
        except psycopg.ProgrammingError as error:
            # Not the address itself: it may hold a password.
            raise ConfigError(
                "wanted a database as postgresql://USER@HOST/NAME: "
                f"{_first_line(error)}"
            ) from error
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Disconnect."""
        self._drop()

    def keep(self, rows: Sequence[Row], presence: Sequence[tuple[str, bool]]) -> None:
        """Keep messages and presence in one transaction, durable on return.

        Those that are there already stay as they are.

        Raises
        ------
        StorageError
            When the database cannot be reached or takes nothing; nothing is kept then.
        FleetError
            When one of the messages has what no database can hold.
        MissingExtraError
            When psycopg is not installed.
        """
        if not rows and not presence:
            return
        psycopg = _psycopg()
        try:
            connection = self._connection or self._connect()
            with connection.transaction(), connection.cursor() as cursor:
                cursor.executemany(_INSERT, [_values(row) for row in rows])
                cursor.executemany(_PRESENCE, presence)
        except psycopg.DataError as error:
            raise FleetError(
                f"the database cannot hold its content: {_first_line(error)}"
            ) from error
        except psycopg.Error as error:
            self._drop()
            raise StorageError(
                f"the database takes nothing: {_first_line(error)}; is it running, and "
                "may this user create tables?"
            ) from error

    def _connect(self) -> "Connection[Any]":
        connection: Connection[Any] = _psycopg().connect(self._address, autocommit=True)
        with connection.transaction():
            connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
            connection.execute(_TABLES)
        self._connection = connection
        return connection

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


def _values(row: Row) -> tuple[object, ...]:
    return row.id, row.device, row.kind, row.at, row.schema_version, row.content


def _psycopg() -> Any:
    try:
        import psycopg
    except ImportError as error:
        raise MissingExtraError("Collecting into PostgreSQL", "collector") from error
    return psycopg
