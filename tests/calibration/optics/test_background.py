"""The empty slide is found under cells and uneven light."""

import numpy as np
import pytest

from calibration.optics.background import estimate_log_background, optical_density
from tests.edge.segment.drawn_fields import SLIDE, DrawnField


def test_background_is_the_slide_not_the_cells() -> None:
    drawn = DrawnField()
    drawn.red_cells_in_rows([])
    background = np.exp(estimate_log_background(drawn.image())) - 1
    assert background[..., 1] == pytest.approx(SLIDE[1], abs=4)


def test_density_is_zero_on_the_slide_whatever_the_light() -> None:
    drawn = DrawnField()
    drawn.red_cell(30, 22)
    ramp = np.linspace(1.0, 0.5, 600)[None, :, None]
    density = optical_density((drawn.image() * ramp).astype(np.uint8))
    assert density is not None
    assert np.abs(density[:60]).max() < 0.05
    assert density[190, 300, 1] > 0.2


def test_density_does_not_depend_on_exposure() -> None:
    drawn = DrawnField()
    drawn.red_cells_in_rows([])
    bright = optical_density(drawn.image())
    dim = optical_density((drawn.image() * 0.5).astype(np.uint8))
    assert bright is not None
    assert dim is not None
    assert np.abs(bright - dim).mean() < 0.02


def test_darkness_has_no_density() -> None:
    assert optical_density(np.full((40, 40, 3), 5, np.uint8)) is None
