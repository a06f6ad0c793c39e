import tracemalloc
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.records.place_join import PlaceJoin
from edge.records.rigid import Rigid
from edge.track.slide_views import FrameScale
from edge.track.unique_cells import UniqueCells
from hemalens.classes import CellKind, CellStatus
from hemalens.records import Box, Cell, CellChange, Placement

SIZE_WH = (1000, 800)
PIXEL_UM = 0.1
SCALE = FrameScale(PIXEL_UM, SIZE_WH)
HOME = Placement(place=0, offset_um=(0.0, 0.0))


def _cell(
    cell_id: int,
    x: float,
    y: float,
    *,
    side: float = 120,
    kind: CellKind = CellKind.WHITE_CELL,
    status: CellStatus = CellStatus.COUNTED,
    sharpness: float | None = 1.0,
) -> Cell:
    """A view with its middle at a frame pixel, cut by the frame where it must be."""
    left, top = round(x - side / 2), round(y - side / 2)
    right, bottom = round(x + side / 2), round(y + side / 2)
    box = Box(
        max(0, left), max(0, top), min(SIZE_WH[0], right), min(SIZE_WH[1], bottom)
    )
    if box != (left, top, right, bottom):
        status = CellStatus.BORDER
    return Cell(
        frame="f",
        frame_index=0,
        cell_id=cell_id,
        kind=kind,
        box=box,
        status=status,
        sharpness=sharpness,
    )


class Count:
    """Keeps the views as a store would."""

    def __init__(self, unique: UniqueCells | None = None) -> None:
        self.unique = unique or UniqueCells()
        self.cells: dict[int, Cell] = {}

    def add(self, placement: Placement, *cells: Cell) -> tuple[CellChange, ...]:
        sharpness = [cell.sharpness for cell in cells]
        decided, changes = self.unique.add(placement, cells, sharpness, SCALE)
        assert [c.cell_id for c in decided] == [c.cell_id for c in cells]
        self.cells.update({cell.cell_id: cell for cell in decided})
        self.apply(changes)
        return changes

    def join(self, join: PlaceJoin) -> None:
        self.apply(self.unique.join(join))

    def apply(self, changes: tuple[CellChange, ...]) -> None:
        for change in changes:
            old = self.cells[change.cell_id]
            self.cells[change.cell_id] = replace(
                old, status=change.status, same_as=change.same_as
            )

    def standing(self) -> set[int]:
        return {i for i, c in self.cells.items() if c.status is CellStatus.COUNTED}

    def same_as(self) -> dict[int, int | None]:
        return {i: c.same_as for i, c in self.cells.items()}


def _shifted(dx_px: float, dy_px: float = 0.0, place: int = 0) -> Placement:
    return Placement(place=place, offset_um=(dx_px * PIXEL_UM, dy_px * PIXEL_UM))


def test_views_are_placed_on_the_slide() -> None:
    count = Count()
    turned = Placement(place=3, offset_um=(10.0, 20.0), rotation_rad=np.pi / 2)
    count.add(turned, _cell(0, 400, 300))
    assert count.cells[0].place == 3
    assert count.cells[0].position_um == pytest.approx((10 - 30, 20 + 40))
    assert count.cells[0].status is CellStatus.COUNTED


def test_sharpest_view_counts_and_all_others_point_to_it() -> None:
    count = Count()
    count.add(HOME, _cell(0, 500, 400, sharpness=1.0))
    count.add(_shifted(100), _cell(1, 403, 398, sharpness=0.8))
    assert count.same_as() == {0: None, 1: 0}
    changes = count.add(_shifted(200), _cell(2, 301, 402, sharpness=1.4))
    assert {change.cell_id for change in changes} == {0, 1}
    assert count.same_as() == {0: 2, 1: 2, 2: None}
    assert count.standing() == {2}
    assert count.cells[0].status is CellStatus.DUPLICATE


def test_status_of_the_view_that_stands_is_the_classifiers() -> None:
    count = Count()
    count.add(HOME, _cell(0, 500, 400, sharpness=1.0))
    count.add(HOME, _cell(1, 500, 400, status=CellStatus.UNCERTAIN, sharpness=2.0))
    assert count.cells[0].status is CellStatus.DUPLICATE
    assert count.cells[1].status is CellStatus.UNCERTAIN
    count.add(HOME, _cell(2, 500, 400, sharpness=3.0))
    assert count.standing() == {2}
    assert count.cells[1].same_as == 2


def test_view_in_focus_stands_before_a_sharper_one_out_of_focus() -> None:
    count = Count()
    blurred = _cell(0, 500, 400, status=CellStatus.OUT_OF_FOCUS, sharpness=9.0)
    count.add(HOME, blurred)
    assert count.cells[0].status is CellStatus.OUT_OF_FOCUS
    count.add(HOME, _cell(1, 501, 400, sharpness=0.5))
    assert count.same_as() == {0: 1, 1: None}


@dataclass(frozen=True)
class Cut:
    name: str
    x: float
    y: float
    moved: Placement
    """The placement of a frame that sees the cell whole."""


CUTS = (
    Cut("left_half", 0, 400, _shifted(-400)),
    Cut("left_sliver", -40, 400, _shifted(-400)),
    Cut("right_half", 1000, 400, _shifted(400)),
    Cut("right_sliver", 1045, 400, _shifted(400)),
    Cut("top_most_of_it", 500, 30, _shifted(0, -400)),
    Cut("bottom_half", 500, 800, _shifted(0, 400)),
    Cut("corner", 995, 796, _shifted(400, 400)),
)


@pytest.mark.parametrize("case", CUTS, ids=lambda case: case.name)
@pytest.mark.parametrize("cut_first", [True, False])
def test_cut_view_is_the_whole_ones_duplicate(case: Cut, cut_first: bool) -> None:
    cut = _cell(0, case.x, case.y, sharpness=9.0)
    assert cut.status is CellStatus.BORDER
    dx, dy = (value / PIXEL_UM for value in case.moved.offset_um)
    whole = _cell(1, case.x - dx + 3, case.y - dy - 3)
    count = Count()
    frames = [(HOME, cut), (case.moved, whole)]
    for placement, cell in frames if cut_first else frames[::-1]:
        count.add(placement, cell)
    assert count.standing() == {1}
    assert count.cells[0].status is CellStatus.DUPLICATE
    assert count.cells[0].same_as == 1


def test_cut_view_alone_stays_at_the_border() -> None:
    count = Count()
    count.add(HOME, _cell(0, 0, 400), _cell(1, 150, 400))
    assert count.cells[0].status is CellStatus.BORDER
    assert count.cells[0].same_as is None
    assert count.standing() == {1}


def test_cell_cut_in_every_view_is_at_the_border_once() -> None:
    count = Count()
    count.add(HOME, _cell(0, 1000, 400))
    count.add(_shifted(970), _cell(1, 30, 400))
    statuses = [cell.status for cell in count.cells.values()]
    assert statuses.count(CellStatus.BORDER) == 1
    assert not count.standing()


def test_whole_view_takes_in_cut_ones_from_all_sides() -> None:
    count = Count()
    count.add(HOME, _cell(0, 1045, 400))
    count.add(_shifted(1090), _cell(1, -45, 400))
    count.add(_shifted(500, 360), _cell(2, 545, 40))
    count.add(_shifted(500), _cell(3, 545, 400))
    assert count.same_as() == {0: 3, 1: 3, 2: 3, 3: None}


def test_sliver_does_not_keep_a_whole_view_from_its_cell() -> None:
    count = Count()
    count.add(HOME, _cell(0, 1010, 400))
    # Both are cut, on sides that do not meet: nothing says that they are one.
    count.add(_shifted(1066), _cell(1, -50, 404))
    count.add(_shifted(500), _cell(2, 505, 396, sharpness=1.0))
    count.add(_shifted(600), _cell(3, 416, 404, sharpness=2.0))
    assert count.standing() == {3}
    assert count.same_as() == {0: 3, 1: 3, 2: 3, 3: None}


def test_kind_may_flip_between_views_of_a_stained_cell_but_not_to_red() -> None:
    count = Count()
    count.add(HOME, _cell(0, 500, 400, side=40, kind=CellKind.PLATELET))
    count.add(HOME, _cell(1, 502, 400, side=44, kind=CellKind.WHITE_CELL))
    assert len(count.standing()) == 1
    count.add(HOME, _cell(2, 500, 400, side=75, kind=CellKind.RED_CELL))
    assert 2 in count.standing()


def test_cells_of_one_frame_are_never_the_same() -> None:
    count = Count()
    count.add(HOME, _cell(0, 500, 400), _cell(1, 504, 402))
    assert count.standing() == {0, 1}
    count.add(HOME, _cell(2, 501, 400), _cell(3, 505, 402))
    assert len(count.standing()) == 2


def test_touching_cells_stay_apart_though_a_frame_is_placed_a_little_off() -> None:
    def row(first_id: int, dx: float) -> list[Cell]:
        return [
            _cell(first_id + k, 200 + 24 * k + dx, 400, side=22, kind=CellKind.PLATELET)
            for k in range(20)
        ]

    count = Count()
    count.add(HOME, *row(0, 0))
    count.add(HOME, *row(100, 11))
    assert count.standing() == set(range(20))
    assert {i: s for i, s in count.same_as().items() if i >= 100} == {
        100 + k: k for k in range(20)
    }


def test_small_neighbour_of_a_missed_cell_is_not_taken_for_it() -> None:
    count = Count()
    count.add(HOME, _cell(0, 500, 400, side=140))
    beside = _cell(1, 500 + 82, 400, side=25, kind=CellKind.PLATELET)
    count.add(HOME, beside)
    assert count.standing() == {0, 1}


def test_places_are_apart_until_they_are_joined() -> None:
    count = Count()
    count.add(HOME, _cell(0, 500, 400, sharpness=1.0), _cell(1, 700, 400))
    elsewhere = Placement(place=1, offset_um=(0.0, 0.0))
    count.add(elsewhere, _cell(2, 300, 400, sharpness=2.0), _cell(3, 100, 700))
    assert count.standing() == {0, 1, 2, 3}
    count.join(
        PlaceJoin(from_place=1, to_place=0, transform=Rigid(offset_um=(20.0, 0.0)))
    )
    assert count.standing() == {1, 2, 3}
    assert count.same_as()[0] == 2
    count.add(HOME, _cell(4, 300, 700, sharpness=0.1))
    assert count.same_as()[4] == 3


def test_run_goes_on_where_it_was() -> None:
    count = Count()
    count.add(HOME, _cell(0, 500, 400), _cell(1, 1000, 100), _cell(5, 200, 200))
    count.add(_shifted(50), _cell(2, 450, 400, sharpness=2.0))
    again = Count(UniqueCells(count.cells.values()))
    again.cells = dict(count.cells)
    changes = again.add(
        _shifted(100), _cell(3, 400, 400, sharpness=3.0), _cell(4, 900, 100)
    )
    assert {(c.cell_id, c.same_as) for c in changes} == {(0, 3), (2, 3), (1, 4)}
    assert again.standing() == {3, 4, 5}


def test_run_goes_on_with_thousands_of_cells_in_several_places() -> None:
    count = Count()
    for place in range(60):
        cells = [
            _cell(100 * place + k, 50 + 90 * (k % 10), 40 + 75 * (k // 10), side=70)
            for k in range(100)
        ]
        count.add(_shifted(13 * place, place=place), *cells)
    again = UniqueCells(iter(count.cells.values()))
    assert again.next_place == 60
    for place in (0, 35, 59):
        view = _cell(6000 + place, 50 + 90 * 4, 40 + 75 * 7, side=70, sharpness=0.5)
        (decided,), changes = again.add(
            _shifted(13 * place, place=place), [view], [0.5], SCALE
        )
        assert decided.same_as == 100 * place + 74
        assert changes == ()


def test_a_cell_takes_few_bytes() -> None:
    unique, views, half_way = UniqueCells(), 0, 0
    tracemalloc.start()
    try:
        for frame in range(100):
            cells = [
                _cell(
                    60 * frame + k,
                    100 + 130 * (k % 7),
                    60 + 85 * (k // 7),
                    side=70,
                    kind=CellKind.RED_CELL,
                )
                for k in range(60)
            ]
            unique.add(_shifted(900.0 * frame), cells, [1.0] * 60, SCALE)
            views += len(cells)
            if frame == 49:
                half_way = tracemalloc.get_traced_memory()[0]
        grown = tracemalloc.get_traced_memory()[0] - half_way
    finally:
        tracemalloc.stop()
    assert grown < 50 * views / 2


def test_join_before_the_first_frame_of_a_run_is_not_lost() -> None:
    count = Count()
    count.add(HOME, _cell(0, 500, 400, sharpness=3.0))
    count.add(Placement(place=1, offset_um=(0.0, 0.0)), _cell(1, 300, 400))
    join = PlaceJoin(from_place=1, to_place=0, transform=Rigid(offset_um=(20.0, 0.0)))
    for again in (
        Count(UniqueCells(count.cells.values(), [join])),
        Count(UniqueCells(count.cells.values())),
    ):
        again.cells = dict(count.cells)
        again.join(join)
        again.add(HOME, _cell(2, 900, 700))
        assert again.standing() == {0, 2}
        assert again.same_as()[1] == 0


def test_frame_without_cells_changes_nothing() -> None:
    count = Count()
    assert count.add(HOME) == ()
    assert count.cells == {}


@given(
    st.integers(0, 2**32 - 1),
    st.integers(2, 6),
    st.floats(0, 3),
    st.permutations(range(6)),
)
@settings(max_examples=25, deadline=None)
def test_any_order_of_frames_counts_each_whole_cell_once(
    seed: int, frames: int, jitter_px: float, order: list[int]
) -> None:
    rng = np.random.default_rng(seed)
    grid = np.stack(np.meshgrid(np.arange(12), np.arange(8)), axis=2).reshape(-1, 2)
    middles = 130.0 * grid + rng.uniform(-20, 20, grid.shape) + 60
    offsets = rng.uniform(-150, 500, (6, 2))
    count = Count()
    whole: set[int] = set()
    true: dict[int, int] = {}
    for index in [k for k in order if k < frames]:
        dx, dy = offsets[index].tolist()
        views = []
        for number, (x, y) in enumerate((middles - offsets[index]).tolist()):
            if not (-40 < x < SIZE_WH[0] + 40 and -40 < y < SIZE_WH[1] + 40):
                continue
            off = rng.uniform(-jitter_px, jitter_px, 2)
            cell = _cell(len(true), x + off[0], y + off[1], side=100, sharpness=None)
            true[cell.cell_id] = number
            if cell.status is CellStatus.COUNTED:
                whole.add(number)
            views.append(replace(cell, sharpness=float(rng.random())))
        count.add(_shifted(dx, dy), *views)
    assert sorted(true[i] for i in count.standing()) == sorted(whole)
    for cell in count.cells.values():
        if cell.same_as is not None:
            assert count.cells[cell.same_as].same_as is None
            assert true[cell.same_as] == true[cell.cell_id]
