"""A ruling's period, at any angle; and nothing read into images that have none."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from calibration.optics.profile import PixelSizeMethod
from calibration.optics.ruling import measure_ruling
from calibration.optics.stage_micrometer import measure_stage_micrometer
from hemalens.errors import CalibrationError
from tests.benchmarks.labelled_images import read_bccd, read_pbc, read_rgb
from tests.calibration.optics.drawn_optics import draw_blank, draw_ruling, vignette
from tests.edge.segment.drawn_fields import DrawnField

DATASETS = Path(__file__).parents[4] / "shared" / "datasets"


@settings(max_examples=12, deadline=None)
@given(
    period_px=st.floats(10, 75),
    angle_deg=st.floats(-90, 90),
    noise=st.floats(0, 12),
    line_fraction=st.floats(0.08, 0.5),
    contrast=st.floats(40, 150),
)
def test_period_is_within_half_a_percent(
    period_px: float,
    angle_deg: float,
    noise: float,
    line_fraction: float,
    contrast: float,
) -> None:
    image = draw_ruling(
        period_px,
        angle_deg,
        noise=noise,
        line_fraction=line_fraction,
        contrast=contrast,
    )
    found = measure_ruling(image)
    assert found.period_px == pytest.approx(period_px, rel=0.005)
    turned = (found.angle_deg - angle_deg + 90) % 180 - 90
    assert abs(turned) < 0.5
    assert found.uncertainty_px < 0.005 * period_px


@pytest.mark.parametrize("line_fraction", [0.05, 0.1])
def test_thin_lines_are_not_taken_for_their_harmonic(line_fraction: float) -> None:
    image = draw_ruling(80.3, 60, line_fraction=line_fraction, size_wh=(1280, 720))
    assert measure_ruling(image).period_px == pytest.approx(80.3, rel=0.001)


def test_crossed_rulings_have_the_period_of_one() -> None:
    found = measure_ruling(draw_ruling(31.2, 52, crossed=True))
    assert found.period_px == pytest.approx(31.2, rel=0.002)


def test_a_large_frame_is_measured_as_exactly_as_a_small_one() -> None:
    image = draw_ruling(105.4, 3.0, size_wh=(2028, 1520))
    assert measure_ruling(image).period_px == pytest.approx(105.4, rel=0.001)


def field_of_cells() -> DrawnField:
    drawn = DrawnField()
    rng = np.random.default_rng(5)
    for x, y in rng.uniform((4, 4), (56, 41), (25, 2)):
        drawn.red_cell(float(x), float(y))
    return drawn


NO_RULINGS = {
    "cells": lambda: field_of_cells().image(),
    "blank": lambda: draw_blank(vignette((640, 480), 0.3)),
    "black": lambda: np.zeros((480, 640, 3), np.uint8),
    "one edge": lambda: np.repeat(
        np.where(np.arange(640) < 300, 60, 200).astype(np.uint8)[None, :, None], 480, 0
    ).repeat(3, 2),
}


@pytest.mark.parametrize("name", NO_RULINGS)
def test_images_without_ruling_are_refused(name: str) -> None:
    with pytest.raises(CalibrationError, match="no ruling"):
        measure_ruling(NO_RULINGS[name]())


@pytest.mark.parametrize("seed", range(6))
def test_a_few_cells_that_happen_to_stand_in_step_are_refused(seed: int) -> None:
    drawn = DrawnField()
    rng = np.random.default_rng(seed)
    for x in np.arange(7, 56, 12.0):
        drawn.red_cell(x, float(rng.uniform(6, 39)))
    drawn.white_cell(30, 22, 14)
    with pytest.raises(CalibrationError, match="no ruling"):
        measure_ruling(drawn.image())


@pytest.mark.skipif(not DATASETS.is_dir(), reason=f"the datasets are not at {DATASETS}")
def test_real_cells_are_no_ruling() -> None:
    fields = read_bccd(DATASETS / "BCCD", 12)
    pbc = read_pbc(DATASETS / "PBC_dataset_normal_DIB", 2)
    for path in [*(field.path for field in fields), *(path for _, path in pbc)]:
        with pytest.raises(CalibrationError, match="no ruling"):
            measure_ruling(read_rgb(path))


def keystone(period_px: float, change: float) -> NDArray[np.uint8]:
    """Draw a ruling whose magnification changes from the top row to the bottom row."""
    ruling = draw_ruling(period_px, 0, size_wh=(800, 480))
    y, x = np.mgrid[:480, :640].astype(np.float32)
    from_x = 400 + (x - 320) * (1 + change * (y / 479 - 0.5))
    mapped = cv2.remap(ruling, from_x.astype(np.float32), y, cv2.INTER_LINEAR)
    return np.asarray(mapped, np.uint8)


def test_lines_that_run_apart_are_less_certain_and_then_refused() -> None:
    even, apart = (measure_ruling(keystone(40, change)) for change in (0, 0.04))
    assert apart.period_px == pytest.approx(40, rel=0.002)
    assert apart.uncertainty_px > 10 * even.uncertainty_px
    with pytest.raises(CalibrationError, match="not evenly spaced"):
        measure_ruling(keystone(40, 0.1))


def test_pixel_size_is_pitch_over_period() -> None:
    images = [draw_ruling(80, angle) for angle in (10, 100)]
    measured = measure_stage_micrometer(images, pitch_um=10)
    assert measured.pixel_size_um == pytest.approx(0.125, rel=0.002)
    assert 0 < measured.uncertainty_um < 0.001
    assert (measured.method, measured.images) == (PixelSizeMethod.STAGE_MICROMETER, 2)


def test_images_of_two_objectives_are_refused() -> None:
    with pytest.raises(CalibrationError, match="one objective"):
        measure_stage_micrometer([draw_ruling(40, 0), draw_ruling(60, 0)], 10)


def test_a_pitch_that_fits_no_microscope_is_refused() -> None:
    with pytest.raises(CalibrationError, match="--pitch-um"):
        measure_stage_micrometer([draw_ruling(20, 0)], 1000)
