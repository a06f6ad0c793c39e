"""White cells: each nucleus with the cytoplasm around it."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.segment.labels import Labels, nearest_label, renumber
from edge.segment.masks import (
    Window,
    attached,
    close_mask,
    fill_holes,
    open_mask,
    outline_of,
    window_around,
)
from edge.segment.pixels import Pixels
from edge.segment.scale import to_px

REACH_UM: Final = 6.0
RED_REACH_UM: Final = 2.0
"""Farthest cytoplasm from the nucleus, and farthest where it is as yellow as a red
cell: eosinophils are (measured on BCCD and PBC, 2026-11)."""

NECK_UM: Final = 1.4
"""Cells that touch the cytoplasm hang on by necks thinner than twice this."""

HOLE_UM2: Final = 30.0
"""Largest hole in a white cell: vacuoles, and granules taken for a red cell."""

CONTACT_UM: Final = 0.6
"""Two cells this near touch."""

WHOLE_EXTENT_UM: Final = 20.5
WHOLE_ROUNDNESS: Final = 0.64
"""Two grown nuclei are one cell where together they are no wider and fill this share
of the circle around them; two touching cells fill half (measured on BCCD and PBC,
2026-11)."""


def grow_cytoplasm(
    nuclei: Labels, pixels: Pixels, red_discs: NDArray[np.bool_]
) -> Labels:
    """Grow each nucleus over its cytoplasm.

    Parameters
    ----------
    nuclei : Labels
        The nuclei; cytoplasm goes to the nearest.
    pixels : Pixels
        The work image.
    red_discs : ndarray of shape (H, W), bool
        Inside the circles of red cells, which cytoplasm does not enter.

    Returns
    -------
    Labels
        Whole cells.
    """
    if nuclei.count == 0:
        return nuclei
    distance, nearest = nearest_label(nuclei.label_image)
    reach = np.where(pixels.red_like, to_px(RED_REACH_UM), to_px(REACH_UM))
    around = (distance <= reach) & pixels.cells & ~red_discs
    grown = np.zeros_like(nuclei.label_image)
    for label in range(1, nuclei.count + 1):
        nucleus = nuclei.label_image == label
        window = window_around(nucleus, round(to_px(REACH_UM)) + 2)
        nucleus, mine = nucleus[window], nearest[window] == label
        whole = open_mask((around[window] & mine) | nucleus, NECK_UM) | nucleus
        whole = fill_holes(attached(whole, nucleus), HOLE_UM2)
        grown[window][whole & mine] = label
    joined = _join_halves(grown)
    return renumber(joined, np.bincount(joined.ravel()) > 0)


def _join_halves(label_image: NDArray[np.int32]) -> NDArray[np.int32]:
    """Give the parts of one round cell whose lobes lie far apart the same number."""
    for a, b in _neighbours(label_image):
        is_a, is_b = label_image == a, label_image == b
        if not (is_a.any() and is_b.any()):
            continue
        window = window_around(is_a | is_b, 4)
        both = (is_a | is_b)[window]
        whole = fill_holes(close_mask(both, CONTACT_UM), HOLE_UM2)
        if _is_one_round_cell(whole, window, label_image.shape):
            is_free = (label_image[window] == 0) | both
            label_image[window][whole & is_free] = a
    return label_image


def _neighbours(label_image: NDArray[np.int32]) -> list[tuple[int, int]]:
    size = 2 * round(to_px(CONTACT_UM)) + 1
    high = cv2.dilate(label_image.astype(np.float32), np.ones((size, size), np.uint8))
    touching = (label_image > 0) & (high > label_image)
    pairs = np.stack([label_image[touching], high[touching].astype(np.int32)], axis=1)
    return [(int(a), int(b)) for a, b in np.unique(pairs, axis=0)]


def _is_one_round_cell(
    mask: NDArray[np.bool_], window: Window, shape: tuple[int, ...]
) -> bool:
    """Compare a region with the circle around it, as far as that is in the frame."""
    (x, y), radius = cv2.minEnclosingCircle(outline_of(mask).astype(np.float32))
    if 2 * radius > to_px(WHOLE_EXTENT_UM):
        return False
    y, x = y + window.rows.start, x + window.columns.start
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    circle = (rows - y) ** 2 + (columns - x) ** 2 <= (radius + 0.5) ** 2
    return bool(np.count_nonzero(mask) >= WHOLE_ROUNDNESS * np.count_nonzero(circle))
