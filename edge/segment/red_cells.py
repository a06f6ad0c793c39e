"""Red cells: each pixel to the nearest disc, and the boxes that makes."""

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge.segment.discs import Discs
from edge.segment.masks import fill_holes_up_to
from edge.segment.pieces import Window, is_cut
from edge.segment.red_discs import find_discs_of_rest
from edge.segment.scale import COARSE, to_px2
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
        Red cells, pale centres filled; coarse.

    Returns
    -------
    list of Box
        In work pixels.
    """
    discs += find_discs_of_rest(discs, cells)
    claims = list(_claims(discs, cells.shape))
    owner = np.zeros(cells.shape, np.uint16)
    # Nothing is nearer than this where there is no cell.
    nearest = cells.astype(np.float32) * np.float32(CLAIM**2)
    for label, claim in enumerate(claims, start=1):
        ours = np.add.outer(claim.square_down, claim.square_across)
        theirs = nearest[claim.window]
        np.copyto(owner[claim.window], label, where=ours < theirs)
        np.minimum(ours, theirs, out=theirs)
    return _boxes_of(owner)


class _Claim(NamedTuple):
    """The part of the coarse image a disc lays claim to.

    And how far its rows and columns are from the centre: in radii, squared.
    """

    window: Window
    square_down: NDArray[np.float32]
    square_across: NDArray[np.float32]


def _claims(discs: Discs, shape: tuple[int, ...]) -> Iterator[_Claim]:
    down, across = (
        _reaches(discs.xy[:, axis], discs.radius, side)
        for axis, side in ((1, shape[0]), (0, shape[1]))
    )
    for (rows, square_down), (columns, square_across) in zip(down, across, strict=True):
        yield _Claim((rows, columns), square_down, square_across)


def _reaches(
    centres: NDArray[np.float32], radii: NDArray[np.float32], side: int
) -> Iterator[tuple[slice, NDArray[np.float32]]]:
    """Span what each disc claims of an axis, and measure how far that is."""
    reach = CLAIM * radii
    starts = np.clip(np.floor(centres - reach), 0, side).astype(np.int64)
    stops = np.clip(np.ceil(centres + reach) + 1, 0, side).astype(np.int64)
    places = starts[:, None] + np.arange((stops - starts).max(initial=0))
    squares = np.square((places - centres[:, None]) / radii[:, None]).astype(np.float32)
    for start, stop, row in zip(starts.tolist(), stops.tolist(), squares, strict=True):
        yield slice(start, stop), row[: max(0, stop - start)]


def _boxes_of(owner: NDArray[np.uint16]) -> list[Box]:
    """Box what each label owns, in work pixels; too little is no cell."""
    at = np.flatnonzero(owner)
    owners = owner.ravel()[at]
    # Equal ones keep their order: of each label the first is in its top row.
    at = at[np.argsort(owners, kind="stable")].astype(np.int32)
    areas = np.bincount(owners)
    areas = areas[areas > 0]
    ends = np.cumsum(areas)
    y, x = np.divmod(at, np.int32(owner.shape[1]))
    starts = ends - areas
    found = np.stack(
        [
            np.minimum.reduceat(x, starts),
            y[starts],
            np.maximum.reduceat(x, starts) + 1,
            y[ends - 1] + 1,
        ],
        axis=1,
    )
    boxes = [Box(*sides) for sides in (COARSE * found).tolist()]
    shape = COARSE * owner.shape[0], COARSE * owner.shape[1]
    whole, cut = (
        to_px2(um2) / COARSE**2 for um2 in (LEAST_CELL_UM2, LEAST_CUT_CELL_UM2)
    )
    return [
        box
        for box, area in zip(boxes, areas.tolist(), strict=True)
        if area >= (cut if is_cut(box, shape) else whole)
    ]
