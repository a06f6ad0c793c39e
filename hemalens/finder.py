"""What the learned finder of cells sees and what its maps mean: one place for both.

A frame is brought to 0.3 µm per pixel, each channel is standardised over the field of
view and the result padded; training and device call the same functions, so training
sees exactly what the device shows.

The model takes uint8 (1, H, W, 3), RGB, H and W any multiples of 16, and returns uint8
(1, H/2, W/2, 5): for each pixel of 0.6 µm and each `Map` a probability, by the output's
own scale and zero point.
"""

from enum import IntEnum
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

PIXEL_SIZE_UM: Final = 0.3
"""Of what the finder sees."""
SIZE_MULTIPLE: Final = 16
"""Height and width are multiples of it: four times halved."""
OUTPUT_STRIDE: Final = 2
"""Input pixels a side of one output pixel."""
NEUTRAL_CODE: Final = 128
"""The mean's code: padding, and what lies outside the field of view."""
SOFTNESS: Final = 2.0
"""Deviations from the mean at which half the codes of that side are used up."""
SMALLEST_DEVIATION: Final = 4.0
"""Of a channel, in 255: below it noise is not raised any further."""
BODY_SIZE: Final = 0.9
"""Axes of a body's ellipse, of its box's sides."""
CORE_SIZE: Final = 0.5
"""Axes of a core's ellipse, of its box's sides: cores of touching cells stay apart."""
SMALLEST_PLATELET_RADIUS: Final = 2.0
"""Of a platelet's ellipse, in output pixels."""


class Map(IntEnum):
    """The output's channels, in their order.

    A white cell is any nucleated cell, erythroblasts too, whole with its cytoplasm.
    """

    WHITE_BODY = 0
    WHITE_CORE = 1
    RED_BODY = 2
    RED_CORE = 3
    PLATELET = 4


def at_finder_scale(
    frame: NDArray[np.uint8], pixel_size_um: float, wanted_um: float = PIXEL_SIZE_UM
) -> NDArray[np.uint8]:
    """Resize a frame to the finder's pixel size.

    Parameters
    ----------
    frame : ndarray of shape (H, W, 3), uint8, RGB
    pixel_size_um : float
        The frame's own, µm.
    wanted_um : float
        The pixel size wanted, µm; another one tries another scale.

    Returns
    -------
    ndarray of shape (h, w, 3), uint8, RGB
        Output pixel centres stay where they were: x of the frame is
        ``(x + 0.5) * w / W - 0.5`` here.
    """
    height, width = frame.shape[:2]
    ratio = pixel_size_um / wanted_um
    size_wh = max(1, round(width * ratio)), max(1, round(height * ratio))
    if size_wh == (width, height):
        return frame
    how = cv2.INTER_AREA if ratio < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(frame, size_wh, interpolation=how), np.uint8)


def standardise(
    frame: NDArray[np.uint8], mask: NDArray[np.bool_] | None = None
) -> NDArray[np.uint8]:
    """Standardise each channel by its own mean and deviation over the field of view.

    ``z = (x - mean) / deviation`` becomes ``128 + 127 z / (abs(z) + 2)``: no value is
    clipped, so that cells keep their order where most of the field is bare glass.

    Parameters
    ----------
    frame : ndarray of shape (H, W, 3), uint8, RGB
        At the finder's scale.
    mask : ndarray of shape (H, W), bool, optional
        True within the field of view; the rest becomes neutral.

    Returns
    -------
    ndarray of shape (H, W, 3), uint8
    """
    if mask is not None and not mask.any():
        return np.full_like(frame, NEUTRAL_CODE)
    codes = standardised_by(frame, *moments(frame, mask))
    if mask is not None:
        codes[~mask] = NEUTRAL_CODE
    return codes


def moments(
    frame: NDArray[np.uint8], mask: NDArray[np.bool_] | None = None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return each channel's mean and deviation over the field of view."""
    within = None if mask is None else mask.astype(np.uint8)
    mean, deviation = cv2.meanStdDev(frame, mask=within)
    return np.asarray(mean.ravel(), float), np.asarray(deviation.ravel(), float)


def standardised_by(
    frame: NDArray[np.uint8],
    mean: NDArray[np.float64],
    deviation: NDArray[np.float64],
) -> NDArray[np.uint8]:
    """Standardise a frame by given means and deviations, each of shape (3,)."""
    values = np.arange(256, dtype=np.float64)[:, np.newaxis]
    z = (values - mean) / np.maximum(deviation, SMALLEST_DEVIATION)
    curves = np.rint(NEUTRAL_CODE + 127.0 * z / (np.abs(z) + SOFTNESS))
    table = curves.astype(np.uint8).reshape(256, 1, 3)
    return np.asarray(cv2.LUT(frame, table), np.uint8)


def padded(codes: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Pad below and to the right with the neutral code, to multiples of 16.

    Parameters
    ----------
    codes : ndarray of shape (H, W, 3), uint8
        As `standardise` returns them.
    """
    height, width = codes.shape[:2]
    bottom, right = -height % SIZE_MULTIPLE, -width % SIZE_MULTIPLE
    return np.pad(
        codes, ((0, bottom), (0, right), (0, 0)), constant_values=NEUTRAL_CODE
    )
