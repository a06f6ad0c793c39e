import sqlite3
from pathlib import Path

import pytest

from edge.station.database import DATABASE_NAME
from tests.edge.station.made_station import open_station


def make_trail(folder: Path) -> None:
    with open_station(folder) as station:
        for number in range(5):
            station.audit.add("ana", "looked", None, {"number": number})
        assert station.audit.verify() is None


def test_lines_are_given_in_order_and_by_count(tmp_path: Path) -> None:
    with open_station(tmp_path) as station:
        for count_id in ("a", "b", None):
            station.audit.add("ana", "looked", count_id)
        assert [e.number for e in station.audit.entries()] == [1, 2, 3]
        assert [e.count_id for e in station.audit.entries("b")] == ["b"]
        assert [e.number for e in station.audit.entries(after=2)] == [3]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE audit SET person = 'eve' WHERE number = 3",
        "UPDATE audit SET detail = 'no json' WHERE number = 3",
        "UPDATE audit SET at = '2020-01-01T00:00:00+00:00' WHERE number = 3",
        "DELETE FROM audit WHERE number = 3",
    ],
)
def test_a_change_past_the_triggers_is_found(tmp_path: Path, change: str) -> None:
    make_trail(tmp_path)
    connection = sqlite3.connect(tmp_path / DATABASE_NAME)
    connection.execute("DROP TRIGGER audit_no_UPDATE")
    connection.execute("DROP TRIGGER audit_no_DELETE")
    connection.execute(change)
    connection.commit()
    connection.close()
    with open_station(tmp_path) as station:
        assert station.audit.verify() == 3


def test_a_line_forged_with_its_own_digest_is_given_away_by_the_next(
    tmp_path: Path,
) -> None:
    make_trail(tmp_path)
    with open_station(tmp_path / "other") as other:
        for person in ("ana", "eve"):
            other.audit.add(person, "looked")
        forged = other.audit.entries()[0]
    connection = sqlite3.connect(tmp_path / DATABASE_NAME)
    connection.execute("DROP TRIGGER audit_no_UPDATE")
    connection.execute(
        "UPDATE audit SET at = ?, detail = '{}', digest = ? WHERE number = 1",
        (forged.at.isoformat(), forged.digest),
    )
    connection.commit()
    connection.close()
    with open_station(tmp_path) as station:
        assert station.audit.verify() == 2
