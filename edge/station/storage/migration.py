"""Earlier formats of the station's database, brought to the one of today."""

import json
import sqlite3
from pathlib import Path

from edge.results.unfinished import STORE_NAME
from edge.station.records import Amendment, ReviewedCell
from edge.station.storage.counted_results import CountFacts, read_cells, read_facts
from edge.station.storage.schema import STRUCK_TABLE, VERSION, mend_guards
from hemalens.errors import StorageError

OLDEST = 2
"""Of the formats that can be brought over; what came before was never released."""


def migrate(connection: sqlite3.Connection, counts: Path) -> None:
    """Bring a database to today's format, within the transaction under way.

    Parameters
    ----------
    counts : Path
        The folder with a folder for each count.

    Raises
    ------
    StorageError
        When a count's folder does not hold what the database says of it; nothing may
        be committed then.
    """
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    # They hold what is signed, and a new format keeps it otherwise.
    sql = "SELECT name FROM sqlite_schema WHERE type = 'trigger'"
    for (name,) in connection.execute(sql).fetchall():
        connection.execute(f"DROP TRIGGER {name}")
    if version < 3:
        _drop_copied_cells(connection, counts)
    if version < 4:
        for column in ("age_days INTEGER", "sex TEXT"):
            connection.execute(f"ALTER TABLE sample ADD COLUMN {column}")
        connection.execute(STRUCK_TABLE)
    if version < 5:
        connection.execute("ALTER TABLE audit ADD COLUMN covers TEXT")
        connection.execute("DROP TABLE login")
    mend_guards(connection)
    connection.execute(f"PRAGMA user_version={VERSION}")


def _drop_copied_cells(connection: sqlite3.Connection, counts: Path) -> None:
    """Have facts name the sealed store that holds a count's cells: format 3."""
    rows = connection.execute(
        "SELECT count_id, amendment, facts FROM sample "
        "WHERE facts NOTNULL AND NOT is_discarded"
    ).fetchall()
    for count_id, amendment, facts in rows:
        origin = count_id
        if amendment is not None:
            origin = Amendment.model_validate_json(amendment).origin
        copied = connection.execute(
            "SELECT content FROM cell WHERE count_id = ? ORDER BY cell_id", (count_id,)
        )
        cells = tuple(ReviewedCell.model_validate_json(row[0]) for row in copied)
        found = _facts(counts / origin, json.loads(facts), cells)
        sql = "UPDATE sample SET facts = ? WHERE count_id = ?"
        connection.execute(sql, (found.model_dump_json(), count_id))
    connection.execute("DROP TABLE cell")


def _facts(
    folder: Path, earlier: dict[str, object], cells: tuple[ReviewedCell, ...]
) -> CountFacts:
    """Read a count's facts from its folder, which must be the one of its cells."""
    try:
        found = read_facts(folder, None, None)
        stored = read_cells(folder / STORE_NAME, found.store_sha256)
    except StorageError as error:
        raise StorageError(
            f"{folder} is needed to bring the station's database to format {VERSION}: "
            f"{error}"
        ) from error
    if tuple(stored.values()) != cells:
        raise StorageError(
            f"{folder} holds other cells than the station's database: bring back the "
            "folder from a backup, or go on with the version that wrote it"
        )
    kept = {name: earlier[name] for name in earlier.keys() & CountFacts.model_fields}
    return CountFacts.model_validate(
        {**kept, "store_sha256": found.store_sha256, "counted": found.counted},
        strict=False,
    )
