import contextlib
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from edge.station.audit_check import check_trail
from edge.station.records import ReviewAction, SampleState
from edge.station.signing import sign
from edge.station.station import DATABASE_NAME, Station
from edge.station.storage.counted_results import reviewable_cells
from edge.station.storage.schema import VERSION
from hemalens.classes import CellClass
from hemalens.errors import StationError, StorageError
from tests.edge.station.audit.forgery import forge
from tests.edge.station.made_station import (
    CELLS,
    PASSWORD,
    add_account,
    open_station,
    write_results,
)
from tests.edge.station.storage.format_2 import (
    AMENDED,
    CONTROL,
    COUNTING,
    IN_REVIEW,
    SIGNED,
    lay_out,
    read_tables,
)

KEPT = f"{DATABASE_NAME}.format-2"


def test_all_that_format_2_kept_is_kept(tmp_path: Path) -> None:
    lay_out(tmp_path)
    before = read_tables(tmp_path / DATABASE_NAME)
    with open_station(tmp_path) as station:
        assert station.check().is_whole
    after = read_tables(tmp_path / DATABASE_NAME)
    added = after["audit"][len(before["audit"]) :]
    del after["audit"][len(before["audit"]) :]
    assert after == before
    assert [line[3] for line in added] == ["database_migrated", *["covered"] * 7]
    assert _format(tmp_path / DATABASE_NAME) == VERSION


def test_the_original_is_kept_aside_for_its_owner_alone(tmp_path: Path) -> None:
    lay_out(tmp_path)
    before = read_tables(tmp_path / DATABASE_NAME)
    open_station(tmp_path).close()
    assert _format(tmp_path / KEPT) == 2
    assert read_tables(tmp_path / KEPT) == before
    assert (tmp_path / KEPT).stat().st_mode & 0o777 == 0o600
    open_station(tmp_path).close()
    actions = [line[3] for line in read_tables(tmp_path / DATABASE_NAME)["audit"]]
    assert actions.count("database_migrated") == 1


def test_what_was_signed_and_reviewed_reads_as_before(tmp_path: Path) -> None:
    lay_out(tmp_path)
    with open_station(tmp_path) as station:
        signed = station.reports.get(SIGNED)
        amended = station.reports.get(AMENDED)
        review = station.reports.get(IN_REVIEW)
        control = station.reports.get(CONTROL)
        counting = station.samples.counting()
        charts = station.controls.charts("C-1")
        (located,) = station.controls.located_checks()
    assert signed.signature is not None
    assert (signed.comment, signed.sample.superseded_by) == ("seen twice", AMENDED)
    assert amended.amendment is not None
    assert amended.amendment.reason == "a monocyte after all"
    assert [c.cell_id for c in review.cells if c.is_removed] == [3]
    assert (review.source, review.differential.red_cells) == ("demo:", 321)
    assert review.model.validation_report_sha256 == "a" * 64
    assert control.cells == tuple(reviewable_cells(CELLS))
    assert counting is not None
    assert counting.count_id == COUNTING
    assert charts[0].points
    assert located.found == 48


def test_work_goes_on_after_the_migration(tmp_path: Path) -> None:
    lay_out(tmp_path)
    with open_station(tmp_path) as station:
        sue = station.accounts.get("sue")
        _settle(station, IN_REVIEW)
        ana = station.accounts.get("ana")
        sign(station, IN_REVIEW, ana, PASSWORD, is_below_target=True)
        again = station.amendments.begin(AMENDED, "once more", "sue").count_id
        sign(station, again, sue, PASSWORD, is_below_target=True)
        assert station.samples.get(again).state is SampleState.SIGNED
        with (
            pytest.raises(StorageError, match="signed"),
            station.transaction() as connection,
        ):
            connection.execute("UPDATE sample SET sample_id = 'x'")


def test_a_count_whose_folder_is_lost_stops_the_migration(tmp_path: Path) -> None:
    lay_out(tmp_path)
    before = read_tables(tmp_path / DATABASE_NAME)
    folder = tmp_path / "counts" / IN_REVIEW
    shutil.rmtree(folder)
    with pytest.raises(StorageError, match=f"{IN_REVIEW}.*needed"):
        open_station(tmp_path)
    write_results(folder, CELLS[:4])
    with pytest.raises(StorageError, match="other cells"):
        open_station(tmp_path)
    assert _format(tmp_path / DATABASE_NAME) == 2
    assert read_tables(tmp_path / DATABASE_NAME) == before
    write_results(folder)
    open_station(tmp_path).close()


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ("UPDATE signature SET content = CAST('{}' AS BLOB)", "the signed result"),
        ("DELETE FROM signature", "the signed result"),
        ("UPDATE account SET role = 'service' WHERE name = 'sue'", "account sue"),
        ("UPDATE account SET is_disabled = 1 WHERE name = 'ana'", "account ana"),
        (
            "INSERT INTO account SELECT 'eve', full_name, role, password_hash, 0 "
            "FROM account WHERE name = 'sue'",
            "account eve",
        ),
        ("DELETE FROM audit", "table "),
    ],
)
def test_what_was_forged_in_an_earlier_format_is_not_taken_over(
    tmp_path: Path, change: str, named: str
) -> None:
    lay_out(tmp_path)
    forge(tmp_path, change)
    with pytest.raises(StationError, match=named):
        open_station(tmp_path)
    assert _format(tmp_path / DATABASE_NAME) == 2


def test_a_station_of_today_cannot_be_passed_off_as_an_earlier_one(
    tmp_path: Path,
) -> None:
    with open_station(tmp_path) as station:
        add_account(station)
    forge(
        tmp_path,
        "UPDATE account SET role = 'supervisor'",
        "ALTER TABLE audit DROP COLUMN covers",
        "CREATE TABLE login (token_sha256 TEXT PRIMARY KEY) STRICT",
        "PRAGMA user_version=4",
    )
    with pytest.raises(StationError, match="broken at line 1"):
        open_station(tmp_path)


def test_what_was_taken_over_is_covered_from_then_on(tmp_path: Path) -> None:
    lay_out(tmp_path)
    open_station(tmp_path).close()
    assert check_trail(tmp_path).is_whole
    forge(tmp_path, "DELETE FROM review WHERE cell_id = 3")
    with pytest.raises(StationError, match="review/"):
        open_station(tmp_path)


def test_a_migration_killed_anywhere_loses_nothing(tmp_path: Path) -> None:
    done = subprocess.run(
        (
            sys.executable,
            "-m",
            "tests.edge.station.storage.killed_migrations",
            tmp_path,
        ),
        check=True,
        capture_output=True,
        text=True,
    )
    assert int(done.stdout) > 30


def _settle(station: Station, count_id: str) -> None:
    action = ReviewAction.RECLASSIFY
    station.reviews.apply(count_id, "ana", action, [9], CellClass.MONOCYTE)


def _format(path: Path) -> int:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        found: int = connection.execute("PRAGMA user_version").fetchone()[0]
        return found
