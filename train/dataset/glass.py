"""The colour of empty glass near a cell, and bringing it to that of PBC's slides."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

PBC_GLASS: Final = (253.26, 227.25, 200.95)
"""Codes, RGB: the median over 256 of PBC's training images (measured 2026-11)."""

_SIDE_PX: Final = 96
"""Neighbourhoods are seen so coarsely: noise is averaged, cells are not."""
_BAND: Final = (80.0, 97.0)
"""Percentiles of brightness above the plane between which glass is: red cells cover up
to two thirds of a field, and the brightest few are reflections."""
_ROUNDS: Final = 4
_DARK: Final = 24
"""Codes below which all is surround, not field."""


def glass_colour(
    image: NDArray[np.uint8], centre_xy: tuple[float, float], reach_px: float
) -> NDArray[np.float64]:
    """Measure glass at a cell, from what is bright within a square about it.

    Light may fall off within the square: planes are fitted to the logarithms.

    Parameters
    ----------
    image : ndarray of shape (H, W, 3), uint8, RGB
    centre_xy : tuple of float
    reach_px : float
        Half the side of the square.

    Returns
    -------
    ndarray of shape (3,), float64
        Codes, RGB.
    """
    left, top = (max(0, round(centre - reach_px)) for centre in centre_xy)
    right, bottom = (round(centre + reach_px) for centre in centre_xy)
    near = image[top:bottom, left:right]
    shrink = min(1.0, _SIDE_PX / max(near.shape[:2]))
    coarse = cv2.resize(near, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
    y, x = np.indices(coarse.shape[:2]).reshape(2, -1)
    x_cell, y_cell = (shrink * (centre_xy[0] - left), shrink * (centre_xy[1] - top))
    terms = np.stack([np.ones(x.size), x - x_cell, y - y_cell], axis=1)
    pixels = coarse.reshape(-1, 3).astype(np.float64)
    is_lit = pixels.max(axis=1) > _DARK
    if np.count_nonzero(is_lit) < _SIDE_PX:
        return np.asarray(pixels.mean(axis=0), np.float64)
    return _glass_at_origin(terms[is_lit], np.log(pixels[is_lit] + 1))


def _glass_at_origin(
    terms: NDArray[np.float64], logarithms: NDArray[np.float64]
) -> NDArray[np.float64]:
    brightness = logarithms.sum(axis=1)
    above = brightness
    planes = np.zeros((3, 3))
    for _ in range(_ROUNDS):
        low, high = np.percentile(above, _BAND)
        is_glass = (above >= low) & (above <= high)
        planes = np.linalg.lstsq(terms[is_glass], logarithms[is_glass], rcond=None)[0]
        above = brightness - (terms @ planes).sum(axis=1)
    return np.asarray(np.exp(planes[0]) - 1, np.float64)


def bring_glass(
    crop: NDArray[np.uint8], glass: NDArray[np.float64]
) -> NDArray[np.uint8]:
    """Bring a crop's light to PBC's: each channel by one factor.

    Parameters
    ----------
    crop : ndarray of shape (H, W, 3), uint8, RGB
    glass : ndarray of shape (3,), float64
        Codes of its empty glass.

    Examples
    --------
    >>> glass = np.array([200.0, 200.0, 100.0])
    >>> bring_glass(np.array([[[200, 200, 100]]], np.uint8), glass)[0, 0].tolist()
    [253, 227, 201]
    """
    factor = np.add(PBC_GLASS, 1) / (glass + 1)
    codes = (np.arange(256)[:, None] + 1) * factor - 1
    table = np.clip(np.rint(codes), 0, 255).astype(np.uint8)
    return np.asarray(cv2.LUT(crop, table[:, None, :].reshape(1, 256, 3)), np.uint8)
