import numpy as np
import pytest

from edge.records.rigid import Rigid
from edge.track.slide_views import (
    VIEW,
    FrameScale,
    SlideViews,
    corners_um,
    cut_sides,
    is_better,
    lay_views,
    moved,
    positions_um,
    seen,
)
from hemalens.classes import CellKind, CellStatus
from hemalens.records import Box, Cell, Placement

SCALE = FrameScale(0.1, (1000, 800))
PLACEMENT = Placement(place=0, offset_um=(30.0, -20.0))


def _cell(
    box: Box,
    status: CellStatus = CellStatus.COUNTED,
    kind: CellKind = CellKind.WHITE_CELL,
    cell_id: int = 0,
) -> Cell:
    return Cell(
        frame="f", frame_index=0, cell_id=cell_id, kind=kind, box=box, status=status
    )


def _laid(*cells: Cell, sharpness: float | None = 1.0) -> SlideViews:
    packed = seen(cells, [sharpness] * len(cells))
    return lay_views(packed, positions_um(packed, PLACEMENT, 0.1), SCALE)


def test_view_lies_where_its_frame_does() -> None:
    views = _laid(
        _cell(Box(100, 50, 200, 130), cell_id=9),
        _cell(Box(0, 0, 71, 69), kind=CellKind.RED_CELL),
    )
    expected = [[40, -15, 50, -7], [30, -20, 37.1, -13.1]]
    assert corners_um(views) == pytest.approx(np.array(expected), abs=0.005)
    assert views["cell_id"].tolist() == [9, 0]
    assert views["is_red"].tolist() == [False, True]


def test_a_view_is_small_in_memory() -> None:
    assert VIEW.itemsize <= 24


@pytest.mark.parametrize(
    ("box", "sides"),
    [
        (Box(0, 50, 40, 130), (True, False, False, False)),
        (Box(960, 50, 1000, 130), (False, False, True, False)),
        (Box(950, 760, 1000, 800), (False, False, True, True)),
        (Box(100, 3, 200, 90), (False, True, False, False)),
    ],
    ids=["left", "right", "corner", "nearest_where_none_is_touched"],
)
def test_sides_of_a_cut_view(box: Box, sides: tuple[bool, ...]) -> None:
    cut, whole = _laid(_cell(box, CellStatus.BORDER), _cell(box))[:, None]
    assert tuple(cut_sides(cut)[0].tolist()) == sides
    assert not cut_sides(whole).any()


def test_whole_before_out_of_focus_before_cut_then_the_sharper_or_larger() -> None:
    small = _laid(_cell(Box(0, 50, 40, 130), CellStatus.BORDER), sharpness=9.0)
    large = _laid(_cell(Box(0, 50, 90, 130), CellStatus.BORDER), sharpness=8.0)
    blurred = _laid(_cell(Box(5, 5, 9, 9), CellStatus.OUT_OF_FOCUS), sharpness=7.0)
    soft = _laid(_cell(Box(5, 5, 9, 9)), sharpness=None)
    sharp = _laid(_cell(Box(5, 5, 9, 9)), sharpness=2.0)
    rising = np.concatenate((small, large, blurred, soft, sharp))
    assert is_better(rising[1:], rising[:-1]).all()
    assert not is_better(rising[:-1], rising[1:]).any()
    assert not is_better(rising, rising).any()


def test_moved_views_keep_their_size() -> None:
    views = _laid(_cell(Box(100, 50, 200, 130)))
    there = moved(views, Rigid(offset_um=(5.0, 0.0), rotation_rad=np.pi / 2))
    assert (there["x_um"][0], there["y_um"][0]) == pytest.approx((16, 45), abs=1e-4)
    assert there["width_um"] == views["width_um"]
    assert (views["x_um"][0], views["y_um"][0]) == pytest.approx((45, -11), abs=1e-4)
