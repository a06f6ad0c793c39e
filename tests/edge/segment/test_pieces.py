"""Pieces hold what they were cut from, wherever they lie."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.segment.masks import fill_holes_up_to
from edge.segment.pieces import (
    are_near,
    coarse_window_of,
    draw_in,
    draw_pieces,
    find_pieces,
    join,
    largest,
    on_coarse,
    take_piece,
)
from edge.segment.scale import halve_mask
from hemalens.records import Box


@given(seed=st.integers(0, 10_000), share=st.floats(0.02, 0.6))
def test_pieces_add_up_to_the_mask(seed: int, share: float) -> None:
    mask = np.random.default_rng(seed).random((23, 31)) < share
    pieces = find_pieces(mask, least_area=1)
    assert np.array_equal(draw_pieces(pieces, mask.shape), mask)
    assert sum(piece.area for piece in pieces) == np.count_nonzero(mask)


def test_ring_and_the_island_in_it_are_two_pieces() -> None:
    mask = np.zeros((20, 20), np.bool_)
    mask[3:17, 3:17] = True
    mask[6:14, 6:14] = False
    mask[9:11, 9:11] = True
    areas = sorted(piece.area for piece in find_pieces(mask, least_area=1))
    assert areas == [4, 14 * 14 - 8 * 8]


def test_small_and_wide_pieces_are_left_out() -> None:
    mask = np.zeros((30, 30), np.bool_)
    mask[2, 2] = True
    mask[10:14, 10:14] = True
    mask[20:24, 1:29] = True
    (piece,) = find_pieces(mask, least_area=4, most_side=10)
    assert piece.box == Box(10, 10, 14, 14)


def test_largest_pieces_keep_their_order() -> None:
    mask = np.zeros((12, 40), np.bool_)
    for k, side in enumerate((2, 5, 3, 6)):
        mask[1 : 1 + side, 10 * k : 10 * k + side] = True
    areas = [p.area for p in find_pieces(mask, 1)]
    kept = [p.area for p in largest(find_pieces(mask, 1), 2)]
    assert kept == [area for area in areas if area >= 25]


def test_joined_pieces_fill_one_tight_box() -> None:
    mask = np.zeros((12, 12), np.bool_)
    mask[1:3, 1:3] = True
    mask[8:11, 6:10] = True
    whole = join(find_pieces(mask, 1))
    assert whole.box == Box(1, 1, 10, 11)
    assert whole.area == 16


def test_drawing_in_a_box_cuts_what_lies_outside() -> None:
    mask = np.ones((6, 6), np.bool_)
    piece = take_piece(mask, Box(2, 2, 8, 8))
    assert piece is not None
    drawn = draw_in(Box(0, 0, 4, 5), [piece])
    assert drawn.shape == (5, 4)
    assert np.count_nonzero(drawn) == 2 * 3


@given(
    corner=st.tuples(st.integers(0, 20), st.integers(0, 14)),
    size_wh=st.tuples(st.integers(1, 10), st.integers(1, 9)),
)
def test_box_on_coarse_pixels_shows_the_same_there(
    corner: tuple[int, int], size_wh: tuple[int, int]
) -> None:
    (left, top), (width, height) = corner, size_wh
    inner = Box(left, top, left + width, top + height)
    box = on_coarse(inner)
    assert box.left <= inner.left
    assert inner.right <= box.right <= inner.right + 1
    assert box.top <= inner.top
    assert inner.bottom <= box.bottom <= inner.bottom + 1
    mask = np.random.default_rng(left).random((24, 32)) < 0.5
    in_box = mask[box.top : box.bottom, box.left : box.right]
    assert np.array_equal(halve_mask(in_box), halve_mask(mask)[coarse_window_of(box)])


def test_empty_mask_is_no_piece() -> None:
    assert take_piece(np.zeros((4, 4), np.bool_), Box(0, 0, 4, 4)) is None


@pytest.mark.parametrize(("gap", "is_near"), [(4, False), (5, True)])
def test_boxes_are_near_up_to_the_gap(gap: float, is_near: bool) -> None:
    assert are_near(Box(0, 0, 5, 5), Box(10, 3, 12, 6), gap) is is_near


@pytest.mark.parametrize("side", [1, 4, 9])
def test_hole_is_filled_up_to_its_exact_area(side: int) -> None:
    mask = np.zeros((20, 20), np.bool_)
    mask[2:18, 2:18] = True
    mask[5 : 5 + side, 5 : 5 + side] = False
    assert np.count_nonzero(fill_holes_up_to(mask, side * side)) == 16 * 16
    assert np.array_equal(fill_holes_up_to(mask, side * side - 0.5), mask)


def test_hole_open_to_the_frame_stays() -> None:
    mask = np.ones((9, 9), np.bool_)
    mask[0:3, 4] = False
    assert np.array_equal(fill_holes_up_to(mask, 100), mask)
