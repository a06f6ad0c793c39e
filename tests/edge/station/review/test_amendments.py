import hashlib
import sqlite3
from io import BytesIO
from pathlib import Path

import pytest

from edge.station.errors.reasons import Reason, RefusedError
from edge.station.export.canonical import json
from edge.station.export.labels import ENGLISH
from edge.station.export.pdf import pdf
from edge.station.records import Report, ReviewAction, Role, SampleState
from edge.station.security.accounts import Account
from edge.station.signing import sign
from edge.station.station import Station
from hemalens.classes import CellClass
from hemalens.errors import StorageError
from tests.edge.station.made_station import (
    PASSWORD,
    add_account,
    begin,
    finish,
    finished,
    open_station,
)


def signed(station: Station) -> tuple[str, Account]:
    supervisor = add_account(station, "sue", Role.SUPERVISOR)
    count_id = finished(station)
    station.reviews.apply(
        count_id, "ana", ReviewAction.RECLASSIFY, [9], CellClass.MONOCYTE
    )
    sign(station, count_id, supervisor, PASSWORD)
    return count_id, supervisor


def amended(station: Station, count_id: str, supervisor: Account) -> str:
    sample = station.amendments.begin(count_id, "an ig was overlooked", "sue")
    station.reviews.apply(
        sample.count_id, "sue", ReviewAction.RECLASSIFY, [0], CellClass.IG
    )
    sign(station, sample.count_id, supervisor, PASSWORD)
    return sample.count_id


def share(report: Report, name: CellClass) -> int:
    return next(s.count for s in report.differential.shares if s.class_name is name)


def test_an_amended_report_refers_to_the_former_which_stays(tmp_path: Path) -> None:
    with open_station(tmp_path) as station:
        count_id, supervisor = signed(station)
        former = station.reports.get(count_id)
        new_id = amended(station, count_id, supervisor)
        later, report = station.reports.get(count_id), station.reports.get(new_id)
    assert (share(former, CellClass.IG), share(report, CellClass.IG)) == (0, 1)
    assert later.sample.superseded_by == new_id
    sample = later.sample.model_copy(update={"superseded_by": None})
    assert later.model_copy(update={"sample": sample}) == former
    assert report.amendment is not None
    assert former.signature is not None
    assert report.amendment.former_content_sha256 == former.signature.content_sha256
    assert report.amendment.former_signed_at == former.signature.at
    assert report.amendment.reason == "an ig was overlooked"
    assert (report.amendment.number, report.amendment.origin) == (1, count_id)
    assert (report.sample.amends, report.sample.sample_id) == (count_id, "S-1")


def test_both_are_kept_as_they_were_signed(tmp_path: Path) -> None:
    with open_station(tmp_path) as station:
        count_id, supervisor = signed(station)
        new_id = amended(station, count_id, supervisor)
        for report in (station.reports.get(count_id), station.reports.get(new_id)):
            sample = report.sample.model_copy(update={"superseded_by": None})
            bare = report.model_copy(update={"sample": sample, "signature": None})
            assert report.signature is not None
            digest = hashlib.sha256(json(bare)).hexdigest()
            assert digest == report.signature.content_sha256


def test_what_was_said_of_the_cells_goes_along(tmp_path: Path) -> None:
    with open_station(tmp_path) as station:
        count_id, _ = signed(station)
        sample = station.amendments.begin(count_id, "a doubt", "sue")
        assert sample.state is SampleState.REVIEW
        assert station.reviews.cells(sample.count_id) == station.reviews.cells(count_id)
        pictures = station.samples.pictures(sample.count_id)
        assert pictures == station.samples.folder(count_id)


def test_the_trail_of_both_tells_of_the_amendment(tmp_path: Path) -> None:
    with open_station(tmp_path) as station:
        count_id, supervisor = signed(station)
        new_id = amended(station, count_id, supervisor)
        former = [e.action for e in station.audit.entries(count_id)]
        (begun, *_, done) = station.audit.entries(new_id)
    assert former[-3:] == ["signed", "amendment_begun", "superseded"]
    assert (begun.action, done.action) == ("amendment_begun", "signed")
    assert begun.detail == {"reason": "an ig was overlooked", "amends": count_id}


def test_an_amendment_may_be_amended_again(tmp_path: Path) -> None:
    with open_station(tmp_path) as station:
        count_id, supervisor = signed(station)
        second = amended(station, count_id, supervisor)
        third = amended(station, second, supervisor)
        report = station.reports.get(third)
        with pytest.raises(RefusedError) as refused:
            station.amendments.begin(count_id, "too late", "sue")
    assert refused.value.reason is Reason.SUPERSEDED
    assert report.amendment is not None
    assert (report.amendment.number, report.amendment.origin) == (2, count_id)
    assert report.amendment.former_count_id == second


def test_one_amendment_is_open_at_a_time_and_may_be_discarded(tmp_path: Path) -> None:
    with open_station(tmp_path) as station:
        count_id, _ = signed(station)
        fields = station.samples.folder(count_id)
        first = station.amendments.begin(count_id, "a doubt", "sue")
        with pytest.raises(RefusedError) as refused:
            station.amendments.begin(count_id, "another", "sue")
        assert refused.value.reason is Reason.AMENDMENT_OPEN
        assert refused.value.values["count_id"] == first.count_id
        station.samples.discard(first.count_id, "sue")
        assert fields.is_dir()
        station.amendments.begin(count_id, "another", "sue")
        assert station.reports.get(count_id).sample.superseded_by is None


@pytest.mark.parametrize("reason", ["", "  ", "x" * 1001])
def test_an_amendment_needs_a_reason(tmp_path: Path, reason: str) -> None:
    with open_station(tmp_path) as station:
        count_id, _ = signed(station)
        with pytest.raises(RefusedError) as refused:
            station.amendments.begin(count_id, reason, "sue")
        assert refused.value.reason is Reason.NO_REASON


def test_what_is_not_signed_is_corrected_and_not_amended(tmp_path: Path) -> None:
    with open_station(tmp_path) as station:
        with pytest.raises(RefusedError) as refused:
            station.amendments.begin(finished(station), "a doubt", "sue")
        assert refused.value.reason is Reason.NOT_SIGNED


def test_an_operator_does_not_sign_an_amendment(tmp_path: Path) -> None:
    with open_station(tmp_path) as station:
        count_id, _ = signed(station)
        sample = station.amendments.begin(count_id, "a doubt", "sue")
        with pytest.raises(RefusedError) as refused:
            sign(station, sample.count_id, add_account(station), PASSWORD)
        assert refused.value.reason is Reason.AMENDMENT_NEEDS_SUPERVISOR


def test_the_database_itself_keeps_one_amendment_a_count(tmp_path: Path) -> None:
    with open_station(tmp_path) as station:
        count_id, _ = signed(station)
        station.amendments.begin(count_id, "a doubt", "sue")
        twice = (
            "INSERT INTO sample (count_id, sample_id, operator, state, is_control, "
            "population, started_at, amends) SELECT 'b', sample_id, operator, state, "
            "is_control, population, started_at, amends FROM sample "
            "WHERE amends NOTNULL"
        )
        with pytest.raises(StorageError) as caught, station.transaction() as connection:
            connection.execute(twice)
        assert isinstance(caught.value.__cause__, sqlite3.IntegrityError)


def test_a_control_slide_is_charted_as_amended(tmp_path: Path) -> None:
    with open_station(tmp_path) as station:
        supervisor = add_account(station, "sue", Role.SUPERVISOR)
        count_id = begin(station, "control", is_control=True).count_id
        finish(station, count_id)
        station.reviews.apply(
            count_id, "ana", ReviewAction.RECLASSIFY, [9], CellClass.MONOCYTE
        )
        sign(station, count_id, supervisor, PASSWORD)
        sample = station.amendments.begin(count_id, "an ig was overlooked", "sue")
        charted = {p.count_id for p in station.controls.charts("control")[0].points}
        assert charted == {count_id}
        sign(station, sample.count_id, supervisor, PASSWORD)
        charted = {p.count_id for p in station.controls.charts("control")[0].points}
    assert charted == {sample.count_id}


def test_paper_says_what_is_amended_and_what_is_superseded(tmp_path: Path) -> None:
    pypdf = pytest.importorskip("pypdf", reason="pypdf is not installed")

    def text(report: Report) -> str:
        paper = pypdf.PdfReader(BytesIO(pdf(report, lambda cell_id: None)))
        return " ".join(page.extract_text() for page in paper.pages)

    with open_station(tmp_path) as station:
        count_id, supervisor = signed(station)
        assert ENGLISH["superseded"] not in text(station.reports.get(count_id))
        new_id = amended(station, count_id, supervisor)
        new, old = station.reports.get(new_id), station.reports.get(count_id)
    assert ENGLISH["superseded"] in text(old)
    assert ENGLISH["amended"].format(number=1) in text(new)
    assert "Reason: an ig was overlooked" in text(new)
    assert "Sue Test" in text(new)


def test_an_amendment_begins_with_the_formers_comment(tmp_path: Path) -> None:
    with open_station(tmp_path) as station:
        count_id = finished(station)
        action = ReviewAction.RECLASSIFY
        station.reviews.apply(count_id, "ana", action, [9], CellClass.MONOCYTE)
        sign(station, count_id, add_account(station), PASSWORD, "toxic granulation")
        begun = station.amendments.begin(count_id, "a doubt", "sue")
        assert station.reports.get(begun.count_id).comment == "toxic granulation"
