"""Cells from maps, and what of the labelled they are."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from hemalens.finder import PIXEL_SIZE_UM, Map
from tests.train.finder.drawn_fields import drawn_field
from train.finder.decode import decode
from train.finder.fields import STORED_UM, Kind
from train.finder.measure import measure
from train.finder.targets import draw_targets


def _maps(*objects: tuple[float, ...]) -> NDArray[np.float32]:
    placed = np.array([(*one, 0) for one in objects], np.float32)
    return draw_targets(placed, (80, 120), (1.0, 1.0, 1.0)).maps


def test_a_drawn_cell_comes_back_with_its_box() -> None:
    cells = decode(_maps((Kind.WHITE, 40, 30, 24, 18)))
    assert cells.shape == (1, 5)
    assert cells[0, 0] == Kind.WHITE
    assert cells[0, 1:3] == pytest.approx([80, 60], abs=1.5)
    assert cells[0, 3:] == pytest.approx([48, 36], abs=4)


def test_touching_cells_are_parted_by_their_cores() -> None:
    cells = decode(_maps((Kind.RED, 40, 40, 14, 14), (Kind.RED, 53, 40, 14, 14)))
    assert sorted(cells[:, 1].round()) == pytest.approx([80, 106], abs=2)


def test_kinds_do_not_mix() -> None:
    cells = decode(
        _maps(
            (Kind.WHITE, 30, 30, 24, 24),
            (Kind.RED, 70, 30, 14, 14),
            (Kind.PLATELET, 100, 60, 5, 5),
        )
    )
    assert sorted(cells[:, 0]) == [Kind.WHITE, Kind.RED, Kind.PLATELET]


def test_empty_maps_hold_no_cell() -> None:
    assert decode(np.zeros((16, 16, len(Map)), np.float32)).shape == (0, 5)


def test_a_perfect_finder_measures_as_one() -> None:
    field = drawn_field()

    def perfect(codes: NDArray[np.uint8]) -> NDArray[np.float32]:
        placed = np.column_stack([field.objects, np.zeros(len(field.objects))])
        placed[:, 1:5] *= STORED_UM / PIXEL_SIZE_UM / 2
        size_hw = codes.shape[0] // 2, codes.shape[1] // 2
        return draw_targets(placed.astype(np.float32), size_hw, (1, 1, 1)).maps

    found = measure(perfect, [field])["BCCD"]
    assert [one.labelled for one in found.values()] == [1, 3, 1]
    for one in found.values():
        assert one.recall == one.precision == one.precision_by_overlap == 1
        assert one.recall_by_overlap == 1
        assert one.mean_field_error == 0


def test_incomplete_labels_tell_nothing_of_precision() -> None:
    field = drawn_field()
    points = replace(field, background=(1.0, 0.05, 0.0))

    def blind(codes: NDArray[np.uint8]) -> NDArray[np.float32]:
        return np.zeros((codes.shape[0] // 2, codes.shape[1] // 2, 5), np.float32)

    found = measure(blind, [points])["BCCD"]
    assert found[Kind.WHITE].precision == 0
    assert found[Kind.RED].precision is None
    assert found[Kind.RED].labelled == 3


def test_a_blind_finder_finds_nothing() -> None:
    def blind(codes: NDArray[np.uint8]) -> NDArray[np.float32]:
        return np.zeros((codes.shape[0] // 2, codes.shape[1] // 2, 5), np.float32)

    found = measure(blind, [drawn_field()])["BCCD"]
    assert all(one.recall == 0 and one.found == 0 for one in found.values())
