import pytest

from edge.segment.found_cells import FoundCells
from edge.segment.measured_scale import agreement, measure_scale, search_scale
from hemalens.classes import CellKind
from tests.edge.segment.drawn_maps import DrawnMaps

WHITE, RED = CellKind.WHITE_CELL, CellKind.RED_CELL


def field_at(used_um: float, true_um: float, kind: CellKind = RED) -> FoundCells:
    """What is found of a field of 48 cells when it is taken for another scale."""
    size = used_um / true_um
    drawn = DrawnMaps(80 * size, 60 * size)
    usual = 7.5 if kind is RED else 12.5
    step = 10 if kind is RED else 20
    # Beyond a third more or less a finder finds nothing.
    if 0.65 < size < 1.5:
        for x in range(step // 2, 80, step):
            for y in range(step // 2, 60, step):
                drawn.draw(kind, size * x, size * y, size * usual)
    return drawn.find()


@pytest.mark.parametrize("used_um", [0.08, 0.1, 0.13])
def test_red_cells_say_the_pixel_size_and_how_surely(used_um: float) -> None:
    scale = measure_scale(field_at(used_um, 0.1), used_um)
    assert scale is not None
    assert scale.pixel_size_um == pytest.approx(0.1, rel=0.05)
    assert (scale.kind, scale.cells) == (RED, 48)
    assert scale.spread < 0.05


def test_without_red_cells_white_ones_serve_marked_so() -> None:
    scale = measure_scale(field_at(0.1, 0.1, WHITE), 0.1)
    assert scale is not None
    assert scale.kind is WHITE
    assert scale.pixel_size_um == pytest.approx(0.1, rel=0.05)


def test_nothing_found_says_nothing() -> None:
    assert measure_scale(DrawnMaps().find(), 0.1) is None
    assert search_scale(lambda _: DrawnMaps().find(), None) is None


@pytest.mark.parametrize("true_um", [0.05, 0.09, 0.19, 0.4])
@pytest.mark.parametrize("guess_um", [None, 0.07])
def test_scale_is_found_without_a_guess_and_against_a_wrong_one(
    true_um: float, guess_um: float | None
) -> None:
    found = search_scale(lambda used_um: field_at(used_um, true_um), guess_um)
    assert found == pytest.approx(true_um, rel=0.2)


def test_confirmed_guess_is_not_searched_for() -> None:
    tried = []

    def look(used_um: float) -> FoundCells:
        tried.append(used_um)
        return field_at(used_um, 0.1)

    assert search_scale(look, 0.1) == 0.1
    assert tried == [0.1]


def test_guess_that_is_a_little_off_is_set_right() -> None:
    found = search_scale(lambda used_um: field_at(used_um, 0.1), 0.12)
    assert found == pytest.approx(0.1, rel=0.05)


def test_scale_agrees_best_where_cells_have_their_usual_size() -> None:
    right, *wrong = (agreement(field_at(used, 0.1)) for used in (0.1, 0.075, 0.14))
    assert right > max(wrong)
