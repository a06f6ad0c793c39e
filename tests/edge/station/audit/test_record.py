"""Data changed past the station: found by the check, and at the next start."""

import contextlib
import logging
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from edge.station.audit.key import KEY_NAME
from edge.station.audit_check import accept, check_stores, check_trail, renew_key
from edge.station.backup import backup, restore
from edge.station.errors.reasons import Reason, RefusedError
from edge.station.records import ReviewAction, Role
from edge.station.serve_cli import station as station_command
from edge.station.signing import sign
from edge.station.station import DATABASE_NAME
from hemalens.classes import CellClass
from hemalens.errors import StationError
from tests.edge.station.audit.forgery import forge, last_digest, recompute
from tests.edge.station.made_station import (
    PASSWORD,
    add_account,
    begin,
    finish,
    finished,
    open_station,
)

FORGED_RESULT = (
    # With a digest of its own that fits.
    "UPDATE signature SET content = CAST('{}' AS BLOB), content_sha256 = "
    "'44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a'"
)


@pytest.fixture
def worked(tmp_path: Path) -> Path:
    """A station with a signed count, one amended, one in review and a control."""
    folder = tmp_path / "data"
    with open_station(folder) as station:
        ana, sue = add_account(station), add_account(station, "sue", Role.SUPERVISOR)
        add_account(station, "ben")
        first = finished(station)
        action = ReviewAction.RECLASSIFY
        station.reviews.apply(first, "ana", action, [9], CellClass.MONOCYTE)
        station.reviews.apply(first, "ana", ReviewAction.REMOVE, [3])
        sign(station, first, ana, PASSWORD, is_below_target=True)
        amended = station.amendments.begin(first, "a word more", "sue").count_id
        station.reviews.apply(amended, "sue", ReviewAction.UNDO, [3])
        sign(station, amended, sue, PASSWORD, is_below_target=True)
        second = finished(station, "S-2")
        station.reviews.apply(second, "ana", action, [1, 2], CellClass.LYMPHOCYTE)
        control = begin(station, "C-1", is_control=True).count_id
        finish(station, control)
        for missed in (1, 2):
            check = station.controls.located(control, 9, missed, "ana")
        station.controls.strike(check.number, "mistyped", "sue")
        discarded = finished(station, "S-3")
        station.samples.discard(discarded, "sue")
        station.samples.continued(second, "ana", 200)
        station.accounts.change_role("ben", Role.SERVICE, "sue")
        station.accounts.disable("ben", "sue")
        station.accounts.change_password("ana", PASSWORD + "!", "ana")
        begin(station, "S-4")
    return folder


def verify(folder: Path, *more: str) -> tuple[int, str]:
    command = ["audit", "verify", "--data", str(folder), *more]
    done = CliRunner().invoke(station_command, command)
    return done.exit_code, done.output


def test_all_that_a_station_writes_is_covered(worked: Path) -> None:
    found = check_trail(worked)
    assert (found.first_broken, found.differences, found.unproven) == (None, (), 0)
    assert verify(worked)[0] == 0
    with open_station(worked) as station:
        assert station.check() == found


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (FORGED_RESULT, "signature/"),
        ("UPDATE signature SET full_name = 'Eve'", "signature/"),
        ("DELETE FROM signature", "signature/"),
        ("UPDATE account SET role = 'supervisor' WHERE name = 'ana'", "account/ana"),
        ("UPDATE account SET is_disabled = 0 WHERE name = 'ben'", "account/ben"),
        ("UPDATE account SET password_hash = 'x' WHERE name = 'sue'", "account/sue"),
        ("DELETE FROM account WHERE name = 'ben'", "account/ben"),
        (
            "INSERT INTO account SELECT 'eve', 'Eve', 'supervisor', password_hash, 0 "
            "FROM account WHERE name = 'ana'",
            "account/eve",
        ),
        ("DELETE FROM review WHERE cell_id = 3", "review/"),
        ("UPDATE review SET class_name = 'basophil'", "review/"),
        (
            "INSERT INTO review (count_id, cell_id, at, person, action) "
            "SELECT count_id, 5, at, person, 'remove' FROM review LIMIT 1",
            "review/",
        ),
        ("UPDATE sample SET sample_id = 'S-9' WHERE sample_id = 'S-2'", "sample/"),
        ("UPDATE sample SET facts = replace(facts, '321', '123')", "sample/"),
        ("UPDATE sample SET state = 'review' WHERE state = 'signed'", "sample/"),
        ("UPDATE sample SET is_discarded = 0", "sample/"),
        ("DELETE FROM sample WHERE sample_id = 'S-4'", "sample/"),
        ("UPDATE located SET missed = 0", "located/"),
        ("DELETE FROM struck", "struck/"),
    ],
    ids=lambda value: None if value.endswith("/") else value[:60],
)
def test_a_row_changed_past_the_station_is_found(
    worked: Path, change: str, named: str
) -> None:
    forge(worked, change)
    code, said = verify(worked)
    assert code == 3
    assert named in said
    with pytest.raises(StationError, match=named):
        open_station(worked)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ("DROP TRIGGER signature_no_UPDATE", "trigger signature_no_UPDATE"),
        ("DROP TRIGGER audit_no_DELETE", "trigger audit_no_DELETE"),
        ("DROP INDEX amendment_of_count", "index amendment_of_count"),
        (
            "CREATE TRIGGER quiet AFTER INSERT ON audit BEGIN "
            "UPDATE account SET role = 'supervisor'; END",
            "trigger quiet",
        ),
        ("CREATE VIEW seen AS SELECT * FROM account", "view seen"),
        ("ALTER TABLE account ADD COLUMN note TEXT", "table account"),
    ],
)
def test_a_dropped_or_added_guard_is_found(
    worked: Path, change: str, named: str
) -> None:
    with contextlib.closing(sqlite3.connect(worked / DATABASE_NAME)) as connection:
        connection.execute(change)
    code, said = verify(worked)
    assert code == 3
    assert named in said
    with pytest.raises(StationError, match=named):
        open_station(worked)


def test_a_chain_recomputed_without_the_key_is_found(worked: Path) -> None:
    recompute(worked, "UPDATE account SET role = 'supervisor' WHERE name = 'ana'")
    code, said = verify(worked)
    assert (code, "line 1" in said) == (3, True)
    with pytest.raises(StationError, match="broken at line 1"):
        open_station(worked)


def test_a_chain_recomputed_before_a_new_key_does_not_hold_what_was_noted(
    worked: Path,
) -> None:
    noted = last_digest(worked)
    recompute(worked, "UPDATE account SET role = 'supervisor' WHERE name = 'ana'")
    (worked / KEY_NAME).unlink()
    with pytest.raises(StationError, match="missing"):
        open_station(worked)
    with pytest.raises(StationError, match="written anew"):
        renew_key(worked, noted)
    assert not (worked / KEY_NAME).exists()


def test_a_new_key_without_proof_is_said_by_every_check_and_at_the_start(
    worked: Path, caplog: pytest.LogCaptureFixture
) -> None:
    noted = last_digest(worked)
    recompute(worked, "UPDATE account SET role = 'supervisor' WHERE name = 'ana'")
    (worked / KEY_NAME).unlink()
    command = ["audit", "new-key", "--data", str(worked)]
    refused = CliRunner().invoke(station_command, command)
    assert (refused.exit_code, "--last-digest" in refused.output) == (2, True)
    CliRunner().invoke(station_command, [*command, "--without-proof"])
    code, said = verify(worked)
    assert (code, "not proven" in said) == (3, True)
    code, said = verify(worked, "--last-digest", noted)
    assert (code, "no line has the digest" in said) == (3, True)
    caplog.clear()
    with caplog.at_level(logging.WARNING):
        open_station(worked).close()
    assert "nothing proves them" in caplog.text


def test_a_lost_key_is_made_good_by_a_digest_noted_elsewhere(worked: Path) -> None:
    noted = last_digest(worked)
    (worked / KEY_NAME).unlink()
    renew_key(worked, noted)
    found = check_trail(worked)
    assert (found.unproven, found.is_whole) == (0, True)
    assert found.unchecked > 10
    assert verify(worked)[0] == 0


def test_only_the_lines_after_what_was_noted_stay_unproven(worked: Path) -> None:
    noted = last_digest(worked)
    with open_station(worked) as station:
        station.audit.add("ana", "looked")
        lines = len(station.audit.entries())
    (worked / KEY_NAME).unlink()
    renew_key(worked, noted)
    found = check_trail(worked)
    assert (found.unchecked, found.unproven) == (lines, 1)


def test_lines_cut_off_with_what_they_told_are_missed_where_the_last_was_noted(
    worked: Path,
) -> None:
    noted = last_digest(worked)
    forge(
        worked,
        "DELETE FROM sample WHERE sample_id = 'S-4'",
        "DELETE FROM audit WHERE number = (SELECT max(number) FROM audit)",
    )
    assert verify(worked)[0] == 0
    code, said = verify(worked, "--last-digest", noted)
    assert (code, "cut off" in said) == (3, True)


@pytest.mark.parametrize("has_key", [True, False])
def test_a_forged_result_is_found_when_a_backup_is_restored(
    worked: Path, tmp_path: Path, has_key: bool
) -> None:
    key = tmp_path / "kept.key"
    key.write_bytes((worked / KEY_NAME).read_bytes())
    key.chmod(0o600)
    forge(worked, FORGED_RESULT)
    backup(worked, tmp_path / "saved.tar")
    with pytest.raises(StationError, match="signature/"):
        restore(tmp_path / "saved.tar", tmp_path / "new", key if has_key else None)
    assert not (tmp_path / "new").exists()


def test_a_backup_written_anew_is_not_the_one_that_was_noted(
    worked: Path, tmp_path: Path
) -> None:
    noted = backup(worked, tmp_path / "saved.tar")
    restore(tmp_path / "saved.tar", tmp_path / "good", noted=noted)
    assert check_trail(tmp_path / "good").unproven == 0
    recompute(worked, "UPDATE account SET role = 'supervisor' WHERE name = 'ana'")
    backup(worked, tmp_path / "forged.tar")
    with pytest.raises(StationError, match="written anew"):
        restore(tmp_path / "forged.tar", tmp_path / "new", noted=noted)
    command = ["restore", str(tmp_path / "saved.tar"), "--data", str(tmp_path / "new")]
    assert CliRunner().invoke(station_command, command).exit_code == 2


def test_cells_changed_under_a_count_are_found(worked: Path) -> None:
    with contextlib.closing(sqlite3.connect(worked / DATABASE_NAME)) as connection:
        sql = "SELECT count_id FROM sample WHERE sample_id = 'S-2'"
        (count_id,) = connection.execute(sql).fetchone()
    store = worked / "counts" / count_id / "count.sqlite"
    assert check_stores(worked) == ()
    with contextlib.closing(sqlite3.connect(store)) as connection:
        connection.execute("UPDATE cell SET class_name = NULL WHERE cell_id = 1")
        connection.commit()
    assert check_stores(worked) == (count_id,)
    code, said = verify(worked)
    assert (code, count_id in said) == (3, True)


def test_a_sample_changed_while_the_station_runs_is_not_signed(tmp_path: Path) -> None:
    with open_station(tmp_path) as station:
        count_id = finished(station)
        account = add_account(station)
        station.reviews.apply(
            count_id, "ana", ReviewAction.RECLASSIFY, [9], CellClass.MONOCYTE
        )
        with station.transaction() as connection:
            connection.execute("UPDATE sample SET sample_id = 'S-9'")
        with pytest.raises(RefusedError) as caught:
            sign(station, count_id, account, PASSWORD, is_below_target=True)
    assert caught.value.reason is Reason.RECORD_CHANGED


def test_what_is_let_stand_is_in_the_trail_for_good(worked: Path) -> None:
    forge(
        worked,
        "UPDATE sample SET sample_id = 'S-9' WHERE sample_id = 'S-2'",
        "DELETE FROM struck",
        "DROP INDEX amendment_of_count",
    )
    with pytest.raises(StationError, match="reason"):
        accept(worked, " ")
    assert accept(worked, "the card was worn, no backup") == 3
    assert check_trail(worked).is_whole
    with open_station(worked) as station:
        lines = station.audit.latest(limit=3)
    assert {str(line.detail.get("row", "")).partition("/")[0] for line in lines} == {
        "sample",
        "struck",
        "",
    }
    assert all(str(line.detail["reason"]).startswith("the card") for line in lines)


def test_a_signature_is_bound_to_what_was_seen(worked: Path) -> None:
    with open_station(worked) as station:
        signed = [e for e in station.audit.entries() if e.action == "signed"]
    assert all(len(str(e.detail["seen_sha256"])) == 64 for e in signed)
    assert len({e.detail["seen_sha256"] for e in signed}) == len(signed) == 2


@pytest.mark.parametrize(
    "keep",
    [lambda folder: accept(folder, "moved"), lambda folder: renew_key(folder, None)],
    ids=["accept", "new key"],
)
def test_a_folder_without_a_station_is_refused_and_none_is_made(
    keep: Callable[[Path], object], tmp_path: Path
) -> None:
    folder = tmp_path / "mistyped"
    with pytest.raises(StationError, match="name the station's folder"):
        keep(folder)
    assert not folder.exists()
