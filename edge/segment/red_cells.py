"""Red cells: each pixel to the nearest disc, and the boxes that makes."""

import math
from collections.abc import Iterator
from typing import Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.segment.discs import Discs
from edge.segment.masks import fill_holes_up_to
from edge.segment.pieces import Window, is_cut
from edge.segment.red_discs import find_discs_of_rest
from edge.segment.scale import COARSE, halve_mask, to_px2
from hemalens.records import Box

PALLOR_UM2: Final = 14.0
"""Largest pale centre of a red cell: a third of its area."""

CLAIM: Final = 1.5
"""How far a disc claims pixels, in radii: red cells are ovals."""

LEAST_CELL_UM2: Final = 18.0
LEAST_CUT_CELL_UM2: Final = 1.6
"""Least area of a whole red cell and of one cut by the frame's edge (measured on BCCD
and PBC against the TXL-PBC boxes, 2026-11)."""


def fill_pallor(coarse_cells: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Fill the pale centres of red cells, in the coarse image."""
    return fill_holes_up_to(coarse_cells, to_px2(PALLOR_UM2) / COARSE**2)


def split_red_cells(discs: Discs, cells: NDArray[np.bool_]) -> list[Box]:
    """Give every pixel of the red cells to one of them.

    Parameters
    ----------
    discs : Discs
        The circles that red cells draw, white cells' left out; coarse.
    cells : ndarray of shape (H, W), bool
        Red cells, pale centres filled; at the work scale.

    Returns
    -------
    list of Box
        In work pixels.
    """
    discs += find_discs_of_rest(discs, halve_mask(cells))
    claims = list(_claims(discs, cells.shape))
    owner = np.zeros(cells.shape, np.uint16)
    # Nothing is nearer than this where there is no cell.
    nearest = cells.astype(np.float32) * np.float32(CLAIM**2)
    for label, claim in enumerate(claims, start=1):
        ours, theirs = claim.square_distance(), nearest[claim.window]
        np.copyto(owner[claim.window], label, where=ours < theirs)
        np.minimum(ours, theirs, out=theirs)
    boxes = (_box_of(owner, k, claim) for k, claim in enumerate(claims, start=1))
    return [box for box in boxes if box is not None]


class _Claim(NamedTuple):
    """The part of the work image a disc lays claim to."""

    window: Window
    x: float
    y: float
    radius: float

    def square_distance(self) -> NDArray[np.float32]:
        """Measure how far from the centre each pixel is, in radii, squared."""
        rows, columns = self.window
        dy, dx = (
            (np.arange(span.start, span.stop, dtype=np.float32) - at) / self.radius
            for span, at in ((rows, self.y), (columns, self.x))
        )
        return np.add.outer(dy * dy, dx * dx)


def _claims(discs: Discs, shape: tuple[int, ...]) -> Iterator[_Claim]:
    # The centre of a coarse pixel lies between the work pixels it stands for.
    centres = COARSE * discs.xy + (COARSE - 1) / 2
    for (x, y), radius in zip(
        centres.tolist(), (COARSE * discs.radius).tolist(), strict=True
    ):
        reach = CLAIM * radius
        rows, columns = (
            slice(
                min(side, max(0, math.floor(at - reach))),
                min(side, max(0, math.ceil(at + reach) + 1)),
            )
            for at, side in ((y, shape[0]), (x, shape[1]))
        )
        yield _Claim((rows, columns), x, y, radius)


def _box_of(owner: NDArray[np.uint16], label: int, claim: _Claim) -> Box | None:
    mine = (owner[claim.window] == label).view(np.uint8)
    left, top, width, height = cv2.boundingRect(mine)
    left, top = left + claim.window[1].start, top + claim.window[0].start
    box = Box(left, top, left + width, top + height)
    least = LEAST_CUT_CELL_UM2 if is_cut(box, owner.shape) else LEAST_CELL_UM2
    return box if cv2.countNonZero(mine) >= to_px2(least) else None
