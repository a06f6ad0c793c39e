"""The crop in the middle of an image file of one cell."""

import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hemalens.errors import CaptureError, DatasetError
from hemalens.image_files import read_image
from hemalens.preprocess import cut_crop


def read_centred_crop(path: Path, side_px: float, size_px: int) -> NDArray[np.uint8]:
    """Decode an image and cut its middle out.

    Parameters
    ----------
    path : Path
    side_px : float
        Side of the window, in the image's pixels.
    size_px : int
        Side of the crop returned.

    Returns
    -------
    ndarray of shape (size_px, size_px, 3), uint8, RGB

    Raises
    ------
    DatasetError
        When the image cannot be decoded, or is smaller than the window.
    """
    try:
        image = read_image(path)
    except CaptureError as error:
        raise DatasetError(str(error)) from error
    height, width = image.shape[:2]
    if min(height, width) < math.floor(side_px):
        raise DatasetError(
            f"{path} is {width}x{height}, smaller than the window of "
            f"{math.floor(side_px)} px: run 'hemalens dataset verify'"
        )
    return cut_crop(image, (width / 2, height / 2), side_px, size_px)
