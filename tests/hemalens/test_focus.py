import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from hemalens.focus import SAME_BLUR, FocusReference, sharpen

REFERENCE = FocusReference(blur_um=0.25, most_sharpening_um=0.4)


def grains(seed: int = 0) -> NDArray[np.uint8]:
    """Draw a crop of soft grains, a pixel or two wide, as chromatin has."""
    noise = np.random.default_rng(seed).normal(0, 120, (64, 64, 3))
    soft = cv2.GaussianBlur(noise, (0, 0), 1.2)
    return np.clip(np.rint(128 + soft), 0, 255).astype(np.uint8)


def blurred(crop: NDArray[np.uint8], blur_px: float) -> NDArray[np.uint8]:
    return np.asarray(cv2.GaussianBlur(crop, (0, 0), blur_px), np.uint8)


def error(found: NDArray[np.uint8], wanted: NDArray[np.uint8]) -> float:
    inner = (slice(8, -8), slice(8, -8))
    return float(np.abs(found[inner].astype(float) - wanted[inner]).mean())


@pytest.mark.parametrize("slide_blur_um", [None, 0.1, 0.25, SAME_BLUR * 0.25])
def test_a_slide_as_sharp_as_the_training_images_is_left_alone(
    slide_blur_um: float | None,
) -> None:
    assert REFERENCE.excess_um(slide_blur_um) == 0
    assert REFERENCE.sharpening_um(slide_blur_um) == 0


def test_blurs_are_parted_as_variances_and_never_beyond_the_most() -> None:
    assert REFERENCE.excess_um(0.32) == pytest.approx((0.32**2 - 0.25**2) ** 0.5)
    assert REFERENCE.excess_um(0.75) == pytest.approx(0.75 * (8 / 9) ** 0.5)
    assert REFERENCE.sharpening_um(0.75) == 0.4


@pytest.mark.parametrize("blur_px", [0.7, 1.2, 2.0])
def test_sharpening_brings_a_blurred_crop_nearer_to_the_sharp_one(
    blur_px: float,
) -> None:
    sharp = grains()
    soft = blurred(sharp, blur_px)
    mended = sharpen(soft[np.newaxis], blur_px)[0]
    assert error(mended, sharp) < 0.75 * error(soft, sharp)


def test_each_crop_is_sharpened_by_itself_and_what_was_given_is_kept() -> None:
    crops = np.stack([blurred(grains(seed), 1) for seed in (1, 2)])
    before = crops.copy()
    both = sharpen(crops, 1)
    assert np.array_equal(crops, before)
    assert np.array_equal(both[1], sharpen(crops[1:], 1)[0])


def test_nothing_to_take_away_changes_nothing() -> None:
    crops = grains()[np.newaxis]
    assert sharpen(crops, 0) is crops
    assert sharpen(crops[:0], 1).shape == (0, 64, 64, 3)


def test_glass_stays_glass_and_noise_is_raised_threefold_at_most() -> None:
    glass = np.full((1, 32, 32, 3), 230, np.uint8)
    assert np.array_equal(sharpen(glass, 2), glass)
    noise = np.random.default_rng(0).normal(128, 5, (1, 64, 64, 3))
    noisy = np.rint(noise).astype(np.uint8)
    assert sharpen(noisy, 3).std() <= 3 * noisy.std()
