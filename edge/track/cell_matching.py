"""Which views show the same cell: by where they lie, one to one."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge.track.slide_view import SlideView

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


def match_views(
    views: Sequence[SlideView],
    known: Sequence[SlideView],
    pairs: Sequence[tuple[int, int]],
) -> list[tuple[int, int]]:
    """Choose which pairs show one cell.

    Whole views come first, for a sliver at the frame's edge may fit more cells than
    one. What all pairs are displaced by in common is the frame's placing, not the
    cells', and is taken off before the choice is made.

    Parameters
    ----------
    views, known : sequence of SlideView
    pairs : sequence of pair of int
        Those worth a look, by position in `views` and `known`.

    Returns
    -------
    list of pair of int
        No view and no known cell twice.
    """
    if not pairs:
        return []
    first = np.array([view for view, _ in pairs])
    second = np.array([cell for _, cell in pairs])
    one, one_cut = _boxes(views, first)
    other, other_cut = _boxes(known, second)
    one, other = _clipped(one, one_cut, other, other_cut)
    cut_views = one_cut.any(axis=1).astype(int) + other_cut.any(axis=1)
    away = _middles(one) - _middles(other)
    allowed = _allowed_um(one, other)
    chosen = _one_to_one(first, second, cut_views, _cost(away, allowed))
    if len(chosen) >= _FEWEST_FOR_SHIFT:
        shift = np.median(away[chosen], axis=0)
        if np.abs(shift).max() <= _MOST_SHIFT_UM:
            cost = _cost(away - shift, allowed)
            chosen = _one_to_one(first, second, cut_views, cost)
    return [pairs[index] for index in chosen]


def _boxes(
    views: Sequence[SlideView], order: NDArray[np.intp]
) -> tuple[Numbers, NDArray[np.bool_]]:
    boxes = np.array([view.box for view in views], np.float64)
    cuts = np.array([view.cut for view in views], bool)
    return boxes[order], cuts[order]


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
    """Give the displacement as a share of what is allowed."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.hypot(away[:, 0], away[:, 1]) / allowed_um, np.float64)


def _one_to_one(
    first: NDArray[np.intp],
    second: NDArray[np.intp],
    cut_views: NDArray[np.intp],
    cost: Numbers,
) -> list[int]:
    """Take pairs with the fewest cut views first, then the closest; none twice."""
    near = np.flatnonzero(cost <= 1)
    order = near[np.lexsort((cost[near], cut_views[near]))]
    taken_first: set[int] = set()
    taken_second: set[int] = set()
    chosen = []
    for index in order.tolist():
        one, other = int(first[index]), int(second[index])
        if one in taken_first or other in taken_second:
            continue
        taken_first.add(one)
        taken_second.add(other)
        chosen.append(index)
    return chosen
