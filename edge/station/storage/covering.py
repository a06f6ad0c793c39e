"""All that a station keeps, taken into the audit trail at once."""

import sqlite3

from edge.station.audit.covered import KEYS, Row
from edge.station.audit.trail import Audit

COVERED = "covered"
_OF_COUNT = tuple(table for table in KEYS if table not in {"account", "struck"})


def cover_all(connection: sqlite3.Connection, audit: Audit) -> None:
    """Let the trail vouch for every row as it stands: a line a count, one for people.

    Within the transaction under way.
    """
    names = connection.execute("SELECT name FROM account ORDER BY name").fetchall()
    if names:
        audit.add("station", COVERED, rows=[("account", name) for (name,) in names])
    counts = connection.execute("SELECT count_id FROM sample ORDER BY number")
    for (count_id,) in counts.fetchall():
        rows = _rows_of_count(connection, count_id)
        audit.add("station", COVERED, count_id, rows=rows)


def _rows_of_count(connection: sqlite3.Connection, count_id: str) -> list[Row]:
    rows: list[Row] = []
    for table in _OF_COUNT:
        sql = f"SELECT {KEYS[table]} FROM {table} WHERE count_id = ?"  # noqa: S608
        rows.extend((table, key) for (key,) in connection.execute(sql, (count_id,)))
    sql = (
        "SELECT located FROM struck "
        "WHERE located IN (SELECT number FROM located WHERE count_id = ?)"
    )
    rows.extend(("struck", key) for (key,) in connection.execute(sql, (count_id,)))
    return rows
