"""A frame is corrected as its profile says, to the grey level."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calibration.optics.illumination import measure_flat_field
from calibration.optics.profile import (
    OpticalProfile,
    PixelSize,
    PixelSizeMethod,
    now,
)
from calibration.optics.white_balance import measure_white_balance
from edge.frame.optical_correction import OpticalCorrection, draw_gain
from hemalens.errors import CalibrationError
from hemalens.records import Frame
from tests.calibration.optics.drawn_optics import draw_blank, vignette

SIZE_WH = (320, 240)


def profile(**measured: object) -> OpticalProfile:
    return OpticalProfile(
        device="pi-1", objective="40x", frame_size_wh=SIZE_WH
    ).model_copy(update=measured)


def frame(image: np.ndarray, pixel_size_um: float | None = None) -> Frame:
    return Frame(image=image, name="a", index=3, pixel_size_um=pixel_size_um)


@settings(max_examples=10, deadline=None)
@given(
    loss=st.floats(0, 0.5),
    slope=st.floats(-0.1, 0.1),
    level_rgb=st.tuples(*[st.floats(150, 235)] * 3),
)
def test_a_blank_field_becomes_flat_and_neutral(
    loss: float, slope: float, level_rgb: tuple[float, float, float]
) -> None:
    light = vignette(SIZE_WH, loss, slope)
    blank = draw_blank(light / light.max(), level_rgb, noise=0)
    flat_field = measure_flat_field([blank])
    correction = OpticalCorrection(
        profile(
            flat_field=flat_field,
            white_balance=measure_white_balance([blank], flat_field),
        )
    )
    corrected = correction.apply(frame(blank)).image.astype(float)
    assert np.abs(corrected - max(level_rgb)).max() < 0.02 * max(level_rgb)


def test_each_frame_is_multiplied_by_the_gain_and_kept() -> None:
    blank = draw_blank(vignette(SIZE_WH, 0.4), noise=0)
    measured = profile(flat_field=measure_flat_field([blank]))
    correction = OpticalCorrection(measured)
    rng = np.random.default_rng(0)
    images = [rng.integers(0, 256, (240, 320, 3), np.uint8) for _ in range(3)]
    corrected = [correction.apply(frame(image.copy())).image for image in images]
    gain = draw_gain(measured)
    for before, after in zip(images, corrected, strict=True):
        wanted = np.minimum(before * gain, 255)
        assert np.abs(after - wanted).max() <= 1


def test_the_pixel_size_is_the_profiles() -> None:
    size = PixelSize(
        pixel_size_um=0.12,
        uncertainty_um=0.001,
        method=PixelSizeMethod.RED_CELLS,
        images=1,
        measured_at=now(),
    )
    image = draw_blank(vignette(SIZE_WH, 0))
    measured = OpticalCorrection(profile(pixel_size=size)).apply(frame(image, 0.2))
    assert (measured.pixel_size_um, measured.name, measured.index) == (0.12, "a", 3)
    assert (measured.image == image).all()
    unmeasured = OpticalCorrection(profile()).apply(frame(image, 0.2))
    assert unmeasured.pixel_size_um == 0.2


def test_frames_of_another_size_are_refused() -> None:
    image = np.zeros((480, 640, 3), np.uint8)
    with pytest.raises(CalibrationError, match="320x240, this one is 640x480"):
        OpticalCorrection(profile()).apply(frame(image))
