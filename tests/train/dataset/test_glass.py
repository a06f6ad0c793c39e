"""The colour of glass about a cell, and bringing it to PBC's."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from train.dataset.glass import PBC_GLASS, bring_glass, glass_colour

CODE = st.integers(60, 240)


def field(glass: NDArray[np.float64], cells: float = 0.5) -> NDArray[np.uint8]:
    """A field of (H, W, 3) glass whose lower rows are cells half as bright."""
    image = glass.copy()
    image[int(len(image) * (1 - cells)) :: 2] *= 0.5
    return np.rint(image).astype(np.uint8)


@settings(deadline=None)
@given(CODE, CODE, CODE)
def test_cells_are_not_taken_for_glass(red: int, green: int, blue: int) -> None:
    glass = np.full((200, 200, 3), (red, green, blue), np.float64)
    measured = glass_colour(field(glass), (100, 100), 80)
    assert measured == pytest.approx((red, green, blue), abs=1.5)


def test_light_that_falls_off_is_measured_at_the_cell() -> None:
    fall = np.exp(-np.arange(400) / 400)[None, :, None]
    glass = np.broadcast_to(220 * fall, (400, 400, 3))
    for x in (120, 200, 280):
        measured = glass_colour(field(glass.copy()), (x, 200), 100)
        assert measured == pytest.approx(glass[0, x], rel=0.03)


def test_the_surround_of_a_round_view_is_not_measured() -> None:
    image = np.full((200, 200, 3), 180, np.uint8)
    image[:, :120] = 3
    assert glass_colour(image, (130, 100), 80) == pytest.approx([180] * 3, abs=2)


@settings(deadline=None)
@given(st.tuples(CODE, CODE, CODE))
def test_glass_becomes_pbcs(glass: tuple[int, int, int]) -> None:
    crop = np.full((2, 2, 3), glass, np.uint8)
    brought = bring_glass(crop, np.array(glass, float))
    assert brought == pytest.approx(np.broadcast_to(PBC_GLASS, (2, 2, 3)), abs=0.5)


def test_densities_of_cells_stay_as_they_are() -> None:
    crop = np.array([[[99, 49, 149]]], np.uint8)
    brought = bring_glass(crop, np.array([199.0, 199.0, 199.0]))
    before = np.log(200) - np.log(crop + 1.0)
    after = np.log(np.add(PBC_GLASS, 1)) - np.log(brought + 1.0)
    assert after == pytest.approx(before, abs=0.02)
