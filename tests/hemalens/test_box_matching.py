"""Which found box is which true box."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hemalens.box_matching import iou_matrix, match_boxes
from hemalens.records import Box

properties = settings(deadline=None, max_examples=60)


def meant(found: list[Box], true: list[Box]) -> list[tuple[int, int]]:
    return match_boxes(found, true, least_iou=0, is_centred=True)


@st.composite
def boxes(draw: st.DrawFn) -> list[Box]:
    def one() -> Box:
        left, top = draw(st.integers(0, 90)), draw(st.integers(0, 90))
        return Box(
            left, top, left + draw(st.integers(4, 40)), top + draw(st.integers(4, 40))
        )

    return [one() for _ in range(draw(st.integers(0, 6)))]


@properties
@given(boxes(), boxes())
def test_pairs_are_one_to_one_and_centres_lie_inside(
    found: list[Box], true: list[Box]
) -> None:
    pairs = meant(found, true)
    for indices in zip(*pairs, strict=True):
        assert len(set(indices)) == len(pairs)
    for of_found, of_true in pairs:
        x, y = found[of_found].centre_xy
        box = true[of_true]
        assert box.left <= x <= box.right
        assert box.top <= y <= box.bottom


@properties
@given(boxes())
def test_boxes_match_themselves(true: list[Box]) -> None:
    distinct = list(dict.fromkeys(true))
    assert sorted(meant(distinct, distinct)) == [(k, k) for k in range(len(distinct))]


def test_of_two_cells_in_a_box_the_better_fit_is_meant() -> None:
    """A platelet on a white cell is not the white cell."""
    white, platelet = Box(102, 98, 205, 203), Box(140, 140, 160, 160)
    assert meant([platelet, white], [Box(100, 100, 200, 200)]) == [(1, 0)]


def test_a_cell_beside_a_box_is_not_meant() -> None:
    assert meant([Box(95, 0, 195, 100)], [Box(0, 0, 100, 100)]) == []


def test_overlap_of_halves() -> None:
    iou = iou_matrix([(0, 0, 10, 10)], [(0, 0, 10, 10), (5, 0, 15, 10), (20, 0, 30, 9)])
    assert iou == pytest.approx(np.array([[1.0, 1 / 3, 0.0]]))


def test_no_boxes_match_nothing() -> None:
    assert match_boxes([], [(0, 0, 1, 1)]) == []
    assert match_boxes([(0, 0, 1, 1)], []) == []


def test_a_true_box_is_matched_once_and_by_the_best() -> None:
    found = [(0, 0, 10, 9), (0, 0, 10, 10)]
    assert match_boxes(found, [(0, 0, 10, 10)]) == [(1, 0)]
