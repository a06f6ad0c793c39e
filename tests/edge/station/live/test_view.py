from dataclasses import replace
from pathlib import Path

from edge.station.live.frame import LiveState
from edge.station.live.view import LiveView, Standing
from edge.station.records import Differential, ReviewedCell
from edge.station.review.differential import reviewed_differential
from hemalens.classes import CellClass, CellStatus
from tests.edge.made_counts import made_cell, made_frame
from tests.edge.station.live.made_live import COUNT_ID, operator_in, show


class Adder:
    """Adds up, and counts how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(
        self,
        count_id: str,
        cells: tuple[ReviewedCell, ...],
        red_cells: int,
        fields: float,
    ) -> Differential:
        self.asked += 1
        return reviewed_differential(cells, red_cells=red_cells, fields=fields)


def standing_in(folder: Path) -> Standing:
    operator = operator_in(folder)
    cells = made_cell(1, "monocyte"), made_cell(2, "lymphocyte"), made_cell(3, None)
    show(operator, made_frame(*cells))
    return Standing(
        number=7,
        state=LiveState.COUNTING,
        count_id=COUNT_ID,
        fault=None,
        operator=operator,
    )


def test_a_moment_is_added_up_once_for_all_viewers(tmp_path: Path) -> None:
    adder = Adder()
    view, standing = LiveView(adder), standing_in(tmp_path / "count")
    assert view.events(standing) is view.events(replace(standing))
    found = view.progress(standing).differential
    assert found is not None
    assert (found.leukocytes, found.red_cells, found.fields) == (2, 1, 1.0)
    assert adder.asked == 1


def test_uncertain_cells_are_no_progress_and_one_number(tmp_path: Path) -> None:
    operator = operator_in(tmp_path / "count")
    doubtful = made_cell(1, "monocyte", CellStatus.UNCERTAIN)
    platelet = made_cell(3, "platelet", CellStatus.UNCERTAIN)
    show(operator, made_frame(doubtful, made_cell(2, "lymphocyte"), platelet))

    def add_up(count_id, cells, red_cells, fields):
        settled = [
            cell.model_copy(update={"person_class": CellClass.MONOCYTE})
            if cell.cell_id == 1
            else cell
            for cell in cells
        ]
        return reviewed_differential(settled, red_cells=red_cells, fields=fields)

    standing = Standing(
        number=1,
        state=LiveState.COUNTING,
        count_id=COUNT_ID,
        fault=None,
        operator=operator,
    )
    found = LiveView(add_up).progress(standing)
    assert found.differential is not None
    assert (found.leukocytes, found.uncertain) == (2, 1)
    assert found.differential.open_cells == 1


def test_something_new_is_added_up_anew_and_its_frame_not_sent_again(
    tmp_path: Path,
) -> None:
    adder = Adder()
    view, standing = LiveView(adder), standing_in(tmp_path / "count")
    first, second = view.events(standing), view.events(replace(standing, number=8))
    assert adder.asked == 2
    assert first.progress.startswith(b"id: 7\nevent: progress\ndata: {")
    assert second.progress.startswith(b"id: 8\n")
    assert first.frame is not None
    assert first.frame is second.frame


def test_without_a_run_there_is_no_frame() -> None:
    standing = Standing(
        number=0, state=LiveState.IDLE, count_id=None, fault=None, operator=None
    )
    adder = Adder()
    events = LiveView(adder).events(standing)
    assert events.frame is None
    assert b'"idle"' in events.progress
    assert adder.asked == 0
