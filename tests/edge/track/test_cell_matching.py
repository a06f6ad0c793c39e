import numpy as np

from edge.track.cell_matching import match_views
from edge.track.near_pairs import Pairs
from edge.track.slide_views import VIEW, SlideViews

LEFT, RIGHT = 1, 4


def _views(*edges: tuple[float, float], cut: int = 0) -> SlideViews:
    """Boxes from left to right edge, 12 µm high."""
    views = np.zeros(len(edges), VIEW)
    left, right = np.array(edges).T
    views["x_um"], views["width_um"] = (left + right) / 2, right - left
    views["y_um"], views["height_um"] = 6, 12
    views["rank"], views["cut"] = 0 if cut else 2, cut
    return views


def _matches(views: SlideViews, known: SlideViews) -> list[tuple[int, int]]:
    """Choose among all pairs."""
    first, second = np.indices((len(views), len(known))).reshape(2, -1)
    matches = match_views(views, known, Pairs(first, second))
    return sorted(zip(*(rows.tolist() for rows in matches), strict=True))


def test_whole_cell_comes_before_a_cut_one_that_fits_better() -> None:
    view = _views((0, 12))
    whole = _views((1.5, 13.5))
    sliver = _views((11, 12), cut=LEFT)
    assert _matches(view, sliver) == [(0, 0)]
    assert _matches(view, np.concatenate((sliver, whole))) == [(0, 1)]


def test_closest_of_two_is_taken_and_the_other_left() -> None:
    assert _matches(_views((0, 12), (2, 14)), _views((1.8, 13.8))) == [(1, 0)]


def test_common_displacement_is_the_frames_not_the_cells() -> None:
    known = _views(*((4.0 * k, 4.0 * k + 3) for k in range(9)))
    views = _views(*((4.0 * k + 1.4, 4.0 * k + 4.4) for k in range(9)))
    assert _matches(views, known) == [(k, k) for k in range(9)]


def test_cells_farther_apart_than_their_size_allows_are_two() -> None:
    assert _matches(_views((0, 2)), _views((1.5, 3.5))) == []
    assert _matches(_views((0, 14)), _views((1.5, 15.5))) == [(0, 0)]


def test_box_cut_down_to_nothing_shares_nothing() -> None:
    left_part = _views((0, 5), cut=RIGHT)
    right_part = _views((5.5, 12), cut=LEFT)
    assert _matches(left_part, right_part) == []
    assert _matches(left_part[:0], right_part[:0]) == []
