"""Which found cell lies in which true box."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hemalens.records import Box


def match_cells(found: Sequence[Box], true: Sequence[Box]) -> dict[int, int]:
    """Give each true box the found cell it overlaps best, one to one.

    A found cell belongs to a true box only if its centre lies inside: the question
    here is which cell was meant, not how well its outline was drawn.

    Parameters
    ----------
    found, true : sequence of Box
        Of one frame.

    Returns
    -------
    dict of int to int
        Index of the true box to that of the found one.

    Examples
    --------
    >>> match_cells([Box(40, 0, 60, 20), Box(1, 1, 11, 11)], [Box(0, 0, 10, 10)])
    {0: 1}
    """
    overlap = np.array([[_overlap(f, t) for t in true] for f in found], np.float64)
    pairs: dict[int, int] = {}
    while overlap.size and overlap.max() > 0:
        i, j = np.unravel_index(int(overlap.argmax()), overlap.shape)
        pairs[int(j)] = int(i)
        _take(overlap, int(i), int(j))
    return pairs


def _take(overlap: NDArray[np.float64], i: int, j: int) -> None:
    overlap[i, :] = 0
    overlap[:, j] = 0


def _overlap(found: Box, true: Box) -> float:
    """Intersection over union; 0 when the centre of the found one lies outside."""
    x, y = found.centre_xy
    if not (true.left <= x <= true.right and true.top <= y <= true.bottom):
        return 0.0
    width = min(found.right, true.right) - max(found.left, true.left)
    height = min(found.bottom, true.bottom) - max(found.top, true.top)
    shared = max(0, width) * max(0, height)
    return shared / (_area(found) + _area(true) - shared)


def _area(box: Box) -> int:
    width, height = box.size_wh
    return width * height
