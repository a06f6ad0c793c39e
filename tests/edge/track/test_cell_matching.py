from edge.track.cell_matching import match_views
from edge.track.slide_view import BoxUm, CutSides, SlideView


def _view(
    left: float, right: float, *, cell_id: int = 0, cut: CutSides | None = None
) -> SlideView:
    return SlideView(
        cell_id=cell_id,
        place=0,
        is_red=False,
        box=BoxUm(left, 0.0, right, 12.0),
        cut=cut or CutSides(),
        merit=(2.0, 1.0),
    )


def test_whole_cell_comes_before_a_cut_one_that_fits_better() -> None:
    view = _view(0, 12)
    whole = _view(1.5, 13.5, cell_id=1)
    sliver = _view(11, 12, cell_id=2, cut=CutSides(left=True))
    assert match_views([view], [sliver], [(0, 0)]) == [(0, 0)]
    assert match_views([view], [sliver, whole], [(0, 0), (0, 1)]) == [(0, 1)]


def test_closest_of_two_is_taken_and_the_other_left() -> None:
    views = [_view(0, 12), _view(2, 14)]
    known = [_view(1.8, 13.8)]
    assert match_views(views, known, [(0, 0), (1, 0)]) == [(1, 0)]


def test_common_displacement_is_the_frames_not_the_cells() -> None:
    known = [_view(4.0 * k, 4.0 * k + 3, cell_id=k) for k in range(9)]
    views = [_view(4.0 * k + 1.4, 4.0 * k + 4.4) for k in range(9)]
    pairs = [(i, j) for i in range(9) for j in range(9)]
    assert sorted(match_views(views, known, pairs)) == [(k, k) for k in range(9)]


def test_cells_farther_apart_than_their_size_allows_are_two() -> None:
    small = [_view(0, 2), _view(1.5, 3.5)]
    assert match_views(small[:1], small[1:], [(0, 0)]) == []
    large = [_view(0, 14), _view(1.5, 15.5)]
    assert match_views(large[:1], large[1:], [(0, 0)]) == [(0, 0)]


def test_box_cut_down_to_nothing_shares_nothing() -> None:
    left_part = _view(0, 5, cut=CutSides(right=True))
    right_part = _view(5.5, 12, cut=CutSides(left=True))
    assert match_views([left_part], [right_part], [(0, 0)]) == []
    assert match_views([], [], []) == []
