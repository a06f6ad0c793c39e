"""Bad frames are told from good ones, and empty ones from both."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from edge.frame.quality import SharpestSoFar, measure_quality, reason_to_leave_out
from tests.benchmarks.labelled_images import read_bccd, read_pbc, read_rgb
from tests.calibration.optics.drawn_optics import draw_blank, vignette
from tests.edge.segment.drawn_fields import DrawnField

DATASETS = Path(__file__).parents[4] / "shared" / "datasets"


def sharp_field(pixel_size_um: float = 0.1, cells: bool = True) -> NDArray[np.uint8]:
    drawn = DrawnField()
    if cells:
        drawn.red_cells_in_rows([(30, 22, 8)])
    drawn.white_cell(30, 22)
    return drawn.image(pixel_size_um)


def defocused(image: NDArray[np.uint8], radius_px: float) -> NDArray[np.uint8]:
    """Smear each point over a disc, as a lens out of focus does."""
    side = 2 * int(np.ceil(radius_px)) + 1
    y, x = np.mgrid[:side, :side] - side // 2
    disc = (x**2 + y**2 <= radius_px**2).astype(np.float64)
    smeared = cv2.filter2D(image, cv2.CV_64F, disc / disc.sum())
    grain = np.random.default_rng(1).normal(0, 1.5, image.shape)
    return np.clip(np.rint(smeared + grain), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("pixel_size_um", [0.05, 0.1, 0.2])
def test_focus_is_judged_at_the_scale_of_the_specimen(pixel_size_um: float) -> None:
    image = sharp_field(pixel_size_um)
    quality = measure_quality(image, pixel_size_um)
    assert reason_to_leave_out(quality) is None
    for radius_um in (1.2, 2.0, 4.0, 7.0):
        blurred = defocused(image, radius_um / pixel_size_um)
        reason = reason_to_leave_out(measure_quality(blurred, pixel_size_um))
        assert reason is not None
        assert reason.startswith("out of focus")


def test_focus_hardly_depends_on_how_many_cells_there_are() -> None:
    many, one = (measure_quality(sharp_field(cells=c), 0.1) for c in (True, False))
    assert many.covered_fraction > 5 * one.covered_fraction
    assert one.blur_um == pytest.approx(many.blur_um, rel=0.2)


@settings(max_examples=10, deadline=None)
@given(contrast=st.floats(0.3, 1.0), light=st.floats(0.5, 1.0))
def test_focus_hardly_depends_on_light_and_stain(contrast: float, light: float) -> None:
    image = sharp_field().astype(float)
    faded = light * (240 + contrast * (image - 240))
    quality = measure_quality(np.rint(faded).astype(np.uint8), 0.1)
    assert quality.blur_um == pytest.approx(
        measure_quality(sharp_field(), 0.1).blur_um, rel=0.15
    )


@pytest.mark.parametrize("direction", [(0, 1), (1, 0), (1, 1)])
def test_a_moving_slide_is_not_counted(direction: tuple[int, int]) -> None:
    trace = np.zeros((31, 31))
    along = np.arange(-15, 16)
    trace[15 + along * direction[1], 15 + along * direction[0]] = 1 / 31
    moving = cv2.filter2D(sharp_field(), -1, trace)
    reason = reason_to_leave_out(measure_quality(moving, 0.1))
    assert reason is not None
    assert "moving" in reason


def test_a_frame_softer_than_the_sharpest_is_left_out() -> None:
    best = SharpestSoFar()
    for _ in range(3):
        assert best.sharpness_per_um is None
        best.learn(measure_quality(sharp_field(), 0.1))
    soft = measure_quality(defocused(sharp_field(), 8), 0.1)
    assert reason_to_leave_out(soft) is None
    reason = best.reason_to_leave_out(soft)
    assert reason is not None
    assert "of the sharpest frame so far" in reason


def test_one_freak_and_empty_fields_do_not_raise_the_bar() -> None:
    best = SharpestSoFar()
    quality = measure_quality(sharp_field(), 0.1)
    for _ in range(3):
        best.learn(quality)
    usual = best.sharpness_per_um
    hair = sharp_field().copy()
    hair[::12] = 20
    best.learn(measure_quality(hair, 0.1))
    for _ in range(4):
        best.learn(measure_quality(draw_blank(vignette((600, 450), 0)), 0.1))
    assert best.sharpness_per_um == usual


@pytest.mark.skipif(not DATASETS.is_dir(), reason=f"the datasets are not at {DATASETS}")
def test_real_fields_count_and_defocused_ones_do_not() -> None:
    fields = [(field.path, 0.072) for field in read_bccd(DATASETS / "BCCD", 16)]
    pbc = read_pbc(DATASETS / "PBC_dataset_normal_DIB", 2)
    for path, pixel_size_um in [*fields, *((path, 0.095) for _, path in pbc)]:
        image = read_rgb(path)
        assert reason_to_leave_out(measure_quality(image, pixel_size_um)) is None
        blurred = defocused(image, 1.25 / pixel_size_um)
        assert reason_to_leave_out(measure_quality(blurred, pixel_size_um)) is not None


BAD_LIGHT = {
    "black": np.zeros((450, 600, 3), np.uint8),
    "too dark": (sharp_field() * 0.15).astype(np.uint8),
    "overexposed": np.minimum(sharp_field() * 1.5, 255).astype(np.uint8),
}


@pytest.mark.parametrize("says", BAD_LIGHT)
def test_bad_light_is_named(says: str) -> None:
    reason = reason_to_leave_out(measure_quality(BAD_LIGHT[says], 0.1))
    assert reason is not None
    assert reason.startswith(says)


@settings(max_examples=10, deadline=None)
@given(loss=st.floats(0, 0.4), level=st.floats(130, 245), noise=st.floats(0, 5))
def test_an_empty_field_counts(loss: float, level: float, noise: float) -> None:
    blank = draw_blank(vignette((600, 450), loss), (level, level, 0.9 * level), noise)
    quality = measure_quality(blank, 0.1)
    assert quality.is_empty
    assert reason_to_leave_out(quality) is None


def test_stain_and_cover_are_measured() -> None:
    quality = measure_quality(sharp_field(), 0.1)
    pale = 240 - (240 - sharp_field().astype(float)) * 0.6
    paler = measure_quality(pale.astype(np.uint8), 0.1)
    assert quality.red_density == pytest.approx(np.log(232 / 160), rel=0.15)
    assert quality.stained_density is not None
    assert 2 * quality.red_density < quality.stained_density < np.log(232 / 44)
    assert quality.background_level == pytest.approx(232, abs=4)
    assert 0.3 < quality.covered_fraction < 0.7
    assert 0.005 < quality.stained_fraction < 0.1
    assert paler.red_density is not None
    assert paler.red_density < 0.75 * quality.red_density


def test_any_size_can_be_measured() -> None:
    for size in ((1, 1, 3), (2, 900, 3), (37, 5, 3)):
        quality = measure_quality(np.full(size, 220, np.uint8), None)
        assert reason_to_leave_out(quality) is None


def tinted(*share: float) -> NDArray[np.uint8]:
    return np.rint(sharp_field() * share).clip(0, 255).astype(np.uint8)


GOOD_LIGHT = {
    "yellow glass": tinted(1.0, 1.0, 0.35),
    "green glass": tinted(0.45, 1.0, 0.6),
    "dark magenta glass": tinted(0.9, 0.2, 0.8),
    "a dim lamp": tinted(0.3, 0.3, 0.3),
    "saturated glass, well exposed cells": tinted(1.14, 1.14, 1.14),
}


@pytest.mark.parametrize("name", GOOD_LIGHT)
def test_tinted_dim_or_saturated_glass_is_no_bad_light(name: str) -> None:
    quality = measure_quality(GOOD_LIGHT[name], 0.1)
    assert reason_to_leave_out(quality) is None


def test_saturated_glass_was_looked_at() -> None:
    bright = measure_quality(GOOD_LIGHT["saturated glass, well exposed cells"], 0.1)
    assert bright.clipped_fraction > 0.3


def test_nothing_outside_the_field_is_measured() -> None:
    image = sharp_field()
    y, x = np.indices(image.shape[:2])
    field = (x - 300) ** 2 + (y - 225) ** 2 <= 200**2
    plain = measure_quality(image, 0.1)
    for level in (0, 255):
        around = np.where(field[..., np.newaxis], image, level).astype(np.uint8)
        within = measure_quality(around, 0.1, field)
        assert reason_to_leave_out(within) is None
        assert within.black_fraction == 0
        assert within.glass.colour == pytest.approx(plain.glass.colour, abs=4)
        assert within.covered_fraction == pytest.approx(plain.covered_fraction, abs=0.1)
        assert within.red_density == pytest.approx(plain.red_density, rel=0.1)
        assert within.blur_um == pytest.approx(plain.blur_um, rel=0.15)


def test_what_a_program_drew_is_not_the_focus() -> None:
    soft = defocused(sharp_field(), 12)
    marked, field = soft.copy(), np.ones(soft.shape[:2], np.bool_)
    for row in range(120, 330, 6):
        marked[row : row + 2, 200:400] = 0
        field[row - 3 : row + 5, 195:405] = False
    blur_um = measure_quality(marked, 0.1, field).blur_um
    assert blur_um == pytest.approx(measure_quality(soft, 0.1).blur_um, rel=0.2)
