import sqlite3
import threading
from pathlib import Path

import pytest

from edge.station.station import DATABASE_NAME
from hemalens.errors import StationError, StorageError
from tests.edge.station.made_station import begin, open_station


def test_the_data_are_for_their_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with open_station(folder) as station:
        begin(station)
        assert folder.stat().st_mode & 0o777 == 0o700
        for path in folder.glob(f"{DATABASE_NAME}*"):
            assert path.stat().st_mode & 0o777 == 0o600


def test_one_process_has_a_station(tmp_path: Path) -> None:
    with (
        open_station(tmp_path),
        pytest.raises(StationError, match="another process"),
    ):
        open_station(tmp_path)
    open_station(tmp_path).close()


def test_a_failed_transaction_leaves_nothing(tmp_path: Path) -> None:
    with open_station(tmp_path) as station:

        def begin_and_break() -> None:
            with station.transaction():
                begin(station)
                raise ValueError("broken")

        with pytest.raises(ValueError, match="broken"):
            begin_and_break()
        assert station.samples.all() == ()
        assert station.audit.entries() == ()


def test_threads_may_share_a_station(tmp_path: Path) -> None:
    with open_station(tmp_path) as station:

        def work() -> None:
            for _ in range(10):
                begin(station)

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(station.samples.all()) == 40
        assert station.check().is_whole


def test_another_versions_database_is_refused(tmp_path: Path) -> None:
    open_station(tmp_path).close()
    connection = sqlite3.connect(tmp_path / DATABASE_NAME)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(StorageError, match="another version"):
        open_station(tmp_path)


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / DATABASE_NAME).write_text("no database " * 1000)
    with pytest.raises(StorageError):
        open_station(tmp_path)
