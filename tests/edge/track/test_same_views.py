from hypothesis import given
from hypothesis import strategies as st

from edge.track.same_views import SameViews


def test_view_never_tied_is_alone() -> None:
    same = SameViews()
    assert same.of(7) == [7]
    same.tie(2, 5)
    assert same.of(7) == [7]
    assert same.of(3) == [3]
    assert same.of(5) == [5, 2]


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=40))
def test_ties_in_any_order_give_the_same_cells(ties: list[tuple[int, int]]) -> None:
    same = SameViews()
    cells = {number: {number} for number in range(31)}
    for one, other in ties:
        if other in cells[one]:
            continue
        same.tie(one, other)
        both = cells[one] | cells[other]
        cells.update(dict.fromkeys(both, both))
    for number, cell in cells.items():
        views = same.of(number)
        assert views[0] == number
        assert sorted(views) == sorted(cell)
