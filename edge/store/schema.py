"""The tables of a count's database, and how to know one."""

import os
import sqlite3
from pathlib import Path
from typing import Final

from edge.store.errors import damaged
from hemalens.errors import StorageError

SCHEMA_VERSION: Final = 1

APPLICATION_ID: Final = 0x48656D61
"""``Hema``: tells the file from any other SQLite database."""

BUSY_TIMEOUT_S: Final = 1.0
"""Long enough for a reader to let go, short enough for a person to wait."""

_TABLES: Final = """
CREATE TABLE header (content TEXT NOT NULL);
CREATE TABLE word (code INTEGER PRIMARY KEY, word TEXT NOT NULL UNIQUE);
CREATE TABLE frame (
    number INTEGER PRIMARY KEY,
    name NOT NULL UNIQUE,
    frame_index INTEGER NOT NULL,
    width_px INTEGER NOT NULL,
    height_px INTEGER NOT NULL,
    pixel_size_um REAL,
    place INTEGER,
    x_um REAL,
    y_um REAL,
    rotation_rad REAL,
    left_out TEXT,
    at TEXT NOT NULL,
    counted_s REAL NOT NULL
);
CREATE TABLE cell (
    cell_id INTEGER PRIMARY KEY,
    frame INTEGER NOT NULL REFERENCES frame,
    kind INTEGER NOT NULL REFERENCES word,
    status INTEGER NOT NULL REFERENCES word,
    left_px INTEGER NOT NULL,
    top_px INTEGER NOT NULL,
    right_px INTEGER NOT NULL,
    bottom_px INTEGER NOT NULL,
    class_name INTEGER REFERENCES word,
    probability REAL,
    probability_names INTEGER REFERENCES word,
    probabilities BLOB,
    place INTEGER,
    x_um REAL,
    y_um REAL,
    sharpness REAL,
    same_as INTEGER
);
CREATE TABLE change (
    frame INTEGER NOT NULL REFERENCES frame,
    cell_id INTEGER NOT NULL REFERENCES cell,
    status INTEGER NOT NULL REFERENCES word,
    same_as INTEGER
);
CREATE TABLE keyframe (
    frame INTEGER PRIMARY KEY REFERENCES frame,
    frame_index INTEGER NOT NULL,
    place INTEGER NOT NULL,
    x_um REAL NOT NULL,
    y_um REAL NOT NULL,
    rotation_rad REAL NOT NULL,
    png BLOB NOT NULL
);
CREATE TABLE place_join (
    number INTEGER PRIMARY KEY,
    frame INTEGER NOT NULL REFERENCES frame,
    from_place INTEGER NOT NULL,
    to_place INTEGER NOT NULL,
    x_um REAL NOT NULL,
    y_um REAL NOT NULL,
    rotation_rad REAL NOT NULL
);
CREATE TABLE event (
    number INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    at TEXT NOT NULL,
    counted_s REAL NOT NULL,
    target INTEGER
);
"""
"""``cell`` holds each view as it stands now, ``change`` which frame made it so. Places
and positions are as they were given: those of a place joined to another later are
moved by ``place_join``.
Recurring texts are numbers into ``word``: a frame of 230 cells takes about 16 KB."""


def check_access(path: Path) -> None:
    """Make sure that this process may read and write a database that is there.

    SQLite itself reports a missing permission as a fault of the disk. A look by
    opening the file would take the locks off a count that this very process has open.

    Raises
    ------
    StorageError
        When it may not.
    """
    if path.exists() and not os.access(path, os.R_OK | os.W_OK, effective_ids=True):
        raise StorageError(
            f"cannot use the count in {path}: no permission to read and write it; "
            "change that, or choose another folder"
        )


def create_tables(connection: sqlite3.Connection) -> None:
    """Make the tables, and mark the database as a count's; within a transaction."""
    for statement in _TABLES.split(";"):
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version={SCHEMA_VERSION}")


def check_schema(connection: sqlite3.Connection, path: Path) -> None:
    """Make sure that a database is a count's, whole, and not too new.

    Raises
    ------
    StorageError
        When it is foreign, damaged, or made by a newer HemaLens.
    """
    (application_id,) = connection.execute("PRAGMA application_id").fetchone()
    (schema,) = connection.execute("PRAGMA user_version").fetchone()
    if application_id != APPLICATION_ID:
        raise damaged(path)
    if schema > SCHEMA_VERSION:
        raise StorageError(
            f"cannot use the count in {path}: a newer HemaLens made it (schema "
            f"{schema}, this one knows {SCHEMA_VERSION}); update HemaLens"
        )
    if connection.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
        raise damaged(path)
