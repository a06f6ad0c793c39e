"""Masks at the work scale: cleaning, filling, growing, measuring."""

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.segment.scale import to_px, to_px2
from hemalens.records import Box


class Window(NamedTuple):
    """A rectangle of an image, as its index."""

    rows: slice
    columns: slice


def open_mask(mask: NDArray[np.bool_], radius_um: float) -> NDArray[np.bool_]:
    """Cut necks and specks thinner than a disc; the frame's edge cuts nothing."""
    return _morph(mask, cv2.MORPH_OPEN, radius_um)


def close_mask(mask: NDArray[np.bool_], radius_um: float) -> NDArray[np.bool_]:
    """Bridge gaps narrower than a disc."""
    return _morph(mask, cv2.MORPH_CLOSE, radius_um)


def _morph(
    mask: NDArray[np.bool_], operation: int, radius_um: float
) -> NDArray[np.bool_]:
    margin = 2 * max(1, round(to_px(radius_um))) + 1
    element = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (margin, margin))
    done = cv2.morphologyEx(pad_mask(mask, margin), operation, element)
    return np.asarray(done[margin:-margin, margin:-margin] > 0, np.bool_)


def pad_mask(mask: NDArray[np.bool_], margin: int) -> NDArray[np.uint8]:
    """Continue a mask beyond the frame, as cells continue there."""
    padded = cv2.copyMakeBorder(
        mask.astype(np.uint8), margin, margin, margin, margin, cv2.BORDER_REPLICATE
    )
    return np.asarray(padded, np.uint8)


def depth_of(mask: NDArray[np.bool_], margin: int) -> NDArray[np.float32]:
    """Measure each pixel's distance to the mask's outline, in pixels.

    A mask without outline is as deep as the image is long.
    """
    depth = cv2.distanceTransform(pad_mask(mask, margin), cv2.DIST_L2, 5)
    depth = np.asarray(depth[margin:-margin, margin:-margin], np.float32)
    return np.minimum(depth, np.float32(max(mask.shape)))


def fill_holes(mask: NDArray[np.bool_], largest_um2: float) -> NDArray[np.bool_]:
    """Fill holes up to an area; those open to the frame's edge stay."""
    _, label_image, stats, _ = cv2.connectedComponentsWithStats(
        (~mask).astype(np.uint8), connectivity=4
    )
    height, width = mask.shape
    left, top, wide, high, area = stats.T[:5]
    is_inside = (left > 0) & (top > 0) & (left + wide < width) & (top + high < height)
    is_filled = is_inside & (area <= to_px2(largest_um2))
    is_filled[0] = False
    return np.asarray(mask | is_filled[label_image], np.bool_)


def attached(mask: NDArray[np.bool_], seed: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Keep the pieces of a mask that touch a seed."""
    count, label_image = cv2.connectedComponents(mask.astype(np.uint8), connectivity=4)
    is_touching = np.zeros(count, np.bool_)
    is_touching[label_image[seed & mask]] = True
    return np.asarray(is_touching[label_image], np.bool_)


def outline_of(mask: NDArray[np.bool_]) -> NDArray[np.int32]:
    """List the outer pixels of a non-empty mask: shape (N, 2), x and y."""
    contours, _ = cv2.findContours(
        mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE
    )
    return np.concatenate([contour[:, 0] for contour in contours]).astype(np.int32)


def box_of(mask: NDArray[np.bool_]) -> Box:
    """Bound a mask, in its own pixels."""
    left, top, width, height = cv2.boundingRect(mask.astype(np.uint8))
    return Box(left, top, left + width, top + height)


def window_around(mask: NDArray[np.bool_], margin: int) -> Window:
    """Bound a mask, with a margin where the image has room for it."""
    box = box_of(mask)
    return Window(
        rows=slice(max(0, box.top - margin), box.bottom + margin),
        columns=slice(max(0, box.left - margin), box.right + margin),
    )
