import hashlib
import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from edge.station.audit_check import accept
from edge.station.errors.reasons import Reason, RefusedError
from edge.station.export.canonical import json
from edge.station.export.notes import notes
from edge.station.records import ReviewAction, Role, SampleState
from edge.station.security.accounts import AUTOMATIC_ACCOUNT
from edge.station.signing import sign
from edge.station.station import Station
from hemalens.classes import CellClass
from hemalens.errors import StationError, StorageError
from tests.edge.made_counts import made_cell
from tests.edge.station.made_station import (
    PASSWORD,
    add_account,
    begin,
    finish,
    finished,
    open_station,
)


def settle(station: Station, count_id: str) -> None:
    station.reviews.apply(
        count_id, "ana", ReviewAction.RECLASSIFY, [9], CellClass.MONOCYTE
    )


def signed(station: Station) -> str:
    count_id = finished(station)
    settle(station, count_id)
    sign(station, count_id, add_account(station), PASSWORD, "a comment")
    return count_id


def test_a_signed_report_is_kept_as_it_was_signed(tmp_path: Path) -> None:
    with open_station(tmp_path) as station:
        count_id = signed(station)
    with Station.open(tmp_path, laboratory="Another name") as station:
        report = station.reports.get(count_id)
    assert report.laboratory == "Made laboratory"
    assert report.sample.state is SampleState.SIGNED
    assert (report.sample.signed_by, report.comment) == ("ana", "a comment")
    assert report.signature is not None
    assert report.signature.full_name == "Ana Test"
    unsigned = json(report.model_copy(update={"signature": None}))
    assert hashlib.sha256(unsigned).hexdigest() == report.signature.content_sha256


def test_a_report_that_is_not_what_was_signed_is_refused(tmp_path: Path) -> None:
    with open_station(tmp_path) as station:
        count_id = signed(station)
        with station.transaction() as connection:
            connection.execute("DROP TRIGGER signature_no_UPDATE")
            altered = "CAST(replace(content, '5', '6') AS BLOB)"
            connection.execute(f"UPDATE signature SET content = {altered}")
        with pytest.raises(RefusedError) as caught:
            station.reports.get(count_id)
    assert caught.value.reason is Reason.RECORD_CHANGED
    # Nor does it become what was signed by being let stand.
    accept(tmp_path, "no backup is left")
    with (
        open_station(tmp_path) as station,
        pytest.raises(StationError, match="no longer what the station keeps"),
    ):
        station.reports.get(count_id)


def test_open_cells_stand_in_the_way(tmp_path: Path) -> None:
    with open_station(tmp_path) as station:
        count_id = finished(station)
        with pytest.raises(StationError, match="1 uncertain"):
            sign(station, count_id, add_account(station), PASSWORD)
        assert station.samples.get(count_id).state is SampleState.REVIEW


def test_a_count_that_goes_on_cannot_be_signed(tmp_path: Path) -> None:
    with open_station(tmp_path) as station:
        count_id = begin(station).count_id
        with pytest.raises(StationError, match="still being counted"):
            sign(station, count_id, add_account(station), PASSWORD)


def test_a_wrong_password_signs_nothing_and_is_kept_in_the_trail(
    tmp_path: Path,
) -> None:
    with open_station(tmp_path) as station:
        count_id = finished(station)
        settle(station, count_id)
        with pytest.raises(RefusedError, match="password is wrong"):
            sign(station, count_id, add_account(station), "wrong password")
        assert station.audit.entries(count_id)[-1].action == "signing_refused"
        assert station.reports.get(count_id).signature is None


def test_a_service_account_does_not_sign(tmp_path: Path) -> None:
    with open_station(tmp_path) as station:
        count_id = finished(station)
        settle(station, count_id)
        with pytest.raises(StationError, match="may not sign"):
            sign(station, count_id, add_account(station, role=Role.SERVICE), PASSWORD)


def test_the_automatic_account_signs_only_where_there_are_no_others(
    tmp_path: Path,
) -> None:
    with open_station(tmp_path) as station:
        first, second = finished(station, "S-1"), finished(station, "S-2")
        for count_id in (first, second):
            settle(station, count_id)
        assert sign(station, first, AUTOMATIC_ACCOUNT, "").person == "operator"
        add_account(station)
        with pytest.raises(StationError, match="password is wrong"):
            sign(station, second, AUTOMATIC_ACCOUNT, "")


def test_nothing_of_a_signed_count_can_be_changed(tmp_path: Path) -> None:
    with open_station(tmp_path) as station:
        count_id = signed(station)
        account = station.accounts.get("ana")
        assert account is not None
        before = station.reports.get(count_id)
        for attempt in (
            lambda: settle(station, count_id),
            lambda: sign(station, count_id, account, PASSWORD),
            lambda: station.samples.discard(count_id, "ana"),
            lambda: station.samples.continued(count_id, "ana", 200),
            lambda: station.samples.counted(count_id),
        ):
            with pytest.raises(StationError, match="signed"):
                attempt()
        assert station.reports.get(count_id) == before
        assert station.samples.folder(count_id).is_dir()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE sample SET operator = 'eve'",
        "DELETE FROM sample",
        "INSERT INTO review (count_id, cell_id, at, person, action) "
        "SELECT count_id, 1, at, 'eve', 'remove' FROM review",
        "UPDATE review SET person = 'eve'",
        "DELETE FROM review",
        "UPDATE signature SET person = 'eve'",
        "DELETE FROM signature",
        "REPLACE INTO signature SELECT count_id, 'eve', full_name, at, "
        "content_sha256, content FROM signature",
        "REPLACE INTO sample (count_id, sample_id, operator, state, is_control, "
        "population, started_at) SELECT count_id, 'S-2', operator, state, is_control, "
        "population, started_at FROM sample",
        "REPLACE INTO audit SELECT number, at, 'eve', action, count_id, detail, "
        "digest, key_id, seal, covers FROM audit",
        "UPDATE audit SET person = 'eve'",
        "DELETE FROM audit",
    ],
)
def test_the_database_itself_refuses_changes(tmp_path: Path, statement: str) -> None:
    with open_station(tmp_path) as station:
        count_id = signed(station)
        before = station.reports.get(count_id), station.audit.entries()
        with (
            pytest.raises(StorageError) as caught,
            station.transaction() as connection,
        ):
            connection.execute(statement)
        assert isinstance(caught.value.__cause__, sqlite3.IntegrityError)
        assert (station.reports.get(count_id), station.audit.entries()) == before


_ENDLESS_REVIEW = """
import sys
from pathlib import Path
from edge.station.records import ReviewAction
from hemalens.classes import CellClass
from tests.edge.station.made_station import finished, open_station

station = open_station(Path(sys.argv[1]))
count_id = finished(station)
print(count_id, flush=True)
for name in 1000 * tuple(CellClass):
    station.reviews.apply(count_id, "ana", ReviewAction.RECLASSIFY, range(12), name)
    print(name.value, flush=True)
"""


def test_killed_at_any_time_every_acknowledged_word_is_there(tmp_path: Path) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(_ENDLESS_REVIEW), str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[4],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[4])},
    )
    assert child.stdout is not None
    with child, child.stdout:
        count_id = child.stdout.readline().strip()
        said = [child.stdout.readline().strip() for _ in range(20)]
        child.send_signal(signal.SIGKILL)
        said += child.stdout.read().split()
    with open_station(tmp_path) as station:
        names = [
            e.detail["class_name"]
            for e in station.audit.entries(count_id)
            if e.action == "cell_reclassified"
        ]
        final = {c.final_class for c in station.reviews.cells(count_id)}
        assert station.check().is_whole
    # One word more may have been taken than the child lived to tell of.
    assert len(final) == 1
    assert len(names) % 12 == 0
    assert len(names) // 12 - len(said) in (0, 1)
    assert names[: 12 * len(said) : 12] == said
    assert names[-1] in final


def test_below_the_target_is_signed_only_when_it_is_meant_and_says_so(
    tmp_path: Path,
) -> None:
    with open_station(tmp_path) as station:
        account = add_account(station)
        count_id = finished(station)
        settle(station, count_id)
        station.samples.continued(count_id, "ana", 100)
        with pytest.raises(RefusedError) as caught:
            sign(station, count_id, account, PASSWORD)
        assert caught.value.reason is Reason.BELOW_TARGET
        assert caught.value.values["count"] == 10
        sign(station, count_id, account, PASSWORD, is_below_target=True)
        report = station.reports.get(count_id)
    assert "Below the target: 10 of 100 leukocytes counted." in tuple(notes(report))


def test_a_count_of_nothing_is_not_signed(tmp_path: Path) -> None:
    with open_station(tmp_path) as station:
        count_id = begin(station).count_id
        finish(station, count_id, (made_cell(0, "platelet"),))
        account = add_account(station)
        with pytest.raises(RefusedError) as caught:
            sign(station, count_id, account, PASSWORD, is_below_target=True)
        assert caught.value.reason is Reason.NOTHING_COUNTED
