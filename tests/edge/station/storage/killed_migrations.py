"""A station of format 2 opened again and again, killed before one of its statements.

``python -m tests.edge.station.storage.killed_migrations FOLDER`` is a process without
threads, so that it can fork. It prints the first statement that was not reached.
"""

import functools
import itertools
import os
import shutil
import signal
import sqlite3
import sys
from pathlib import Path
from typing import Any

from edge.station.station import DATABASE_NAME
from tests.edge.station.made_station import open_station
from tests.edge.station.storage.format_2 import lay_out, read_tables


def _die_before(statement: int) -> None:
    left = itertools.count(statement, -1)

    def tick(_: str) -> None:
        if next(left) <= 0:
            os.kill(os.getpid(), signal.SIGKILL)

    class Traced(sqlite3.Connection):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self.set_trace_callback(tick)

    sqlite3.connect = functools.partial(sqlite3.connect, factory=Traced)


def _killed(folder: Path, statement: int) -> bool:
    child = os.fork()
    if not child:
        _die_before(statement)
        open_station(folder).close()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def main(folder: Path) -> None:
    whole = folder / "whole"
    lay_out(whole)
    before = read_tables(whole / DATABASE_NAME)
    for statement in itertools.count(step=7):
        copy = folder / "copy"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(whole, copy)
        was_killed = _killed(copy, statement)
        open_station(copy).close()
        after = read_tables(copy / DATABASE_NAME)
        added = after["audit"][len(before["audit"]) :]
        actions = [line[3] for line in added]
        assert actions == ["database_migrated", *["covered"] * (len(added) - 1)]
        assert after | {"audit": after["audit"][: len(before["audit"])]} == before
        assert read_tables(copy / f"{DATABASE_NAME}.format-2") == before
        if not was_killed:
            print(statement)
            return


if __name__ == "__main__":
    main(Path(sys.argv[1]))
