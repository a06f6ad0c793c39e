"""What colour the empty slide has, and what makes it neutral."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from calibration.optics.background import estimate_log_background
from calibration.optics.illumination import (
    draw_light,
    reduce_image,
    refuse_bad_exposure,
)
from calibration.optics.profile import FlatField, WhiteBalance, now
from hemalens.errors import CalibrationError

COARSE_SIDE_PX: Final = 240
BACKGROUND_TOLERANCE: Final = 0.05
"""Logarithm of level: pixels this near the fitted background are empty slide."""

LEAST_BACKGROUND_FRACTION: Final = 0.1
"""With less of it empty, the background is a guess."""

MOST_GAIN: Final = 4.0
"""Beyond it a channel has no grey levels left: the lamp or the camera is wrong."""


def measure_white_balance(
    images: Sequence[NDArray[np.uint8]], flat_field: FlatField | None = None
) -> WhiteBalance:
    """Measure the gains that make the empty slide neutral.

    Parameters
    ----------
    images : sequence of ndarray of shape (H, W, 3), uint8, RGB
        Blank fields or fields with cells, as the camera gives them.
    flat_field : FlatField, optional
        Of the same optics: the light is then evened out first.

    Returns
    -------
    WhiteBalance

    Raises
    ------
    CalibrationError
        When an image is clipped or too dark, shows too little empty slide, or a
        channel would need a gain above 4.
    """
    levels = [
        _background_level(image, flat_field, f"image {number}")
        for number, image in enumerate(images, start=1)
    ]
    level = np.median(np.stack(levels), axis=0)
    gains = level.max() / level
    if gains.max() > MOST_GAIN:
        shown = ", ".join(f"{value:.0f}" for value in level)
        raise CalibrationError(
            f"the background is R, G, B {shown}: one channel would need a gain of "
            f"{gains.max():.1f}, at most {MOST_GAIN:g} is sound; correct the camera's "
            "own white balance or the lamp first"
        )
    return WhiteBalance(
        gains_rgb=tuple(gains.round(4).tolist()),
        level_rgb=tuple(level.round(2).tolist()),
        images=len(images),
        measured_at=now(),
    )


def _background_level(
    image: NDArray[np.uint8], flat_field: FlatField | None, name: str
) -> NDArray[np.float64]:
    coarse = reduce_image(image, COARSE_SIDE_PX)
    is_empty = find_empty_slide(coarse)
    share = float(np.mean(is_empty))
    if share < LEAST_BACKGROUND_FRACTION:
        raise CalibrationError(
            f"{name} shows too little empty slide: {share:.0%} of it, wanted "
            f"{LEAST_BACKGROUND_FRACTION:.0%}; move to a thinner part of the smear"
        )
    refuse_bad_exposure(coarse[is_empty][None], name)
    height, width = coarse.shape[:2]
    even = coarse / draw_light(flat_field, (width, height))
    return np.asarray(np.median(even[is_empty], axis=0), np.float64)


def find_empty_slide(coarse: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Mask the pixels of a reduced image that show empty slide.

    Parameters
    ----------
    coarse : ndarray of shape (H, W, 3), uint8, RGB
        The reduced image.

    Returns
    -------
    ndarray of shape (H, W), bool
    """
    log_background = estimate_log_background(coarse)
    away = np.log(coarse.astype(np.float32) + 1) - log_background
    return np.asarray((np.abs(away) < BACKGROUND_TOLERANCE).all(axis=2), np.bool_)
