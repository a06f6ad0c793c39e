"""Platelets: small stained pieces outside white cells, told from deposit and debris."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge.segment.masks import close_mask, distance_to, to_radius
from edge.segment.pieces import (
    Piece,
    Window,
    are_near,
    draw_in,
    draw_pieces,
    find_pieces,
    is_cut,
    largest,
    take_piece,
    widen,
    window_of,
)
from edge.segment.pixels import Pixels
from edge.segment.scale import to_px, to_px2
from hemalens.records import Box

LEAST_CORE_UM2: Final = 0.7
"""Stained core of the smallest platelet: smaller flecks are deposit and noise."""

RIM_UM: Final = 0.9
"""Width of the pale rim around the stained core."""

GRAIN_UM: Final = 0.2
"""Gaps between granules up to twice this are closed."""

MOST_PIECES: Final = 500
"""The largest ones: noise and text have thousands."""

LEAST_FILL: Final = 0.55
MOST_ELONGATION: Final = 2.2
"""A platelet's core fills this share of its box and is at most this much longer than
wide, unless the frame's edge cuts it; deposit, scratches and the fringes of glare are
ragged or long."""

MOST_YELLOW: Final = 0.5
"""Blue over green density of the core, as a share of the red cells': where red cells
overlap, or refract, they are dark and yellow."""

MOST_TOUCHING: Final = 0.2
"""Share of the core's surroundings that may be white cell: shreds of cytoplasm touch
more of it."""

LEAST_CONTRAST: Final = 1.2
"""How much the core's nuclear index exceeds that around it, in densities of the
frame's red cells."""

LEAST_CLEAR: Final = 0.27
ON_CELL_CONTRAST: Final = 2.9
"""Share of the core's surroundings that is empty slide; a platelet that lies on a red
cell must have this contrast instead. This and all limits above: measured on BCCD and
PBC against the TXL-PBC boxes, 2026-11."""

PALE_LEAST_UM2: Final = 1.2
PALE_MOST_UM2: Final = 20.0
PALE_MOST_SIDE_UM: Final = 6.5
PALE_LEAST_INDEX: Final = 1.1
PALE_MOST_RED: Final = 0.3
"""What lies alone on the empty slide may be paler: a platelet has this size, this
nuclear index in densities of the red cells, and at most this share coloured like them
(measured on BCCD and PBC against the TXL-PBC boxes, 2026-11)."""

RING_PX: Final = (1.5, 4.5)
"""The surroundings: nearer is the core's own blur."""


def find_small_pieces(
    pixels: Pixels, white_cells: NDArray[np.bool_]
) -> tuple[Piece, ...]:
    """Find the stained pieces that belong to no white cell.

    Parameters
    ----------
    pixels : Pixels
        The work image.
    white_cells : ndarray of shape (H, W), bool
        Taken by white cells.

    Returns
    -------
    tuple of Piece
        Pieces with their rims.
    """
    stained = close_mask(pixels.stained, to_radius(GRAIN_UM)) & ~white_cells
    shape = pixels.cells.shape
    cores = [core for core in _find_cores(stained) if _is_no_red_cell(core, pixels)]
    found = []
    for core in cores:
        box = widen(core.box, round(to_px(RIM_UM)) + 1, shape)
        others = [c for c in cores if c is not core and are_near(c.box, box, 0)]
        piece = _grow_rim(core, others, box, pixels, white_cells)
        if piece is not None:
            found.append(piece)
    return (*found, *_find_pale(pixels, [white_cells, draw_pieces(found, shape)]))


def _find_pale(pixels: Pixels, taken: Sequence[NDArray[np.bool_]]) -> list[Piece]:
    """Find platelets too pale to have a core, alone on the empty slide."""
    alone = find_pieces(
        pixels.cells, to_px2(PALE_LEAST_UM2), most_side=round(to_px(PALE_MOST_SIDE_UM))
    )
    return [
        piece
        for piece in alone
        if _is_compact(piece, pixels.cells.shape)
        and not any(mask[piece.window][piece.mask].any() for mask in taken)
        and _is_pale_platelet(piece, pixels)
    ]


def _is_pale_platelet(piece: Piece, pixels: Pixels) -> bool:
    index = pixels.index_of(piece.window, piece.mask)
    red = int(np.count_nonzero(pixels.red_like[piece.window] & piece.mask))
    return (
        piece.area <= to_px2(PALE_MOST_UM2)
        and index >= PALE_LEAST_INDEX * pixels.levels.red_density
        and red <= PALE_MOST_RED * piece.area
        and _is_no_red_cell(piece, pixels)
    )


def _find_cores(mask: NDArray[np.bool_]) -> list[Piece]:
    pieces = find_pieces(mask, to_px2(LEAST_CORE_UM2))
    return largest([p for p in pieces if _is_compact(p, mask.shape)], MOST_PIECES)


def _is_compact(core: Piece, shape: tuple[int, ...]) -> bool:
    width, height = core.box.size_wh
    is_short = max(width, height) <= MOST_ELONGATION * min(width, height)
    is_short = is_short or is_cut(core.box, shape)
    return is_short and core.area >= LEAST_FILL * width * height


def _is_no_red_cell(core: Piece, pixels: Pixels) -> bool:
    """Tell a core from a dark spot in a red cell: that is yellow."""
    yellowness = pixels.yellowness_of(core.window, core.mask)
    return yellowness < MOST_YELLOW * pixels.levels.red_yellowness


def _grow_rim(
    core: Piece,
    others: list[Piece],
    box: Box,
    pixels: Pixels,
    white_cells: NDArray[np.bool_],
) -> Piece | None:
    """Add a platelet's rim to its core; None where the core is no platelet's."""
    window = window_of(box)
    inside = draw_in(box, [core])
    distance = distance_to(inside)
    mine = np.ones_like(inside)
    if others:
        mine = distance < distance_to(draw_in(box, others))
    white, cells = white_cells[window], pixels.cells[window]
    beside = mine & ~inside & (distance <= RING_PX[1])
    ring = beside & (distance > RING_PX[0]) & ~white
    if not _stands_out(window, inside, ring, pixels):
        return None
    if np.count_nonzero(white & beside) > MOST_TOUCHING * np.count_nonzero(beside):
        return None
    rim = mine & (distance <= to_px(RIM_UM)) & cells & ~pixels.red_like[window]
    return take_piece(inside | (rim & ~white), box)


def _stands_out(
    window: Window,
    inside: NDArray[np.bool_],
    ring: NDArray[np.bool_],
    pixels: Pixels,
) -> bool:
    """Compare a core with the ring around it."""
    contrast = pixels.index_of(window, inside) - pixels.index_of(window, ring)
    clear = np.count_nonzero(ring & ~pixels.cells[window])
    is_clear = clear >= LEAST_CLEAR * max(1, int(np.count_nonzero(ring)))
    least = LEAST_CONTRAST if is_clear else ON_CELL_CONTRAST
    return contrast >= least * pixels.levels.red_density
