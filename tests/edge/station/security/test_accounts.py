from pathlib import Path

import pytest

from edge.station.errors.reasons import Reason, RefusedError
from edge.station.records import Role
from edge.station.station import DATABASE_NAME, Station
from hemalens.errors import StationError
from hemalens.passwords import PasswordHasher
from tests.edge.station.made_station import PASSWORD, add_account, open_station


def test_only_the_right_password_of_a_known_name_lets_in(tmp_path: Path) -> None:
    with open_station(tmp_path) as station:
        account = add_account(station)
        assert station.accounts.check("ana", PASSWORD) == account
        assert station.accounts.check("ana", PASSWORD + "!") is None
        assert station.accounts.check("eve", PASSWORD) is None


def test_neither_password_nor_token_lies_on_disk(tmp_path: Path) -> None:
    with open_station(tmp_path) as station:
        token = station.accounts.begin(add_account(station))
    content = b"".join(p.read_bytes() for p in tmp_path.glob(f"{DATABASE_NAME}*"))
    assert b"$argon2id$" in content
    assert PASSWORD.encode() not in content
    assert token.encode() not in content


def test_a_token_holds_until_it_is_ended(tmp_path: Path) -> None:
    with open_station(tmp_path) as station:
        account = add_account(station)
        token, other = station.accounts.begin(account), station.accounts.begin(account)
        assert station.accounts.find(token) == account
        station.accounts.end(token)
        assert station.accounts.find(token) is None
        assert station.accounts.find(other) == account
        assert station.accounts.find("made up") is None


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE account SET role = 'supervisor'",
        "UPDATE account SET password_hash = 'of another'",
        "UPDATE account SET full_name = 'Eve'",
        "DELETE FROM account",
    ],
)
def test_an_account_changed_past_the_station_is_found_when_it_is_used(
    tmp_path: Path, change: str
) -> None:
    with open_station(tmp_path) as station:
        token = station.accounts.begin(add_account(station))
        with station.transaction() as connection:
            connection.execute(change)
        for use in (
            lambda: station.accounts.find(token),
            lambda: station.accounts.check("ana", PASSWORD),
            # Without any account everybody would be a supervisor.
            station.accounts.all,
            # Or the next line on it would vouch for what was forged.
            lambda: station.accounts.change_password("ana", PASSWORD, "boss"),
        ):
            with pytest.raises(RefusedError) as caught:
                use()
            assert caught.value.reason is Reason.RECORD_CHANGED


def test_an_account_added_past_the_station_lets_nobody_in(tmp_path: Path) -> None:
    with open_station(tmp_path) as station:
        add_account(station)
        with station.transaction() as connection:
            connection.execute(
                "INSERT INTO account SELECT 'eve', full_name, 'supervisor', "
                "password_hash, 0 FROM account"
            )
        with pytest.raises(RefusedError) as caught:
            station.accounts.check("eve", PASSWORD)
    assert caught.value.reason is Reason.RECORD_CHANGED


def test_what_failed_is_not_remembered(tmp_path: Path) -> None:
    with open_station(tmp_path) as station:
        account = add_account(station)

        def change_and_break() -> None:
            with station.transaction():
                station.accounts.change_role("ana", Role.SUPERVISOR, "boss")
                raise ValueError("broken")

        with pytest.raises(ValueError, match="broken"):
            change_and_break()
        assert station.accounts.get("ana") == account
        station.accounts.change_role("ana", Role.SERVICE, "boss")
    with open_station(tmp_path) as station:
        assert station.check().is_whole


def test_disabling_takes_effect_at_once(tmp_path: Path) -> None:
    with open_station(tmp_path) as station:
        token = station.accounts.begin(add_account(station))
        station.accounts.disable("ana", by="boss")
        assert station.accounts.find(token) is None
        assert station.accounts.check("ana", PASSWORD) is None
        assert [a.is_disabled for a in station.accounts.all()] == [True]


def test_a_new_password_ends_what_the_old_one_began(tmp_path: Path) -> None:
    with open_station(tmp_path) as station:
        token = station.accounts.begin(add_account(station))
        station.accounts.change_password("ana", "another password", by="ana")
        assert station.accounts.find(token) is None
        assert station.accounts.check("ana", PASSWORD) is None
        assert station.accounts.check("ana", "another password") is not None


def test_passwords_are_hashed_anew_when_the_parameters_rise(tmp_path: Path) -> None:
    with open_station(tmp_path) as station:
        add_account(station)
    stronger = PasswordHasher(memory_kib=16, passes=2, lanes=1)
    with Station.open(tmp_path, hasher=stronger) as station:
        assert station.accounts.check("ana", PASSWORD) is not None
        with station.transaction() as connection:
            row = connection.execute("SELECT password_hash FROM account").fetchone()
        assert not stronger.is_outdated(row[0])
        assert station.accounts.check("ana", PASSWORD) is not None


def test_weak_passwords_and_taken_names_are_refused(tmp_path: Path) -> None:
    with open_station(tmp_path) as station:
        add_account(station)
        with pytest.raises(StationError, match="already"):
            add_account(station)
        for password in ("short", 300 * "x"):
            with pytest.raises(StationError, match="characters"):
                station.accounts.add("ben", "Ben", Role.OPERATOR, password, "test")
        with pytest.raises(StationError, match="no account"):
            station.accounts.disable("ben", by="boss")
