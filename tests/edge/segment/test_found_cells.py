"""Cells of perfect maps: parted, measured, each of one kind."""

import numpy as np
import pytest

from hemalens.classes import CellKind
from hemalens.finder import Map
from tests.edge.segment.drawn_maps import DrawnMaps

WHITE, RED, PLATELET = CellKind.WHITE_CELL, CellKind.RED_CELL, CellKind.PLATELET


def test_box_is_finer_than_the_maps_pixels() -> None:
    drawn = DrawnMaps()
    drawn.draw(RED, 30.2, 40.1, 7.5, 6.0)
    (box,) = 0.6 * drawn.find().red.box_xyxy
    assert box == pytest.approx((26.45, 37.1, 33.95, 43.1), abs=0.3)


@pytest.mark.parametrize("turn", [0, 30, 45, 90])
def test_elliptocyte_is_one_cell_as_wide_as_its_axes_mean(turn: float) -> None:
    drawn = DrawnMaps()
    drawn.draw(RED, 40, 40, 11, 5.2, turn=turn)
    red = drawn.find().red
    assert len(red) == 1
    assert 0.6 * red.diameter[0] == pytest.approx((11 * 5.2) ** 0.5, rel=0.06)
    assert red.elongation[0] == pytest.approx(11 / 5.2, rel=0.15)


def test_touching_cells_part() -> None:
    drawn = DrawnMaps()
    for x in range(5):
        for y in range(4):
            drawn.draw(RED, 12 + 7.5 * x, 12 + 7.5 * y, 7.5)
    red = drawn.find().red
    assert len(red) == 20
    assert np.allclose(0.6 * red.diameter, 7.5, rtol=0.08)


def test_cells_that_overlap_part_where_their_cores_only_just_touch() -> None:
    drawn = DrawnMaps()
    drawn.draw(RED, 30, 30, 7.5)
    drawn.draw(RED, 34.2, 30, 7.5)
    assert len(drawn.find().red) == 2


def test_fainter_bridge_between_cores_parts_them() -> None:
    drawn = DrawnMaps()
    drawn.draw(RED, 33.5, 30, 12, 7.5, probability=0.55)
    drawn.draw(RED, 30, 30, 7.0)
    drawn.draw(RED, 37, 30, 7.0)
    assert len(drawn.find().red) == 2


def test_no_number_of_cells_is_too_many() -> None:
    drawn = DrawnMaps(600, 600)
    for x in np.arange(6, 596, 8.0):
        for y in np.arange(6, 596, 8.0):
            drawn.draw(RED, float(x), float(y), 7.5)
    assert len(drawn.find().red) == 74 * 74


@pytest.mark.parametrize("x", [-0.5, 1.5, 3.9])
def test_cell_at_the_edge_is_cut_and_ends_there(x: float) -> None:
    drawn = DrawnMaps()
    drawn.draw(RED, x, 30, 7.5)
    drawn.draw(RED, 40, 30, 7.5)
    red = drawn.find().red
    assert sorted(red.is_cut) == [False, True]
    (box,) = red.of(red.is_cut).box_xyxy
    assert box[0] == 0
    assert 0.6 * box[2] == pytest.approx(x + 3.75, abs=0.5)


def test_what_the_field_of_view_cuts_is_cut() -> None:
    drawn = DrawnMaps()
    drawn.draw(RED, 30, 30, 7.5)
    drawn.draw(RED, 60, 30, 7.5)
    inside = np.ones(drawn.maps.shape[:2], np.bool_)
    inside[:, : round(29 / 0.6)] = False
    assert sorted(drawn.find(inside).red.is_cut) == [False, True]


def test_one_object_has_one_kind() -> None:
    drawn = DrawnMaps()
    drawn.draw(WHITE, 30, 30, 12, probability=0.9)
    drawn.draw(RED, 30, 30, 8, probability=0.7)
    drawn.draw(PLATELET, 30, 30, 3, probability=0.8)
    drawn.draw(WHITE, 60, 30, 8, probability=0.75)
    drawn.draw(RED, 60, 30, 8, probability=0.8)
    found = drawn.find()
    assert [len(of) for of in (found.white, found.red, found.platelets)] == [1, 1, 0]


def test_platelet_may_lie_on_a_red_cell() -> None:
    drawn = DrawnMaps()
    drawn.draw(RED, 30, 30, 7.5)
    drawn.draw(PLATELET, 31, 30, 2.4, probability=0.9)
    found = drawn.find()
    assert len(found.red) == len(found.platelets) == 1


def test_what_is_as_large_as_a_red_cell_is_one_where_that_is_likelier() -> None:
    drawn = DrawnMaps()
    for x in (15, 30, 45):
        drawn.draw(RED, x, 15, 6)
    drawn.draw(RED, 30, 30, 6, probability=0.9)
    drawn.draw(PLATELET, 30, 30, 6, probability=0.7)
    found = drawn.find()
    assert (len(found.red), len(found.platelets)) == (4, 0)


def test_what_no_map_is_sure_of_is_no_cell() -> None:
    drawn = DrawnMaps()
    drawn.draw(WHITE, 20, 30, 12, probability=0.6)
    drawn.draw(RED, 40, 30, 7.5, probability=0.6)
    drawn.draw(PLATELET, 60, 30, 3, probability=0.7)
    found = drawn.find()
    assert len(found.red) == len(found.white) == len(found.platelets) == 0


def test_noise_holds_no_cell() -> None:
    drawn = DrawnMaps()
    random = np.random.default_rng(3)
    drawn.maps[..., Map.RED_CORE] = random.integers(0, 120, drawn.maps.shape[:2])
    drawn.maps[..., Map.WHITE_BODY] = 255
    found = drawn.find()
    assert len(found.red) == len(found.white) == len(found.platelets) == 0
