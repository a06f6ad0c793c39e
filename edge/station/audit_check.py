"""The audit trail of a data folder, checked and kept from the command line."""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from edge.station.audit.key import KEY_NAME, read_key
from edge.station.audit.trail import KEY_RENEWED, Audit
from edge.station.records import TrailCheck
from edge.station.station import DATABASE_NAME, Station
from edge.store.errors import storage_errors
from edge.store.sqlite import connect_to_read
from hemalens.errors import StationError


def check_trail(folder: Path) -> TrailCheck:
    """Check a trail, also while the station in the folder goes on.

    Raises
    ------
    StationError
        When there is no station, or its key is missing.
    StorageError
        When it cannot be read.
    """
    path = folder / DATABASE_NAME
    key = read_key(folder / KEY_NAME)
    if key is None or not path.exists():
        raise StationError(
            f"{folder} has no {KEY_NAME} and {DATABASE_NAME}: name the station's folder"
        )
    with (
        storage_errors(path),
        contextlib.closing(connect_to_read(path)) as connection,
    ):

        @contextlib.contextmanager
        def reading() -> Iterator[sqlite3.Connection]:
            yield connection

        return Audit(reading, key).check()


def renew_key(folder: Path) -> None:
    """Go on with a new key where the old one is lost; the trail says so.

    Raises
    ------
    StationError
        When it is not lost.
    """
    if (folder / KEY_NAME).exists():
        raise StationError(f"there is a key in {folder}: the station can go on with it")
    with Station.open(folder, has_new_key=True) as station:
        station.audit.add("command line", KEY_RENEWED)
