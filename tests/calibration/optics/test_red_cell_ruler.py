"""The red-cell ruler: circles and boxes together, and None with too few."""

import numpy as np
import pytest

from calibration.optics.red_cell_ruler import measure_red_cell_diameter
from tests.edge.segment.drawn_fields import SLIDE, DrawnField


@pytest.mark.parametrize("pixel_size_um", [0.05, 0.1, 0.2])
@pytest.mark.parametrize("diameter", [6.5, 7.5, 8.5])
def test_drawn_cells_are_measured(pixel_size_um: float, diameter: float) -> None:
    drawn = DrawnField()
    for x in (8, 19, 30, 41, 52):
        for y in (8, 20, 32):
            drawn.red_cell(x, y, diameter)
    found = measure_red_cell_diameter(drawn.image(pixel_size_um))
    assert found == pytest.approx(diameter / pixel_size_um, rel=0.12)


def test_two_cells_are_too_few() -> None:
    drawn = DrawnField()
    drawn.red_cell(15, 20)
    drawn.red_cell(40, 25)
    assert measure_red_cell_diameter(drawn.image()) is None


@pytest.mark.parametrize("at_side", [False, True])
def test_a_large_frame_is_measured_wherever_its_cells_lie(at_side: bool) -> None:
    drawn = DrawnField()
    drawn.red_cells_in_rows([])
    cells = drawn.image(0.1)
    height, width = cells.shape[:2]
    frame = np.empty((3 * height, 4 * width, 3), np.uint8)
    frame[:] = SLIDE
    top, left = (0, 0) if at_side else (height, 3 * width // 2)
    frame[top : top + height, left : left + width] = cells
    alone = measure_red_cell_diameter(cells)
    assert measure_red_cell_diameter(frame) == pytest.approx(alone, rel=0.03)
