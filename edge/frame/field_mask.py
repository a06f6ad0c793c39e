"""Which part of a frame shows the slide."""

import math
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.frame.drawn_marks import find_marks
from edge.frame.surround import find_view

MARKS_SIDE_PX: Final = 640
VIEW_SIDE_PX: Final = 256
"""Sides of the copies on which marks and the view's rim are looked for: a scale bar is
a few pixels thick."""


def find_field(image: NDArray[np.uint8]) -> NDArray[np.bool_] | None:
    """Find the part of a frame that shows the slide.

    Around it lies what an eyepiece, a phone or a program adds: a black or white
    surround, bars above and below, cut corners, a scale bar, arrows, text.

    Parameters
    ----------
    image : ndarray of shape (H, W, 3), uint8, RGB
        The frame.

    Returns
    -------
    ndarray of shape (H, W), bool, or None
        None where the whole frame does.

    Examples
    --------
    >>> glass = np.full((480, 640, 3), 230, np.uint8)
    >>> find_field(glass) is None
    True
    >>> glass[:60] = glass[-60:] = 0
    >>> field = find_field(glass)
    >>> bool(field[240, 320]), bool(field[30, 320])
    (True, False)
    """
    reduced = _shrunk(image, MARKS_SIDE_PX)
    view, marks = find_view(_shrunk(reduced, VIEW_SIDE_PX)), find_marks(reduced)
    height, width = image.shape[:2]
    field = None if view is None else _enlarged(view, (width, height))
    if marks is None:
        return field
    unmarked = ~_enlarged(marks, (width, height))
    return unmarked if field is None else field & unmarked


def _shrunk(image: NDArray[np.uint8], side_px: int) -> NDArray[np.uint8]:
    """Average whole pixels, which is quick."""
    height, width = image.shape[:2]
    step = math.ceil(max(height, width) / side_px)
    if step == 1 or min(height, width) < step:
        return image
    rows, columns = height // step, width // step
    cut = image[: rows * step, : columns * step]
    small = cv2.resize(cut, (columns, rows), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8)


def _enlarged(mask: NDArray[np.bool_], size_wh: tuple[int, int]) -> NDArray[np.bool_]:
    large = cv2.resize(mask.view(np.uint8), size_wh, interpolation=cv2.INTER_NEAREST)
    return np.asarray(large, np.uint8).view(np.bool_)
