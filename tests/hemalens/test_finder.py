"""What the finder is shown."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from numpy.typing import NDArray

from hemalens.finder import (
    NEUTRAL_CODE,
    PIXEL_SIZE_UM,
    SIZE_MULTIPLE,
    at_finder_scale,
    padded,
    standardise,
)


def _field(seed: int = 0) -> NDArray[np.uint8]:
    random = np.random.default_rng(seed)
    return random.integers(60, 200, (40, 60, 3)).astype(np.uint8)


def test_a_frame_is_brought_to_the_finders_pixels() -> None:
    frame = np.zeros((1080, 1920, 3), np.uint8)
    assert at_finder_scale(frame, 0.1).shape == (360, 640, 3)
    assert at_finder_scale(frame, PIXEL_SIZE_UM) is frame
    assert at_finder_scale(frame[:90, :90], 0.6).shape == (180, 180, 3)


def test_the_mean_is_neutral_and_order_is_kept() -> None:
    frame = _field()
    codes = standardise(frame)
    for channel in range(3):
        order = np.argsort(frame[..., channel], axis=None)
        assert (np.diff(codes[..., channel].ravel()[order].astype(int)) >= 0).all()
        assert abs(int(np.median(codes[..., channel])) - NEUTRAL_CODE) < 12


def test_light_and_tint_fall_away() -> None:
    frame = _field()
    tinted = np.clip(frame * np.array([0.9, 0.6, 0.4]) + 5, 0, 255).astype(np.uint8)
    difference = np.abs(standardise(frame).astype(int) - standardise(tinted))
    assert difference.max() <= 3


def test_what_lies_outside_the_field_counts_nothing() -> None:
    frame, mask = _field(), np.zeros((40, 60), np.bool_)
    mask[:, :30] = True
    other = frame.copy()
    other[~mask] = 0
    assert_array_equal(standardise(frame, mask), standardise(other, mask))
    assert (standardise(frame, mask)[~mask] == NEUTRAL_CODE).all()
    assert_array_equal(
        standardise(frame, mask)[mask], standardise(frame[:, :30]).reshape(-1, 3)
    )


def test_a_frame_without_a_field_is_neutral() -> None:
    nothing = np.zeros((40, 60), np.bool_)
    assert (standardise(_field(), nothing) == NEUTRAL_CODE).all()


def test_an_even_frames_noise_is_not_raised() -> None:
    frame = np.full((32, 32, 3), 240, np.uint8)
    frame[::2] = 241
    assert np.ptp(standardise(frame)) < 20


@given(st.integers(1, 70), st.integers(1, 70))
def test_padding_adds_neutral_rows_and_columns(height: int, width: int) -> None:
    codes = np.zeros((height, width, 3), np.uint8)
    larger = padded(codes)
    assert all(side % SIZE_MULTIPLE == 0 for side in larger.shape[:2])
    assert larger.shape[0] - height < SIZE_MULTIPLE
    assert_array_equal(larger[:height, :width], codes)
    assert (larger[height:] == NEUTRAL_CODE).all()
    assert (larger[:, width:] == NEUTRAL_CODE).all()


@pytest.mark.parametrize("level", [0, 255])
def test_codes_never_wrap(level: int) -> None:
    frame = np.full((64, 64, 3), 128, np.uint8)
    frame[0, 0] = level
    codes = standardise(frame)
    assert ((codes[0, 0] < NEUTRAL_CODE) == (level < 128)).all()
