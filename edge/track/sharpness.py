"""How well focused a view of a cell is."""

from collections.abc import Sequence
from itertools import chain
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from hemalens.records import Box

_PIXEL_SIZE_UM: Final = 0.2
"""Frames finer than this are reduced to it: about what a good objective resolves
(0.22 µm at NA 1.25, green light), with less noise and in a fraction of the time."""

_EVERY: Final = 2
"""Of the reduced frame's rows and columns every second is added up: neighbours tell
nearly the same, and the sums take a third of the time. A cell's sharpness moves by
2 % (standard deviation over 227 cells of the simulated slide, 2026-11)."""

_GLASS_QUANTILE: Final = 0.9
"""Of the levels: bare glass, wherever it takes up a tenth of the frame."""

_CODES_PER_DENSITY: Final = 200.0
_SOBEL_GAIN: Final = 8.0


def sharpness_per_um(
    image: NDArray[np.uint8], boxes: Sequence[Box], pixel_size_um: float
) -> list[float]:
    """Measure how sharp each view is.

    The root mean square of the optical density's slope over that of the density
    itself: an inverse length on the specimen. Light, stain and a box a little larger
    hardly move it, blur lowers it. It compares views of one cell, not cells.

    Parameters
    ----------
    image : ndarray of shape (H, W, 3), uint8, RGB
    boxes : sequence of Box
        Inside the frame.
    pixel_size_um : float
        Micrometres per pixel.

    Returns
    -------
    list of float
        In 1/µm; 0 where a box shows bare glass.
    """
    if not boxes:
        return []
    shrink = max(1, round(_PIXEL_SIZE_UM / pixel_size_um))
    codes = _density_codes(_reduced_green(image, shrink))
    corners = np.fromiter(chain.from_iterable(boxes), np.float64).reshape(-1, 4)
    rounded = np.rint(corners / (shrink * _EVERY)).astype(np.intp)
    slopes = _sums(_squared_slope(codes), rounded)
    some = codes[::_EVERY, ::_EVERY]
    densities = _sums(np.square(some, dtype=np.float32), rounded)
    squared = np.where(densities > 0, slopes / np.maximum(densities, 1e-9), 0)
    per_um: list[float] = (np.sqrt(squared) / (shrink * pixel_size_um)).tolist()
    return per_um


def _reduced_green(image: NDArray[np.uint8], shrink: int) -> NDArray[np.uint8]:
    """Average green over squares; a rest at the right and the bottom is left out."""
    height, width = (max(1, side // shrink) for side in image.shape[:2])
    green = cv2.extractChannel(image[: height * shrink, : width * shrink], 1)
    small = cv2.resize(green, (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8)


def _density_codes(green: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Compute the optical density against bare glass, `_CODES_PER_DENSITY` for 1."""
    levels = np.cumsum(np.bincount(green[::3, ::3].ravel(), minlength=256))
    glass = int(np.searchsorted(levels, _GLASS_QUANTILE * levels[-1]))
    ratio = (glass + 1) / (np.arange(256) + 1)
    codes = np.clip(np.rint(_CODES_PER_DENSITY * np.log10(ratio)), 0, 255)
    return np.asarray(cv2.LUT(green, codes.astype(np.uint8)), np.uint8)


def _squared_slope(codes: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Square the slope, per pixel, of an image smoothed a little against noise."""
    across, down = cv2.spatialGradient(codes)
    squares = np.square(across[::_EVERY, ::_EVERY], dtype=np.float32)
    squares += np.square(down[::_EVERY, ::_EVERY], dtype=np.float32)
    squares /= np.float32(_SOBEL_GAIN**2)
    return squares


def _sums(plane: NDArray[np.float32], corners: NDArray[np.intp]) -> NDArray[np.float64]:
    """Add up a plane within each box."""
    total = cv2.integral(plane, sdepth=cv2.CV_64F)
    height, width = plane.shape
    left = np.minimum(corners[:, 0], width - 1)
    top = np.minimum(corners[:, 1], height - 1)
    right = np.clip(corners[:, 2], left + 1, width)
    bottom = np.clip(corners[:, 3], top + 1, height)
    return np.asarray(
        total[bottom, right]
        - total[top, right]
        - total[bottom, left]
        + total[top, left],
        np.float64,
    )
