"""The tables of the station's database, and what they themselves refuse."""

import contextlib
import sqlite3
from collections.abc import Iterator
from functools import cache
from typing import Final

VERSION: Final = 5
STRUCK_TABLE: Final = """
CREATE TABLE struck (
    located INTEGER PRIMARY KEY REFERENCES located, at TEXT NOT NULL,
    person TEXT NOT NULL, reason TEXT NOT NULL
) STRICT;
"""
"""Checks of cells located that were found to be wrong."""
_SCHEMA: Final = f"""
CREATE TABLE account (
    name TEXT PRIMARY KEY, full_name TEXT NOT NULL, role TEXT NOT NULL,
    password_hash TEXT NOT NULL, is_disabled INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE sample (
    number INTEGER PRIMARY KEY, count_id TEXT NOT NULL UNIQUE,
    sample_id TEXT NOT NULL, operator TEXT NOT NULL, state TEXT NOT NULL,
    is_control INTEGER NOT NULL, population TEXT NOT NULL, target INTEGER,
    started_at TEXT NOT NULL, counted_at TEXT, signed_at TEXT, signed_by TEXT,
    facts TEXT, is_discarded INTEGER NOT NULL DEFAULT 0,
    amends TEXT REFERENCES sample (count_id), amendment TEXT,
    age_days INTEGER, sex TEXT
) STRICT;
CREATE TABLE review (
    number INTEGER PRIMARY KEY,
    count_id TEXT NOT NULL REFERENCES sample (count_id), cell_id INTEGER NOT NULL,
    at TEXT NOT NULL, person TEXT NOT NULL, action TEXT NOT NULL,
    class_name TEXT, frame TEXT, box_xyxy TEXT
) STRICT;
CREATE TABLE signature (
    count_id TEXT PRIMARY KEY REFERENCES sample (count_id),
    person TEXT NOT NULL, full_name TEXT NOT NULL, at TEXT NOT NULL,
    content_sha256 TEXT NOT NULL, content BLOB NOT NULL
) STRICT;
CREATE TABLE audit (
    number INTEGER PRIMARY KEY, at TEXT NOT NULL, person TEXT NOT NULL,
    action TEXT NOT NULL, count_id TEXT, detail TEXT NOT NULL, digest TEXT NOT NULL,
    key_id TEXT NOT NULL, seal TEXT NOT NULL, covers TEXT
) STRICT;
CREATE TABLE located (
    number INTEGER PRIMARY KEY,
    count_id TEXT NOT NULL REFERENCES sample (count_id), at TEXT NOT NULL,
    person TEXT NOT NULL, found INTEGER NOT NULL, missed INTEGER NOT NULL
) STRICT;
{STRUCK_TABLE}"""
_INDEXES: Final = (
    "CREATE UNIQUE INDEX amendment_of_count ON sample (amends) WHERE NOT is_discarded;",
    "CREATE INDEX review_of_count ON review (count_id, cell_id, number);",
    "CREATE INDEX audit_of_count ON audit (count_id, number);",
)
_NEVER_CHANGED: Final = {
    "audit": "number",
    "review": "number",
    "signature": "count_id",
    "located": "number",
    "struck": "located",
}
"""Tables that only grow, with their keys."""
_SINCE: Final = frozenset({"outbox"})
"""Tables made when they are first needed; what they hold is on its way elsewhere."""
_HELD_BY_SIGNATURE: Final = (
    ("review", "INSERT", "new"),
    ("sample", "INSERT", "new"),
    ("sample", "DELETE", "old"),
)


def new_database() -> str:
    """Return what makes the tables of an empty database, all or none."""
    version = f"PRAGMA user_version={VERSION};"
    made = (_SCHEMA, *_INDEXES, *triggers())
    return "\n".join(("BEGIN;", *made, version, "COMMIT;"))


def triggers() -> Iterator[str]:
    """Return the triggers that refuse in the database what no code may do."""
    for table, key in _NEVER_CHANGED.items():
        # REPLACE deletes without telling the DELETE trigger.
        yield (
            f"CREATE TRIGGER {table}_no_REPLACE BEFORE INSERT ON {table} "  # noqa: S608
            f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {key} = new.{key}) "
            f"BEGIN SELECT RAISE(ABORT, '{table} is never changed'); END;"
        )
        for event in ("UPDATE", "DELETE"):
            yield (
                f"CREATE TRIGGER {table}_no_{event} BEFORE {event} ON {table} BEGIN "
                f"SELECT RAISE(ABORT, '{table} is never changed'); END;"
            )
    for table, event, row in _HELD_BY_SIGNATURE:
        yield (
            f"CREATE TRIGGER {table}_{event}_signed BEFORE {event} ON {table} "  # noqa: S608
            f"WHEN EXISTS (SELECT 1 FROM signature WHERE count_id = {row}.count_id) "
            "BEGIN SELECT RAISE(ABORT, 'the count is signed'); END;"
        )
    yield (
        "CREATE TRIGGER sample_UPDATE_signed BEFORE UPDATE ON sample "
        "WHEN old.state = 'signed' "
        "BEGIN SELECT RAISE(ABORT, 'the count is signed'); END;"
    )


def mend_guards(connection: sqlite3.Connection) -> None:
    """Make indexes and triggers anew, within the transaction under way."""
    sql = (
        "SELECT type, name FROM sqlite_schema "
        "WHERE type IN ('index', 'trigger', 'view') AND sql NOTNULL"
    )
    for kind, name in connection.execute(sql).fetchall():
        quoted = name.replace('"', '""')
        connection.execute(f'DROP {kind} "{quoted}"')
    for made in (*_INDEXES, *triggers()):
        connection.execute(made)


def changed_schema(connection: sqlite3.Connection) -> Iterator[str]:
    """Name the tables, indexes and triggers that are not as the station makes them."""
    wanted, found = _made_schema(), _read_schema(connection)
    for name in sorted(wanted.keys() | found.keys()):
        if wanted.get(name) != found.get(name):
            yield name


@cache
def _made_schema() -> dict[str, str]:
    with contextlib.closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(new_database())
        return _read_schema(connection)


def _read_schema(connection: sqlite3.Connection) -> dict[str, str]:
    """Read what makes each part, its name after its kind.

    A table is told by its columns: one that got a column later has another text.
    """
    sql = "SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE sql NOTNULL"
    parts = {}
    for kind, name, table, made in connection.execute(sql).fetchall():
        if name not in _SINCE:
            text = _columns(connection, name) if kind == "table" else made
            parts[f"{kind} {name}"] = f"{table}: {text}"
    return parts


def _columns(connection: sqlite3.Connection, table: str) -> str:
    columns = connection.execute(
        'SELECT name, type, "notnull", dflt_value, pk FROM pragma_table_xinfo(?) '
        "ORDER BY name",
        (table,),
    )
    return repr(columns.fetchall())
