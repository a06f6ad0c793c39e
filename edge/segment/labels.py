"""Numbered pieces of a work image."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Labels:
    """Numbered pieces of a work image.

    Parameters
    ----------
    label_image : ndarray of shape (H, W), int32
        0 = background; 1 to `count`.
    count : int
        How many there are.
    """

    label_image: NDArray[np.int32]
    count: int


def renumber(label_image: NDArray[np.int32], is_kept: NDArray[np.bool_]) -> Labels:
    """Keep some pieces, given by number, and number them anew; 0 stays background."""
    is_kept[0] = False
    renamed = (np.cumsum(is_kept) * is_kept).astype(np.int32)
    return Labels(label_image=renamed[label_image], count=int(renamed.max()))


def nearest_label(
    label_image: NDArray[np.int32],
) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """Find each pixel's nearest labelled piece.

    Parameters
    ----------
    label_image : ndarray of shape (H, W), int32
        0 = background; at least one pixel is not.

    Returns
    -------
    distance : ndarray of shape (H, W), float32
        To the nearest labelled pixel, in pixels.
    nearest : ndarray of shape (H, W), int32
        Its label.
    """
    background = label_image == 0
    distance, zone = cv2.distanceTransformWithLabels(
        background.astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    label_of_zone = np.zeros(int(zone.max()) + 1, np.int32)
    label_of_zone[zone[~background]] = label_image[~background]
    return np.asarray(distance, np.float32), label_of_zone[zone]
