import sqlite3
from pathlib import Path

import pytest
from click.testing import CliRunner

from edge.station.audit import trail as audit
from edge.station.audit.key import KEY_NAME, AuditKey
from edge.station.audit.trail import KEY_RENEWED
from edge.station.audit_check import add_line, check_trail, renew_key
from edge.station.serve_cli import station as station_command
from edge.station.station import DATABASE_NAME
from hemalens.errors import StationError
from tests.edge.station.made_station import open_station


def make_trail(folder: Path) -> None:
    with open_station(folder) as station:
        for number in range(5):
            station.audit.add("ana", "looked", None, {"number": number})
        assert station.check().is_whole


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
    assert check_trail(tmp_path).first_broken == 3
    with pytest.raises(StationError, match="broken at line 3"):
        open_station(tmp_path)


def spoil(folder: Path, *statements: str) -> None:
    connection = sqlite3.connect(folder / DATABASE_NAME)
    for name in ("UPDATE", "DELETE", "REPLACE"):
        connection.execute(f"DROP TRIGGER audit_no_{name}")
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


def test_a_line_forged_with_its_own_digest_is_given_away_by_the_next(
    tmp_path: Path,
) -> None:
    make_trail(tmp_path)
    # The forger has another station, and so a key, but not this one's.
    make_trail(tmp_path / "other")
    with open_station(tmp_path / "other") as other:
        forged = other.audit.entries()[0]
    spoil(
        tmp_path,
        f"UPDATE audit SET at = '{forged.at.isoformat()}', digest = '{forged.digest}', "
        f"key_id = '{forged.key_id}', seal = '{forged.seal}' WHERE number = 1",
    )
    assert check_trail(tmp_path).first_broken == 2


def test_a_whole_trail_forged_without_the_key_is_found(tmp_path: Path) -> None:
    make_trail(tmp_path)
    make_trail(tmp_path / "other")
    other = tmp_path / "other" / DATABASE_NAME
    spoil(
        tmp_path,
        "DELETE FROM audit",
        f"ATTACH '{other}' AS other",
        "INSERT INTO audit SELECT * FROM other.audit",
    )
    assert check_trail(tmp_path).first_broken == 1
    # Nor does a line with the right key after it make it good.
    add_line(tmp_path, "ana", "looked", {})
    assert check_trail(tmp_path).first_broken == 6
    with pytest.raises(StationError, match="broken at line 6"):
        open_station(tmp_path)


@pytest.mark.parametrize("claims_our_key", [False, True])
def test_the_last_line_forged_without_the_key_is_found(
    tmp_path: Path, claims_our_key: bool
) -> None:
    make_trail(tmp_path)
    forger = AuditKey(secret=bytes(32))
    with open_station(tmp_path) as station:
        *_, before, last = station.audit.entries()
    key_id = last.key_id if claims_our_key else forger.key_id
    line = last.model_copy(update={"person": "eve", "key_id": key_id})
    digest = audit.line_digest(audit._to_row(line), before.digest)
    spoil(
        tmp_path,
        f"UPDATE audit SET person = 'eve', key_id = '{key_id}', digest = '{digest}', "
        f"seal = '{forger.seal(digest)}' WHERE number = 5",
    )
    assert check_trail(tmp_path).first_broken == 5


def test_the_key_is_for_its_owner_alone(tmp_path: Path) -> None:
    make_trail(tmp_path)
    key = tmp_path / KEY_NAME
    assert key.stat().st_mode & 0o777 == 0o600
    key.chmod(0o640)
    with pytest.raises(StationError, match="read by others"):
        open_station(tmp_path)


def test_a_trail_without_its_key_is_not_gone_on_with_in_silence(tmp_path: Path) -> None:
    make_trail(tmp_path)
    (tmp_path / KEY_NAME).unlink()
    with pytest.raises(StationError, match="bring its copy back"):
        open_station(tmp_path)
    assert not (tmp_path / KEY_NAME).exists()
    renew_key(tmp_path, None)
    with open_station(tmp_path) as station:
        found = station.check()
        assert station.audit.latest(limit=1)[0].action == KEY_RENEWED
    assert (found.first_broken, found.lines, found.unchecked) == (None, 6, 5)
    with pytest.raises(StationError, match="there is a key"):
        renew_key(tmp_path, None)


def test_a_trail_is_checked_while_the_station_goes_on(tmp_path: Path) -> None:
    with open_station(tmp_path) as station:
        station.audit.add("ana", "looked")
        assert check_trail(tmp_path) == station.check()
        station.audit.add("ana", "looked")
        assert check_trail(tmp_path).lines == 2


def test_the_trail_is_checked_from_the_command_line(tmp_path: Path) -> None:
    make_trail(tmp_path)
    command = ["audit", "verify", "--data", str(tmp_path)]
    whole = CliRunner().invoke(station_command, command)
    assert (whole.exit_code, "5 lines" in whole.output) == (0, True)
    spoil(tmp_path, "UPDATE audit SET person = 'eve' WHERE number = 3")
    broken = CliRunner().invoke(station_command, command)
    assert (broken.exit_code, "line 3" in broken.output) == (3, True)


def test_newest_lines_come_page_by_page(tmp_path: Path) -> None:
    make_trail(tmp_path)
    with open_station(tmp_path) as station:
        first = station.audit.latest(limit=2)
        assert [e.number for e in first] == [5, 4]
        second = station.audit.latest(before=first[-1].number, limit=9)
        assert [e.number for e in second] == [3, 2, 1]
