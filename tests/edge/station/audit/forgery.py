"""What somebody can do who writes the station's database, and has not its key."""

import contextlib
import sqlite3
from pathlib import Path

from edge.station.audit.key import AuditKey
from edge.station.audit.trail import COLUMNS, FIRST, line_digest
from edge.station.station import DATABASE_NAME

THEIR_KEY = AuditKey(secret=bytes(32))


def forge(folder: Path, *statements: str) -> None:
    """Change the database and put its guards back as they were."""
    with contextlib.closing(sqlite3.connect(folder / DATABASE_NAME)) as connection:
        sql = "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'"
        triggers = connection.execute(sql).fetchall()
        for name, _ in triggers:
            connection.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            connection.execute(statement)
        for _, made in triggers:
            connection.execute(made)
        connection.commit()


def last_digest(folder: Path) -> str:
    with contextlib.closing(sqlite3.connect(folder / DATABASE_NAME)) as connection:
        sql = "SELECT digest FROM audit ORDER BY number DESC LIMIT 1"
        found: str = connection.execute(sql).fetchone()[0]
        return found


def recompute(folder: Path, *statements: str, person: str = "eve") -> None:
    """Change the database, and write the whole chain anew over it.

    Every digest fits its line and every seal their key; the digests of rows are those
    of the rows as forged.
    """
    from edge.station.audit.covered import digest_of

    forge(folder, *statements)
    with contextlib.closing(sqlite3.connect(folder / DATABASE_NAME)) as connection:
        rows = connection.execute(f"SELECT {COLUMNS} FROM audit ORDER BY number")
        before, written = FIRST, []
        for number, at, _, action, count_id, detail, _, _, _, covers in rows.fetchall():
            if covers is not None:
                names = connection.execute(
                    "SELECT key FROM json_each(?)", (covers,)
                ).fetchall()
                pairs = {
                    name: digest_of(connection, *name.split("/")) for (name,) in names
                }
                covers = connection.execute(
                    "SELECT json_group_object(key, value) FROM json_each(?)",
                    (str(pairs).replace("'", '"'),),
                ).fetchone()[0]
            line = (
                number,
                at,
                person,
                action,
                count_id,
                detail,
                "",
                THEIR_KEY.key_id,
                "",
                covers,
            )
            digest = line_digest(line, before)
            seal = THEIR_KEY.seal(digest)
            written.append((*line[:6], digest, THEIR_KEY.key_id, seal, covers))
            before = digest
        for trigger in ("UPDATE", "DELETE", "REPLACE"):
            connection.execute(f"DROP TRIGGER audit_no_{trigger}")
        connection.execute("DELETE FROM audit")
        places = ", ".join("?" * 10)
        sql = f"INSERT INTO audit ({COLUMNS}) VALUES ({places})"
        connection.executemany(sql, written)
        for made in _guards_of_audit():
            connection.execute(made)
        connection.commit()


def _guards_of_audit() -> list[str]:
    from edge.station.storage.schema import triggers

    return [made for made in triggers() if made.startswith("CREATE TRIGGER audit_no")]
