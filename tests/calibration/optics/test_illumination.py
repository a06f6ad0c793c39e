"""The lamp's light is measured on blank fields, and on nothing else."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calibration.optics.illumination import draw_light, measure_flat_field
from hemalens.errors import CalibrationError
from tests.calibration.optics.drawn_optics import draw_blank, vignette
from tests.edge.segment.drawn_fields import DrawnField

SIZE_WH = (640, 480)


@settings(max_examples=10, deadline=None)
@given(loss=st.floats(0, 0.5), slope=st.floats(-0.15, 0.15), noise=st.floats(0, 4))
def test_dividing_by_the_light_leaves_a_flat_field(
    loss: float, slope: float, noise: float
) -> None:
    true = vignette(SIZE_WH, loss, slope)
    true /= true.max()
    measured = measure_flat_field([draw_blank(true, noise=noise)])
    flat = true[..., None] / draw_light(measured, SIZE_WH)
    assert np.abs(flat / flat.mean() - 1).max() < 0.01
    assert measured.level_rgb == pytest.approx((225, 215, 200), rel=0.01)


def test_a_narrow_beam_off_the_middle_is_followed() -> None:
    y, x = np.mgrid[-1 : 1 : 480 * 1j, -1 : 1 : 640 * 1j]
    true = np.exp(-((x - 0.2) ** 2 + (y + 0.1) ** 2) / 2)
    flat = true[..., None] / draw_light(measure_flat_field([draw_blank(true)]), SIZE_WH)
    assert np.abs(flat / flat.mean() - 1).max() < 0.01


def test_channels_have_each_their_own_light() -> None:
    lights = [vignette(SIZE_WH, loss) for loss in (0.1, 0.2, 0.4)]
    blank = np.stack([draw_blank(light)[..., 1] for light in lights], axis=-1)
    drawn = draw_light(measure_flat_field([blank]), SIZE_WH)
    assert drawn[0, 0] == pytest.approx((0.9, 0.8, 0.6), abs=0.01)


def test_a_speck_does_not_show_in_the_light() -> None:
    blank = draw_blank(vignette(SIZE_WH, 0.2)).copy()
    blank[200:222, 300:322] //= 2
    drawn = draw_light(measure_flat_field([blank]), SIZE_WH)
    even = vignette(SIZE_WH, 0.2)
    assert drawn[211, 311, 1] == pytest.approx(even[211, 311], abs=0.005)


def test_what_was_not_measured_is_even_light() -> None:
    assert (draw_light(None, (5, 4)) == np.ones((4, 5, 3))).all()


def two_red_cells() -> DrawnField:
    drawn = DrawnField()
    drawn.red_cell(20, 20)
    drawn.red_cell(40, 30)
    return drawn


EVEN = vignette(SIZE_WH, 0)
REFUSED = {
    "not blank": lambda: two_red_cells().image(),
    "overexposed": lambda: draw_blank(EVEN, (255, 250, 250)),
    "overexposed: its brightest": lambda: draw_blank(EVEN, (252, 230, 230), noise=0),
    "too dark": lambda: draw_blank(EVEN, (90, 70, 40)),
}


@pytest.mark.parametrize("says", REFUSED)
def test_what_is_no_blank_field_is_refused(says: str) -> None:
    with pytest.raises(CalibrationError, match=f"blank field 2 is {says}"):
        measure_flat_field([draw_blank(EVEN), REFUSED[says]()])
