"""Outlines of red cells that have a point alone: what stands out from the glass."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

_LEAST_AREA: Final = 0.35
_MOST_AREA: Final = 1.7
"""Of a cell standing alone, against the disc of the size that is expected."""
_MOST_STRETCHED: Final = 2.8


def outlined_points(
    image: NDArray[np.uint8], points: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Give points the box of their cell where it stands alone.

    Parameters
    ----------
    image : ndarray of shape (H, W, 3), uint8, RGB
    points : ndarray of shape (N, 4), float32
        Centre x, centre y, expected width and height.

    Returns
    -------
    ndarray of shape (N, 4), float32
        Of a cell that touches others, or is not told from the glass, as it was.
    """
    soft = cv2.GaussianBlur(image[..., 1], (0, 0), 1.5)
    kind = cv2.THRESH_BINARY_INV + cv2.THRESH_OTSU
    _, dark = cv2.threshold(soft, 0, 255, kind)
    contours, _ = cv2.findContours(dark, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    filled = np.zeros_like(dark)
    cv2.drawContours(filled, contours, -1, 255, -1)
    _, label_image, stats, _ = cv2.connectedComponentsWithStats(filled)
    height, width = dark.shape
    x = np.clip(points[:, 0].astype(int), 0, width - 1)
    y = np.clip(points[:, 1].astype(int), 0, height - 1)
    parts = label_image[y, x]
    boxes = points.copy()
    for index, part in enumerate(parts):
        alone = part > 0 and (parts == part).sum() == 1
        if alone and _is_a_cell(stats[part], points[index, 2]):
            left, top, wide, high = stats[part, :4]
            boxes[index] = left + wide / 2, top + high / 2, wide, high
    return boxes


def _is_a_cell(stats: NDArray[np.int32], expected: float) -> bool:
    area = stats[cv2.CC_STAT_AREA] / (np.pi / 4 * expected**2)
    sides = sorted(stats[2:4])
    return bool(
        _LEAST_AREA < area < _MOST_AREA and sides[1] < _MOST_STRETCHED * sides[0]
    )
