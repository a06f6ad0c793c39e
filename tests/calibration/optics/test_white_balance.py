"""The empty slide's colour, with and without cells on it."""

import numpy as np
import pytest

from calibration.optics.illumination import measure_flat_field
from calibration.optics.white_balance import measure_white_balance
from hemalens.errors import CalibrationError
from tests.calibration.optics.drawn_optics import draw_blank, vignette
from tests.edge.segment.drawn_fields import SLIDE, DrawnField

SIZE_WH = (640, 480)


def test_gains_make_a_blank_field_neutral() -> None:
    blank = draw_blank(vignette(SIZE_WH, 0), (220, 200, 160))
    measured = measure_white_balance([blank])
    neutral = np.array(measured.gains_rgb) * (220, 200, 160)
    assert neutral == pytest.approx(np.full(3, 220), rel=0.005)


def test_cells_do_not_colour_the_background() -> None:
    drawn = DrawnField()
    drawn.red_cells_in_rows([(30, 22, 8)])
    drawn.white_cell(30, 22)
    measured = measure_white_balance([drawn.image()])
    assert measured.level_rgb == pytest.approx(SLIDE, abs=3)


def test_uneven_light_is_evened_out_first() -> None:
    blank = draw_blank(vignette(SIZE_WH, 0.4))
    measured = measure_white_balance([blank], measure_flat_field([blank]))
    assert measured.level_rgb == pytest.approx((225, 215, 200), abs=2)


def full_of_cells() -> np.ndarray:
    drawn = DrawnField()
    rng = np.random.default_rng(2)
    for x, y in rng.uniform((0, 0), (60, 45), (400, 2)):
        drawn.red_cell(float(x), float(y))
    return drawn.image()


EVEN = vignette(SIZE_WH, 0)
REFUSED = {
    "overexposed": lambda: draw_blank(EVEN, (255, 240, 240)),
    "too dark": lambda: draw_blank(EVEN, (150, 100, 30)),
    "gain of 4": lambda: draw_blank(EVEN, (248, 200, 61), noise=0),
}


@pytest.mark.parametrize("says", REFUSED)
def test_a_background_that_tells_no_colour_is_refused(says: str) -> None:
    with pytest.raises(CalibrationError, match=says):
        measure_white_balance([REFUSED[says]()])
