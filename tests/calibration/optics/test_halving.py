"""Shrinking keeps the light and the place of what is shown."""

import cv2
import numpy as np
import pytest

from calibration.optics.halving import shrink_to


@pytest.mark.parametrize("size_wh", [(640, 480), (333, 250), (160, 120), (64, 48)])
def test_a_ramp_stays_the_ramp_at_any_size(size_wh: tuple[int, int]) -> None:
    wide = np.tile(np.linspace(20, 220, 640, dtype=np.float32), (480, 1))
    small = shrink_to(wide, size_wh)
    assert small.shape == (size_wh[1], size_wh[0])
    expected = cv2.resize(wide, size_wh, interpolation=cv2.INTER_AREA)
    assert np.abs(small - expected).max() < 1


def test_every_pixel_has_its_weight() -> None:
    image = np.zeros((512, 512, 3), np.uint8)
    image[::2] = 200
    assert shrink_to(image, (64, 64)) == pytest.approx(100)


def test_smaller_images_are_enlarged() -> None:
    assert shrink_to(np.full((10, 12), 7, np.uint8), (40, 30)).shape == (30, 40)
