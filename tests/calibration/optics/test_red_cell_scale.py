"""Red cells as a ruler over several images."""

import numpy as np
import pytest

from calibration.optics.profile import PixelSizeMethod
from calibration.optics.red_cell_scale import measure_red_cell_scale
from hemalens.errors import CalibrationError
from tests.edge.segment.drawn_fields import DrawnField


def field(diameter_um: float = 7.5) -> np.ndarray:
    drawn = DrawnField()
    for x in np.arange(6, 56, 9.5):
        for y in np.arange(6, 42, 9.5):
            drawn.red_cell(float(x), float(y), diameter_um)
    return drawn.image(0.1)


BLANK = np.full((450, 600, 3), 230, np.uint8)


def test_pixel_size_is_the_median_over_images_that_tell() -> None:
    measured = measure_red_cell_scale([field(), BLANK, field(), field(6.0)])
    assert measured.pixel_size_um == pytest.approx(0.1, rel=0.1)
    assert measured.images == 3
    assert measured.method is PixelSizeMethod.RED_CELLS


def test_more_images_are_more_certain_but_people_differ() -> None:
    one = measure_red_cell_scale([field()])
    four = measure_red_cell_scale([field()] * 4)
    assert four.uncertainty_um < one.uncertainty_um
    assert four.uncertainty_um > 0.03 * four.pixel_size_um


def test_too_few_red_cells_are_said() -> None:
    with pytest.raises(CalibrationError, match="too few red cells to tell"):
        measure_red_cell_scale([BLANK])
