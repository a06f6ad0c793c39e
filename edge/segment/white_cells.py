"""White cells: each nucleus with the cytoplasm around it."""

from collections.abc import Sequence
from itertools import combinations
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.segment.masks import (
    attached,
    close_mask,
    distance_to,
    fill_holes,
    fill_holes_up_to,
    open_mask,
    outline_of,
    to_radius,
)
from edge.segment.pieces import (
    Piece,
    Window,
    are_near,
    bound,
    coarse_window_of,
    draw_in,
    on_coarse,
    take_piece,
    widen,
    window_of,
)
from edge.segment.pixels import CoarsePixels
from edge.segment.scale import COARSE, double_mask, halve_mask, to_px, to_px2
from hemalens.records import Box

REACH_UM: Final = 6.0
RED_REACH_UM: Final = 2.0
"""Farthest cytoplasm from the nucleus, and farthest where it is as yellow as a red
cell: eosinophils are (measured on BCCD and PBC, 2026-11)."""

NECK_UM: Final = 1.4
"""Cells that touch the cytoplasm hang on by necks thinner than twice this. With 1.2 the
platelets' F1 is 0.005 to 0.008 lower (measured on PBC and BCCD against the TXL-PBC
boxes, 2026-11)."""

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
    nuclei: Sequence[Piece], coarse: CoarsePixels, red_ground: NDArray[np.bool_]
) -> tuple[Piece, ...]:
    """Grow each nucleus over its cytoplasm.

    Cytoplasm is grown in the coarse image; the nucleus keeps its own outline.

    Parameters
    ----------
    nuclei : sequence of Piece
        The nuclei; cytoplasm goes to the nearest.
    coarse : CoarsePixels
        The work image, coarse.
    red_ground : ndarray of shape (H, W), bool
        Inside the circles of red cells, which cytoplasm does not enter; coarse.

    Returns
    -------
    tuple of Piece
        Whole cells, none overlapping another.
    """
    height, width = coarse.cells.shape
    shape = (COARSE * height, COARSE * width)
    ground = coarse.cells & ~red_ground
    cells = []
    for nucleus in nuclei:
        box = on_coarse(widen(nucleus.box, round(to_px(REACH_UM)) + 2, shape))
        others = [n for n in nuclei if n is not nucleus and are_near(n.box, box, 0)]
        cell = _grow(nucleus, others, box, ground, coarse.red_like)
        if cell is not None:
            cells.append(cell)
    return _join_halves(cells, shape)


def _grow(
    nucleus: Piece,
    others: Sequence[Piece],
    box: Box,
    ground: NDArray[np.bool_],
    red_like: NDArray[np.bool_],
) -> Piece | None:
    core, beside = draw_in(box, [nucleus]), draw_in(box, others)
    coarse_core = halve_mask(core)
    if not coarse_core.any():
        return nucleus
    window = coarse_window_of(box)
    distance = distance_to(coarse_core)
    around = ground[window] & (distance <= to_px(REACH_UM) / COARSE)
    around &= (distance <= to_px(RED_REACH_UM) / COARSE) | ~red_like[window]
    mine = _nearest(distance, [draw_in(box, [other]) for other in others])
    around &= mine
    whole = open_mask(around | coarse_core, to_radius(NECK_UM / COARSE)) | coarse_core
    whole = attached(whole, coarse_core)
    whole = fill_holes_up_to(whole, to_px2(HOLE_UM2) / COARSE**2) & mine
    return take_piece((double_mask(whole) & ~beside) | core, box)


def _nearest(
    distance: NDArray[np.float32], others: Sequence[NDArray[np.bool_]]
) -> NDArray[np.bool_]:
    """Mask what is nearer than any other nucleus; coarse."""
    mine = np.ones(distance.shape, np.bool_)
    for other in map(halve_mask, others):
        if other.any():
            mine &= distance < distance_to(other)
    return mine


def _join_halves(cells: list[Piece], shape: tuple[int, ...]) -> tuple[Piece, ...]:
    """Join the parts of one round cell whose lobes lie far apart."""
    joined = list(cells)
    for a, b in combinations(range(len(cells)), 2):
        first, second = joined[a], joined[b]
        if first is second or not are_near(first.box, second.box, to_px(CONTACT_UM)):
            continue
        others = [cell for cell in joined if cell not in (first, second)]
        whole = _round_cell_of(first, second, others, shape)
        if whole is not None:
            joined = [whole if cell in (first, second) else cell for cell in joined]
    return tuple(dict.fromkeys(joined))


def _round_cell_of(
    first: Piece, second: Piece, others: Sequence[Piece], shape: tuple[int, ...]
) -> Piece | None:
    """Join two parts of one round cell; None where they are two cells."""
    box = widen(bound([first.box, second.box]), 4, shape)
    a, b = draw_in(box, [first]), draw_in(box, [second])
    if distance_to(a)[b].min() > to_px(CONTACT_UM):
        return None
    whole = fill_holes(close_mask(a | b, to_radius(CONTACT_UM)), HOLE_UM2)
    if not _is_one_round_cell(whole, window_of(box), shape):
        return None
    return take_piece(whole & ~draw_in(box, others), box)


def _is_one_round_cell(
    mask: NDArray[np.bool_], window: Window, shape: tuple[int, ...]
) -> bool:
    """Compare a region with the circle around it, as far as that is in the frame."""
    (x, y), radius = cv2.minEnclosingCircle(outline_of(mask))
    if 2 * radius > to_px(WHOLE_EXTENT_UM):
        return False
    y, x = y + window[0].start, x + window[1].start
    rows, columns = (
        np.arange(max(0, int(at - radius) - 1), min(side, int(at + radius) + 3))
        for at, side in ((y, shape[0]), (x, shape[1]))
    )
    circle = np.add.outer((rows - y) ** 2, (columns - x) ** 2) <= (radius + 0.5) ** 2
    return bool(np.count_nonzero(mask) >= WHOLE_ROUNDNESS * np.count_nonzero(circle))
