from pathlib import Path

import pytest

from edge.station.review.control_slides import ControlChart
from edge.station.station import Station
from hemalens.classes import CellClass
from hemalens.errors import StationError
from tests.edge.made_counts import made_cell
from tests.edge.station.made_station import begin, finish, finished, open_station


def chart_of(station: Station, name: CellClass) -> ControlChart:
    charts = station.controls.charts("C-1")
    return next(chart for chart in charts if chart.class_name is name)


def test_the_share_of_cells_located_is_kept(tmp_path: Path) -> None:
    with open_station(tmp_path) as station:
        count_id = finished(station)
        station.controls.located(count_id, 9, 1, "ana")
        station.controls.located(count_id, 9, 3, "ana")
        found = station.controls.located_checks()
        assert [c.located_percent for c in found] == [90, 75]
        assert station.audit.entries(count_id)[-1].action == "located_checked"


def test_a_check_without_cells_is_refused(tmp_path: Path) -> None:
    with open_station(tmp_path) as station:
        count_id = finished(station)
        for found, missed in ((0, 0), (-1, 2)):
            with pytest.raises(StationError):
                station.controls.located(count_id, found, missed, "ana")
        with pytest.raises(StationError, match="no such count"):
            station.controls.located("0" * 32, 1, 0, "ana")


def test_a_control_slide_is_charted_with_its_limits(tmp_path: Path) -> None:
    with open_station(tmp_path) as station:
        for neutrophils in (4, 5, 6):
            names = neutrophils * ["neutrophil"] + (10 - neutrophils) * ["lymphocyte"]
            cells = tuple(made_cell(n, name) for n, name in enumerate(names))
            finish(station, begin(station, "C-1", is_control=True).count_id, cells)
        finished(station, "C-1")
        chart = chart_of(station, CellClass.NEUTROPHIL)
        assert station.controls.control_slides() == ("C-1",)
    assert [p.percent for p in chart.points] == [40, 50, 60]
    assert (chart.mean_percent, chart.sd_percent) == (50, 10)
    assert [p.deviations for p in chart.points] == [-1, 0, 1]


def test_one_point_has_no_limits(tmp_path: Path) -> None:
    with open_station(tmp_path) as station:
        finish(station, begin(station, "C-1", is_control=True).count_id)
        chart = chart_of(station, CellClass.NEUTROPHIL)
    assert len(chart.points) == 1
    assert chart.mean_percent is None
    assert chart.points[0].deviations is None


@pytest.mark.parametrize(("found", "missed"), [(2, 99_999), (99_999, 2)])
def test_a_check_that_cannot_be_of_its_count_is_refused(
    tmp_path: Path, found: int, missed: int
) -> None:
    with open_station(tmp_path) as station:
        count_id = finished(station)
        with pytest.raises(StationError, match="count of 12 cells"):
            station.controls.located(count_id, found, missed, "ana")
        assert station.controls.located_checks() == ()


def test_a_wrong_check_is_struck_with_a_reason_and_stays_in_the_trail(
    tmp_path: Path,
) -> None:
    with open_station(tmp_path) as station:
        count_id = finished(station)
        wrong = station.controls.located(count_id, 9, 1, "ana")
        right = station.controls.located(count_id, 9, 0, "ana")
        with pytest.raises(StationError, match="reason"):
            station.controls.strike(wrong.number, " ", "sue")
        station.controls.strike(wrong.number, "another slide", "sue")
        assert station.controls.located_checks() == (right,)
        last = station.audit.entries(count_id)[-1]
        assert (last.action, last.detail["reason"]) == (
            "located_struck",
            "another slide",
        )
        with pytest.raises(StationError, match="no such check"):
            station.controls.strike(wrong.number, "again", "sue")
