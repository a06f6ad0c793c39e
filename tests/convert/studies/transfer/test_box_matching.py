"""Which found cell lies in which true box."""

from hypothesis import given, settings
from hypothesis import strategies as st

from convert.studies.transfer.box_matching import match_cells
from hemalens.records import Box

properties = settings(deadline=None, max_examples=60)


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
    pairs = match_cells(found, true)
    assert len(set(pairs.values())) == len(pairs)
    for of_true, of_found in pairs.items():
        x, y = found[of_found].centre_xy
        box = true[of_true]
        assert box.left <= x <= box.right
        assert box.top <= y <= box.bottom


@properties
@given(boxes())
def test_boxes_match_themselves(true: list[Box]) -> None:
    distinct = list(dict.fromkeys(true))
    assert match_cells(distinct, distinct) == {k: k for k in range(len(distinct))}


def test_of_two_cells_in_a_box_the_better_fit_is_meant() -> None:
    """A platelet on a white cell is not the white cell."""
    white, platelet = Box(102, 98, 205, 203), Box(140, 140, 160, 160)
    assert match_cells([platelet, white], [Box(100, 100, 200, 200)]) == {0: 1}


def test_a_cell_beside_a_box_is_not_meant() -> None:
    assert match_cells([Box(95, 0, 195, 100)], [Box(0, 0, 100, 100)]) == {}
