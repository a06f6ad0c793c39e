"""SQLite databases, each commit safe on the disk.

References
----------
With a write-ahead log and ``synchronous=FULL`` a transaction is on the disk when its
commit returns, and after a power cut the database is as of the last commit:
https://www.sqlite.org/pragma.html#pragma_synchronous
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def connect(
    path: Path, *, create: bool, timeout_s: float, is_exclusive: bool = False
) -> sqlite3.Connection:
    """Open a database to write it, in transactions of `transaction` alone.

    Parameters
    ----------
    path : Path
    create : bool
        Make it where there is none, and keep a write-ahead log.
    timeout_s : float
        How long to wait for another who writes.
    is_exclusive : bool
        Keep all others out for as long as it is open, not only during a transaction;
        the lock goes with the process, however that ends.

    Raises
    ------
    sqlite3.Error
        When it cannot be had.
    """
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={'rwc' if create else 'rw'}",
        uri=True,
        timeout=timeout_s,
        isolation_level=None,
        check_same_thread=False,
    )
    try:
        if is_exclusive:
            connection.execute("PRAGMA locking_mode=EXCLUSIVE")
        connection.execute("PRAGMA synchronous=FULL")
        if create:
            connection.execute("PRAGMA journal_mode=WAL")
    except BaseException:
        connection.close()
        raise
    return connection


def connect_to_read(path: Path, *, is_sealed: bool = False) -> sqlite3.Connection:
    """Open a database to read it; one that is sealed changes no more.

    Raises
    ------
    sqlite3.Error
        When it cannot be had.
    """
    way = "mode=ro&immutable=1" if is_sealed else "mode=ro"
    uri = f"{path.absolute().as_uri()}?{way}"
    return sqlite3.connect(uri, uri=True, isolation_level=None)


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """Write all or nothing; what is written is durable at the end."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
        connection.execute("COMMIT")
    except BaseException:
        # A full disk may have rolled it back already.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
