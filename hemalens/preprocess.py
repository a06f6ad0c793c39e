"""The one crop: training and device cut a cell out of its frame with this function.

A crop shows a fixed physical length, so that a cell has the same size for the model on
every microscope. The model takes the raw pixels; normalization is inside its graph.
"""

import math
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

PBC_PIXEL_SIZE_UM: Final = 0.095
"""Micrometres per pixel of PBC: its median red cell is 79 px wide (measured against
the TXL-PBC boxes), and a red cell 7.5 µm."""

RED_CELL_DIAMETER_UM: Final = 7.5
"""Diameter of a normal red cell in a dried smear, nature's ruler: texts give 7 to 8.
Set by convention, not measured: PBC's pixel size follows from it."""

CROP_SIDE_UM: Final = 24.32
"""Side of a crop at the specimen: 256 px of PBC."""


def cut_crop(
    image: NDArray[np.uint8],
    centre_xy: tuple[float, float],
    side_px: float,
    size_px: int,
) -> NDArray[np.uint8]:
    """Cut a square window out of a frame and resize it.

    What lies outside the frame is filled with the frame's mirror image.

    Parameters
    ----------
    image : ndarray of shape (H, W, 3), uint8, RGB
        The frame.
    centre_xy : tuple of float
        Centre of the window, in frame pixels.
    side_px : float
        Side of the window, in frame pixels; rounded to whole pixels.
    size_px : int
        Side of the crop returned.

    Returns
    -------
    ndarray of shape (size_px, size_px, 3), uint8, RGB
        Resized by pixel area when shrinking, bicubic when enlarging.

    Examples
    --------
    >>> frame = np.full((363, 360, 3), 200, np.uint8)
    >>> cut_crop(frame, (180, 181.5), 256, 100).shape
    (100, 100, 3)
    """
    side = max(1, round(side_px))
    # Halves always go up: rounding them to even shifts PBC's sizes by a pixel.
    left, top = (math.floor(centre - side / 2 + 0.5) for centre in centre_xy)
    window = _window(image, left, top, side)
    if side == size_px:
        return np.ascontiguousarray(window)
    interpolation = cv2.INTER_AREA if side > size_px else cv2.INTER_CUBIC
    crop = cv2.resize(window, (size_px, size_px), interpolation=interpolation)
    return np.asarray(crop, np.uint8)


def _window(
    image: NDArray[np.uint8], left: int, top: int, side: int
) -> NDArray[np.uint8]:
    height, width = image.shape[:2]
    inside = image[
        max(0, top) : max(0, min(height, top + side)),
        max(0, left) : max(0, min(width, left + side)),
    ]
    if inside.shape[:2] == (side, side):
        return inside
    if inside.size == 0:
        raise ValueError(
            f"window at {left}, {top} lies outside a {width}x{height} frame"
        )
    rows, columns = _needed(top, side, height), _needed(left, side, width)
    mirrored = cv2.copyMakeBorder(
        image[rows, columns],
        max(0, -top),
        max(0, top + side - height),
        max(0, -left),
        max(0, left + side - width),
        cv2.BORDER_REFLECT_101,
    )
    y, x = max(0, top) - rows.start, max(0, left) - columns.start
    return np.asarray(mirrored[y : y + side, x : x + side], np.uint8)


def _needed(start: int, side: int, length: int) -> slice:
    """Span what of a frame's side a window shows, as it is or mirrored."""
    before, behind = max(0, -start), max(0, start + side - length)
    first = 0 if before else min(start, length - 1 - behind)
    last = length if behind else max(start + side, 1 + before)
    return slice(max(0, first), min(length, last))


def crop_side_px(pixel_size_um: float, crop_side_um: float = CROP_SIDE_UM) -> float:
    """Convert the crop's side to frame pixels.

    Examples
    --------
    >>> round(crop_side_px(PBC_PIXEL_SIZE_UM))
    256
    """
    return crop_side_um / pixel_size_um
