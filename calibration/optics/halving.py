"""Shrinking an image quickly: by whole halves, then the little that is left."""

from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

Pixel = TypeVar("Pixel", np.uint8, np.int16, np.float32)


def shrink_to(image: NDArray[Pixel], size_wh: tuple[int, int]) -> NDArray[Pixel]:
    """Resize an image; every pixel of a larger one has its weight in the smaller.

    Halving averages whole pixels and is quick, other areas cost ten times as much.

    Parameters
    ----------
    image : ndarray of shape (H, W) or (H, W, 3), uint8, int16 or float32

    Examples
    --------
    >>> shrink_to(np.full((480, 640, 3), 9, np.uint8), (70, 50)).shape
    (50, 70, 3)
    """
    width, height = size_wh
    while image.shape[1] >= 2 * width and image.shape[0] >= 2 * height:
        half_wh = (image.shape[1] // 2, image.shape[0] // 2)
        halved = cv2.resize(image, half_wh, interpolation=cv2.INTER_AREA)
        image = np.asarray(halved, image.dtype)
    resized = cv2.resize(image, size_wh, interpolation=cv2.INTER_LINEAR)
    return np.asarray(resized, image.dtype)
