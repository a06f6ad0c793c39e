import pytest

from edge.segment.kinds import EITHER, PLATELET, WHITE, possible_kinds_of
from hemalens.classes import CellKind
from tests.edge.segment.drawn_maps import DrawnMaps


@pytest.mark.parametrize(
    ("white", "platelet", "diameter", "wanted"),
    [
        (0.9, 0.0, 7, EITHER),
        (0.9, 0.0, 10, WHITE),
        (0.8, 0.4, 7, EITHER),
        (0.8, 0.4, 12, WHITE),
        (0.0, 0.9, 2.5, PLATELET),
        (0.3, 0.9, 2.5, PLATELET),
        (0.0, 0.9, 6, PLATELET),
        (0.3, 0.9, 6, EITHER),
    ],
)
def test_kinds_stay_open_where_maps_and_size_leave_them(
    white: float, platelet: float, diameter: float, wanted: frozenset[CellKind]
) -> None:
    drawn = DrawnMaps()
    drawn.draw(CellKind.WHITE_CELL, 30, 30, diameter, probability=white)
    drawn.draw(CellKind.PLATELET, 30, 30, diameter, probability=platelet)
    ((kind, possible),) = possible_kinds_of(drawn.find())
    assert possible == wanted
    assert kind in possible


def test_platelet_is_never_as_large_as_this_slides_red_cells() -> None:
    drawn = DrawnMaps()
    for x in (15, 30, 45):
        drawn.draw(CellKind.RED_CELL, x, 15, 6)
    drawn.draw(CellKind.PLATELET, 30, 40, 6.5)
    ((kind, possible),) = possible_kinds_of(drawn.find())
    assert kind is CellKind.WHITE_CELL
    assert possible == EITHER
