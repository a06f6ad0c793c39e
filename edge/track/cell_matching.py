"""Which views show the same cell: by where they lie, one to one."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge.track.near_pairs import Indices, Pairs
from edge.track.slide_views import SlideViews, corners_um, cut_sides

Numbers = NDArray[np.float64]

_BASE_UM: Final = 0.6
"""Displacement always allowed for: the placing of frames and boxes, whatever the cell's
size."""

_SIZE_SHARE: Final = 0.3
"""Further displacement allowed, as a share of the smaller box's smaller side. Two cells
that touch are a whole diameter apart; boxes of one cell differ by less."""

_FEWEST_FOR_SHIFT: Final = 6
_MOST_SHIFT_UM: Final = 1.5

_CUT_INWARD: Final = (1.0, 1.0, -1.0, -1.0)


def match_views(views: SlideViews, known: SlideViews, pairs: Pairs) -> Pairs:
    """Choose which pairs show one cell.

    Whole views come first, for a sliver at the frame's edge may fit more cells than
    one. What all pairs are displaced by in common is the frame's placing, not the
    cells', and is taken off before the choice is made.

    Parameters
    ----------
    pairs : Pairs
        Those worth a look.

    Returns
    -------
    Pairs
        No view and no known cell twice.
    """
    one_cut, other_cut = cut_sides(views)[pairs.views], cut_sides(known)[pairs.known]
    one, other = _clipped(
        corners_um(views)[pairs.views],
        one_cut,
        corners_um(known)[pairs.known],
        other_cut,
    )
    cut_views = one_cut.any(axis=1).astype(int) + other_cut.any(axis=1)
    away = _middles(one) - _middles(other)
    allowed = _allowed_um(one, other)
    chosen = _one_to_one(pairs, cut_views, _cost(away, allowed))
    if len(chosen) >= _FEWEST_FOR_SHIFT:
        shift = np.median(away[chosen], axis=0)
        if np.abs(shift).max() <= _MOST_SHIFT_UM:
            chosen = _one_to_one(pairs, cut_views, _cost(away - shift, allowed))
    return pairs.those(chosen)


def _clipped(
    one: Numbers,
    one_cut: NDArray[np.bool_],
    other: Numbers,
    other_cut: NDArray[np.bool_],
) -> tuple[Numbers, Numbers]:
    """Cut each box where the other is cut, so that like is compared with like."""
    inward = np.array(_CUT_INWARD)
    # With signs so turned that a greater number lies farther in, for every side.
    a, b = one * inward, other * inward
    a_clipped = np.where(other_cut, np.maximum(a, b), a)
    b_clipped = np.where(one_cut, np.maximum(a, b), b)
    return a_clipped * inward, b_clipped * inward


def _middles(boxes: Numbers) -> Numbers:
    return (boxes[:, :2] + boxes[:, 2:]) / 2


def _allowed_um(one: Numbers, other: Numbers) -> Numbers:
    sides = np.minimum(one[:, 2:] - one[:, :2], other[:, 2:] - other[:, :2])
    smaller = sides.min(axis=1)
    # A box cut down to nothing shares nothing.
    return np.where(smaller > 0, _BASE_UM + _SIZE_SHARE * smaller, 0.0)


def _cost(away: Numbers, allowed_um: Numbers) -> Numbers:
    """Compute the displacement as a share of what is allowed."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.hypot(away[:, 0], away[:, 1]) / allowed_um, np.float64)


def _one_to_one(pairs: Pairs, cut_views: Indices, cost: Numbers) -> Indices:
    """Take pairs with the fewest cut views first, then the closest; none twice."""
    near = np.flatnonzero(cost <= 1)
    order = near[np.lexsort((cost[near], cut_views[near]))]
    taken_views: set[int] = set()
    taken_known: set[int] = set()
    chosen = []
    for index, view, cell in zip(
        order.tolist(),
        pairs.views[order].tolist(),
        pairs.known[order].tolist(),
        strict=True,
    ):
        if view in taken_views or cell in taken_known:
            continue
        taken_views.add(view)
        taken_known.add(cell)
        chosen.append(index)
    return np.array(chosen, np.intp)
