"""Every pixel of the red cells goes to one of them."""

import numpy as np
import pytest

from edge.segment.discs import draw_discs, make_discs
from edge.segment.red_cells import split_red_cells
from edge.segment.scale import COARSE


@pytest.mark.parametrize("apart", [12.0, 16.0, 22.0])
def test_overlapping_cells_are_cut_in_the_middle(apart: float) -> None:
    discs = make_discs([(20.0, 30.0, 10.0), (20.0 + apart, 30.0, 10.0)])
    left, right = split_red_cells(discs, draw_discs(discs, (60, 80)))
    cut = COARSE * min(30.5, 20.5 + apart / 2)
    assert left.right == pytest.approx(cut, abs=COARSE)
    assert left.size_wh[1] == right.size_wh[1] == pytest.approx(COARSE * 21, abs=2)


def test_cells_lie_where_their_discs_do_in_work_pixels() -> None:
    discs = make_discs([(20.0, 30.0, 10.0)])
    (box,) = split_red_cells(discs, draw_discs(discs, (60, 80)))
    assert box.centre_xy == pytest.approx((COARSE * 20.5, COARSE * 30.5), abs=1)


def test_disc_reaching_out_of_the_frame_stays_in_it() -> None:
    discs = make_discs([(0.0, 2.0, 9.0), (78.0, 59.0, 9.0)])
    first, second = split_red_cells(discs, draw_discs(discs, (60, 80)))
    assert (first.left, first.top) == (0, 0)
    assert (second.right, second.bottom) == (COARSE * 80, COARSE * 60)


def test_no_cells_give_no_boxes() -> None:
    nothing = np.zeros((40, 60), np.bool_)
    assert split_red_cells(make_discs([]), nothing) == []
    assert split_red_cells(make_discs([(20.0, 20.0, 10.0)]), nothing) == []
