import cv2
import numpy as np
import pytest

from tests.drawn_crops import drawn_crops
from train.augmentation.resample import resampled

IDENTITY = np.eye(2, dtype=np.float32)
NOWHERE = np.zeros((1, 2), np.float32)


def _resampled(
    window: np.ndarray, matrix: np.ndarray, shift: np.ndarray, size_px: int
) -> np.ndarray:
    return np.asarray(resampled(window[None], matrix[None], shift, size_px))[0]


def test_an_unmoved_square_is_the_middle_of_the_window() -> None:
    window = drawn_crops(1, 44)[0]
    crop = _resampled(window, IDENTITY, NOWHERE, 32)
    assert np.array_equal(crop, window[6:38, 6:38])


def test_a_quarter_turn_turns() -> None:
    window = drawn_crops(1, 44)[0]
    turn = np.array([[0, -1], [1, 0]], np.float32)
    crop = _resampled(window, turn, NOWHERE, 32)
    # The crop's x is the window's y, its y the window's x backwards.
    assert np.abs(crop - np.rot90(window[6:38, 6:38])).max() < 0.01


@pytest.mark.parametrize("degrees", [0, 30, 200])
def test_moves_as_opencv_does(degrees: int) -> None:
    window = drawn_crops(1, 60)[0]
    angle = np.deg2rad(degrees)
    cos, sin = 1.2 * np.cos(angle), 1.2 * np.sin(angle)
    matrix = np.array([[cos, -sin], [sin, cos]], np.float32)
    shift = np.array([[2.25, -7.5]], np.float32)
    start = shift[0] + 29.5 - matrix @ np.array([23.5, 23.5])
    expected = cv2.warpAffine(
        window.astype(np.float32),
        np.column_stack([matrix, start]),
        (48, 48),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REFLECT,
    )
    off = np.abs(_resampled(window, matrix, shift, 48) - expected)
    # OpenCV's places are rounded to 1/32 px.
    assert off.mean() < 0.5
