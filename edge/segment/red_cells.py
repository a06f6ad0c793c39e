"""Red cells: each pixel to the nearest disc, and the boxes that makes."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge.segment.masks import box_of, fill_holes
from edge.segment.red_discs import Disc, find_discs_of_rest
from edge.segment.scale import to_px2
from hemalens.records import Box

PALLOR_UM2: Final = 14.0
"""Largest pale centre of a red cell: a third of its area."""

CLAIM: Final = 1.5
"""How far a disc claims pixels, in radii: red cells are ovals."""

LEAST_CELL_UM2: Final = 15.0
LEAST_CUT_CELL_UM2: Final = 2.5
"""Least area of a whole red cell and of one cut by the frame's edge (measured on BCCD
and PBC against the TXL-PBC boxes, 2026-11)."""


def fill_pallor(cells: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Fill the pale centres of red cells."""
    return fill_holes(cells, PALLOR_UM2)


def split_red_cells(discs: tuple[Disc, ...], cells: NDArray[np.bool_]) -> list[Box]:
    """Give every pixel of the red cells to one of them.

    Parameters
    ----------
    discs : tuple of Disc
        The circles that red cells draw, white cells' left out.
    cells : ndarray of shape (H, W), bool
        Red cells, pale centres filled.

    Returns
    -------
    list of Box
        In work pixels.
    """
    discs += find_discs_of_rest(discs, cells)
    label_image = _nearest_disc(discs, cells)
    boxes = (_box_of(label_image, k, disc) for k, disc in enumerate(discs, start=1))
    return [box for box in boxes if box is not None]


def _nearest_disc(
    discs: tuple[Disc, ...], cells: NDArray[np.bool_]
) -> NDArray[np.int32]:
    nearest = np.full(cells.shape, CLAIM, np.float32)
    label_image = np.zeros(cells.shape, np.int32)
    for label, disc in enumerate(discs, start=1):
        window = disc.window(cells.shape, CLAIM)
        distance = disc.distance(window)
        is_nearer = (distance < nearest[window]) & cells[window]
        nearest[window][is_nearer] = distance[is_nearer]
        label_image[window][is_nearer] = label
    return label_image


def _box_of(label_image: NDArray[np.int32], label: int, disc: Disc) -> Box | None:
    window = disc.window(label_image.shape, CLAIM)
    mine = label_image[window] == label
    box = box_of(mine)
    left, top = window.columns.start, window.rows.start
    box = Box(box.left + left, box.top + top, box.right + left, box.bottom + top)
    height, width = label_image.shape
    is_cut = min(box.left, box.top, width - box.right, height - box.bottom) == 0
    least = to_px2(LEAST_CUT_CELL_UM2 if is_cut else LEAST_CELL_UM2)
    return box if np.count_nonzero(mine) >= least else None
