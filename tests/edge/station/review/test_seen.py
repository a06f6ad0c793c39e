"""Two people at one count: nobody changes or signs what they did not see."""

import random
from pathlib import Path
from typing import Final

import pytest

from edge.station.errors.reasons import Reason, RefusedError
from edge.station.records import ReviewAction, ReviewedCell
from edge.station.review.seen import cell_digest, report_digest
from edge.station.signing import sign
from edge.station.station import Station
from hemalens.classes import CellClass
from tests.edge.station.made_station import (
    PASSWORD,
    add_account,
    begin,
    finish,
    finished,
    open_station,
)

CLASSES: Final = tuple(CellClass)
SETTLE: Final = ReviewAction.RECLASSIFY


def test_a_word_on_a_cell_seen_otherwise_is_refused_and_names_both(
    tmp_path: Path,
) -> None:
    with open_station(tmp_path) as station:
        count_id = finished(station)
        seen = look(station, count_id)
        ana, ben = (
            station.reviews.apply(count_id, name, SETTLE, [n], CellClass.IG, seen=seen)
            for name, n in (("ana", 9), ("ben", 1))
        )
        assert (ana[0].reviewed_by, ben[0].reviewed_by) == ("ana", "ben")
        with pytest.raises(RefusedError) as caught:
            station.reviews.apply(
                count_id, "ben", SETTLE, [3, 9], CellClass.MONOCYTE, seen=seen
            )
        assert caught.value.reason is Reason.CELL_CHANGED
        assert caught.value.values == {"cell": 9, "person": "ana", "theirs": "ig"}
        untouched = next(c for c in station.reviews.cells(count_id) if c.cell_id == 3)
        assert untouched.reviewed_by is None


def test_what_is_signed_is_what_was_read(tmp_path: Path) -> None:
    with open_station(tmp_path) as station:
        account = add_account(station)
        count_id = finished(station)
        station.reviews.apply(count_id, "ana", SETTLE, [9], CellClass.IG)
        read = report_digest(station.reports.get(count_id))
        station.reviews.apply(count_id, "ben", SETTLE, [1], CellClass.MONOCYTE)
        with pytest.raises(RefusedError) as caught:
            sign(station, count_id, account, PASSWORD, seen=read)
        assert caught.value.reason is Reason.REPORT_CHANGED
        read = report_digest(station.reports.get(count_id))
        sign(station, count_id, account, PASSWORD, seen=read)


def test_a_thousand_random_interleavings_lose_nothing_and_hide_nothing(
    tmp_path: Path,
) -> None:
    """Two pages that are renewed now and then; what is accepted was known."""
    draw = random.Random(7)
    with open_station(tmp_path) as station:
        account = add_account(station)
        refused = signatures = 0
        count_id = ""
        pages: dict[str, Page] = {}
        for turn in range(1000):
            if turn % 40 == 0:
                count_id = begin(station, f"S-{turn}").count_id
                finish(station, count_id)
                pages = {name: Page(station, count_id) for name in ("ana", "ben")}
            page = pages[draw.choice(("ana", "ben"))]
            deed = draw.random()
            if deed < 0.3:
                page.renew()
                continue
            truth = {c.cell_id: c for c in station.reviews.cells(count_id)}
            try:
                if deed < 0.95:
                    changed = page.act(draw)
                    for cell in changed:
                        assert truth[cell.cell_id] == page.before[cell.cell_id]
                else:
                    sign(station, count_id, account, PASSWORD, seen=page.report)
                    signed = station.reports.get(count_id)
                    assert {c.cell_id: c for c in signed.cells} == page.cells
                    signatures += 1
            except RefusedError as error:
                refused += error.reason in (Reason.CELL_CHANGED, Reason.REPORT_CHANGED)
                now = {c.cell_id: c for c in station.reviews.cells(count_id)}
                assert now == truth
        assert refused > 50
        assert signatures > 3
        assert station.check().is_whole


class Page:
    """What one person has on the screen, which may be old."""

    def __init__(self, station: Station, count_id: str) -> None:
        self._station = station
        self._count_id = count_id
        self.renew()

    def renew(self) -> None:
        report = self._station.reports.get(self._count_id)
        self.cells = {cell.cell_id: cell for cell in report.cells}
        self.report = report_digest(report)

    def act(self, draw: random.Random) -> tuple[ReviewedCell, ...]:
        self.before = dict(self.cells)
        cell_ids = draw.sample(sorted(self.cells), k=draw.choice((1, 1, 2)))
        if draw.random() < 0.5:
            cell_ids = [9]
        changed = self._station.reviews.apply(
            self._count_id,
            "ana",
            SETTLE,
            cell_ids,
            draw.choice(CLASSES),
            seen={n: cell_digest(cell) for n, cell in self.cells.items()},
        )
        for cell in changed:
            self.cells[cell.cell_id] = cell
        return changed


def look(station: Station, count_id: str) -> dict[int, str]:
    return {c.cell_id: cell_digest(c) for c in station.reviews.cells(count_id)}
