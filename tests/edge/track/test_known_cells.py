import numpy as np

from edge.track.known_cells import KnownCells
from edge.track.slide_views import VIEW, SlideViews


def _cells(first_id: int, number: int, x_um: float, *, red: bool) -> SlideViews:
    """A row of cells, 10 µm apart."""
    cells = np.zeros(number, VIEW)
    cells["cell_id"] = first_id + np.arange(number)
    cells["x_um"] = x_um + 10.0 * np.arange(number)
    cells["width_um"] = cells["height_um"] = 8
    cells["is_red"] = red
    return cells


def _ids(cells: SlideViews) -> list[int]:
    return sorted(cells["cell_id"].tolist())


def test_cells_are_found_around_views_and_taken_out() -> None:
    known = KnownCells()
    known.put(0, _cells(0, 200, -1000, red=True))
    known.put(1, _cells(500, 9, 0, red=True))
    view = _cells(900, 1, 3, red=False)
    near = known.take_around(0, view)
    assert set(_ids(near)) >= {99, 100, 101, 102}
    assert len(near) < 100
    assert len(known.take_around(0, view)) == 0
    known.put(0, near)
    assert len(known) == 209
    assert _ids(known.take_place(0)) == list(range(200))
    assert _ids(known.take_place(1)) == list(range(500, 509))
    assert len(known) == 0


def test_no_views_take_nothing() -> None:
    known = KnownCells()
    known.put(0, _cells(0, 5, 0, red=True))
    assert len(known.take_around(0, np.empty(0, VIEW))) == 0
    known.put(0, np.empty(0, VIEW))
    assert len(known) == 5


def test_oldest_red_cells_are_let_go_and_stained_ones_never() -> None:
    known = KnownCells(most_red_cells=1000)
    for round_number in range(40):
        first_id = 100 * round_number
        cells = _cells(first_id, 60, 600.0 * round_number, red=True)
        stained = _cells(first_id + 60, 40, 600.0 * round_number, red=False)
        known.put(round_number % 3, np.concatenate((cells, stained)))
        assert len(known) <= 1000 + 40 * (round_number + 1)
    left = np.concatenate([known.take_place(place) for place in range(3)])
    red, stained = left[left["is_red"]], left[~left["is_red"]]
    assert len(stained) == 40 * 40
    assert len(red) >= 900
    all_ids = [100 * k + i for k in range(40) for i in range(60)]
    assert _ids(red) == all_ids[-len(red) :]


def test_red_cells_put_back_are_not_counted_twice() -> None:
    known = KnownCells(most_red_cells=100)
    known.put(0, _cells(0, 90, 0, red=True))
    for _ in range(5):
        known.put(0, known.take_around(0, _cells(0, 90, 0, red=True)))
    assert len(known) == 90
