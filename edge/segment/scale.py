"""The scale all work is done at."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.optics.halving import shrink_to
from hemalens.preprocess import RED_CELL_DIAMETER_UM

WORK_PIXEL_SIZE_UM: Final = RED_CELL_DIAMETER_UM / 40
"""A red cell is 40 pixels wide: fine enough for platelets, quick enough for a
Raspberry Pi (measured on BCCD and PBC, 2026-11)."""

COARSE: Final = 2
"""Red cells, large as they are, are sought with one pixel for each 2x2 of the work
image; work images have even sides, so the two lie on each other exactly."""


def to_px(length_um: float) -> float:
    """Convert a length to pixels of the work image.

    Examples
    --------
    >>> round(to_px(7.5))
    40
    """
    return length_um / WORK_PIXEL_SIZE_UM


def to_px2(area_um2: float) -> float:
    """Convert an area to pixels of the work image.

    Examples
    --------
    >>> round(to_px2(44.2))
    1257
    """
    return area_um2 / WORK_PIXEL_SIZE_UM**2


def resize_to_work(image: NDArray[np.uint8], pixel_size_um: float) -> NDArray[np.uint8]:
    """Resize a frame to the work scale, to sides that are even.

    Parameters
    ----------
    image : ndarray of shape (H, W, 3), uint8
        The frame.
    pixel_size_um : float
        Micrometres per pixel of the frame.
    """
    shrink = pixel_size_um / WORK_PIXEL_SIZE_UM
    height, width = (
        COARSE * max(1, round(side * shrink / COARSE)) for side in image.shape[:2]
    )
    return shrink_to(image, (width, height))


def halve(plane: NDArray[np.int16]) -> NDArray[np.int16]:
    """Average each 2x2 pixels of a work plane."""
    height, width = plane.shape
    coarse_wh = (width // COARSE, height // COARSE)
    halved = cv2.resize(plane, coarse_wh, interpolation=cv2.INTER_AREA)
    return np.asarray(halved, np.int16)


def halve_mask(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Keep the 2x2 pixels of a work mask of which at least two are set."""
    height, width = mask.shape
    coarse_wh = (width // COARSE, height // COARSE)
    percent = mask.view(np.uint8) * np.uint8(100)
    halved = cv2.resize(percent, coarse_wh, interpolation=cv2.INTER_AREA)
    return np.asarray(halved >= 50, np.bool_)


def double_mask(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Set the 2x2 work pixels of each pixel of a coarse mask."""
    height, width = mask.shape
    work_wh = (COARSE * width, COARSE * height)
    doubled = cv2.resize(mask.view(np.uint8), work_wh, interpolation=cv2.INTER_NEAREST)
    return np.asarray(doubled, np.uint8).view(np.bool_)
