"""Masks at the work scale: cleaning, filling, drawing, measuring."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.segment.scale import to_px, to_px2

OUTLINE: Final = 1
"""OpenCV draws a hole from the mask's own pixels around it."""


def open_mask(mask: NDArray[np.bool_], radius: int) -> NDArray[np.bool_]:
    """Cut necks and specks thinner than a disc; the frame's edge cuts nothing.

    Parameters
    ----------
    mask : ndarray of shape (H, W), bool
    radius : int
        Of the disc, in pixels of the mask.
    """
    return _morph(mask, cv2.MORPH_OPEN, radius)


def close_mask(mask: NDArray[np.bool_], radius: int) -> NDArray[np.bool_]:
    """Bridge gaps narrower than a disc; see `open_mask`."""
    return _morph(mask, cv2.MORPH_CLOSE, radius)


def to_radius(radius_um: float) -> int:
    """Convert a disc's radius to whole pixels of the work image, at least 1."""
    return max(1, round(to_px(radius_um)))


def _morph(mask: NDArray[np.bool_], operation: int, radius: int) -> NDArray[np.bool_]:
    margin = 2 * radius + 1
    element = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (margin, margin))
    done = cv2.morphologyEx(pad_mask(mask, margin), operation, element)
    inner = np.ascontiguousarray(done[margin:-margin, margin:-margin])
    return np.asarray(inner, np.uint8).view(np.bool_)


def pad_mask(mask: NDArray[np.bool_], margin: int) -> NDArray[np.uint8]:
    """Continue a mask beyond the frame, as cells continue there."""
    padded = cv2.copyMakeBorder(
        as_uint8(mask), margin, margin, margin, margin, cv2.BORDER_REPLICATE
    )
    return np.asarray(padded, np.uint8)


def as_uint8(mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Show a mask to OpenCV, without a copy where its memory is in one piece."""
    return np.ascontiguousarray(mask).view(np.uint8)


def depth_of(mask: NDArray[np.bool_], margin: int) -> NDArray[np.float32]:
    """Measure each pixel's distance to the mask's outline, in pixels.

    A mask without outline is as deep as the image is long.
    """
    depth = cv2.distanceTransform(pad_mask(mask, margin), cv2.DIST_L2, 5)
    depth = np.ascontiguousarray(depth[margin:-margin, margin:-margin], np.float32)
    return np.minimum(depth, np.float32(max(mask.shape)))


def distance_to(mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Measure each pixel's distance to a mask that is not empty, in pixels."""
    distance = cv2.distanceTransform(as_uint8(~mask), cv2.DIST_L2, 5)
    return np.asarray(distance, np.float32)


def fill_holes(mask: NDArray[np.bool_], largest_um2: float) -> NDArray[np.bool_]:
    """Fill holes up to an area; those open to the frame's edge stay."""
    return fill_holes_up_to(mask, to_px2(largest_um2))


def fill_holes_up_to(mask: NDArray[np.bool_], largest_px2: float) -> NDArray[np.bool_]:
    """Fill holes up to an area in pixels of the mask."""
    holes = [hole for _, holes in contours_of(mask) for hole in holes]
    small = [hole for hole in holes if _inner_area(hole) <= largest_px2]
    filled = as_uint8(mask).copy()
    cv2.drawContours(filled, small, -1, OUTLINE, cv2.FILLED)
    return filled.view(np.bool_)


def contours_of(
    mask: NDArray[np.bool_],
) -> list[tuple[NDArray[np.int32], list[NDArray[np.int32]]]]:
    """List the outline of each piece of a mask, and the outlines of the holes in it.

    Each is of shape (N, 1, 2), x and y, of the piece's own pixels.
    """
    found = cv2.findContours(as_uint8(mask), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    contours: list[NDArray[np.int32]] = [np.asarray(c, np.int32) for c in found[0]]
    parents = np.asarray(found[1]).reshape(-1, 4)[:, 3].tolist() if contours else []
    pieces: dict[int, tuple[NDArray[np.int32], list[NDArray[np.int32]]]] = {
        k: (contours[k], []) for k, parent in enumerate(parents) if parent < 0
    }
    for hole, parent in zip(contours, parents, strict=True):
        if parent >= 0:
            pieces[parent][1].append(hole)
    return list(pieces.values())


def _inner_area(outline: NDArray[np.int32]) -> float:
    """Count the pixels inside an outline, by Pick's theorem."""
    return float(cv2.contourArea(outline)) - len(outline) / 2 + 1


def attached(mask: NDArray[np.bool_], seed: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Keep the pieces of a mask that touch a seed."""
    count, label_image = cv2.connectedComponents(as_uint8(mask), connectivity=4)
    if count <= 2:
        return mask
    is_touching = np.zeros(count, np.bool_)
    is_touching[label_image[seed & mask]] = True
    return np.asarray(is_touching[label_image], np.bool_)


def outline_of(mask: NDArray[np.bool_]) -> NDArray[np.int32]:
    """List the outer pixels of a non-empty mask: shape (N, 2), x and y."""
    contours, _ = cv2.findContours(
        as_uint8(mask), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE
    )
    return np.concatenate([contour[:, 0] for contour in contours]).astype(np.int32)
