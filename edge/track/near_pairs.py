"""Which views lie so near to which cells that they may be one."""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge.track.slide_views import SlideViews

Indices = NDArray[np.intp]

_REACH_UM: Final = 2.5
"""Room left between two boxes. Views of one cell overlap, but for the placing."""


class Pairs(NamedTuple):
    """Views and known cells in pairs, each by its row."""

    views: Indices
    known: Indices

    def those(self, chosen: NDArray[np.bool_] | Indices) -> "Pairs":
        """Choose some."""
        return Pairs(self.views[chosen], self.known[chosen])


def near_pairs(views: SlideViews, known: SlideViews) -> Pairs:
    """Pair views with the known cells whose boxes they touch, or nearly do.

    Parameters
    ----------
    views, known : SlideViews
        Of one place; red cells pair with red cells.
    """
    if not len(views) or not len(known):
        return Pairs(np.empty(0, np.intp), np.empty(0, np.intp))
    pairs = _within(views, known, _largest(views, known, "width_um"))
    near = views["is_red"][pairs.views] == known["is_red"][pairs.known]
    for middle, side in (("x_um", "width_um"), ("y_um", "height_um")):
        one, other = views[middle], known[middle]
        away = np.abs(one[pairs.views] - other[pairs.known])
        # Half a box from each, and the room between.
        one = views[side].astype(np.float32) / 2 + np.float32(_REACH_UM)
        other = known[side].astype(np.float32) / 2
        near &= away < one[pairs.views] + other[pairs.known]
    return pairs.those(near)


def _within(views: SlideViews, known: SlideViews, reach_um: float) -> Pairs:
    """Pair what lies within reach in x and, by bands, about so in y.

    Known cells are sorted by band and within it by x, in one number, so that those
    worth a look are a run of rows: the time goes with the cells, not their product.
    """
    band_um = _largest(views, known, "height_um")
    left = min(views["x_um"].min(), known["x_um"].min()) - reach_um
    span = max(views["x_um"].max(), known["x_um"].max()) - left + 2 * reach_um
    known_keys = _keys(known, band_um, left, span)
    order = np.argsort(known_keys)
    keys = np.concatenate(
        [_keys(views, band_um, left, span) + beside * span for beside in (-1, 0, 1)]
    )
    begin = np.searchsorted(known_keys, keys - reach_um, sorter=order)
    numbers = np.searchsorted(known_keys, keys + reach_um, sorter=order) - begin
    first = np.tile(np.arange(len(views)), 3).repeat(numbers)
    runs = np.arange(numbers.sum()) - (numbers.cumsum() - numbers).repeat(numbers)
    return Pairs(first, order[runs + begin.repeat(numbers)])


def _keys(
    views: SlideViews, band_um: float, left: float, span: float
) -> NDArray[np.float64]:
    band = np.floor(views["y_um"].astype(np.float64) / band_um)
    return np.asarray(band * span + (views["x_um"] - np.float64(left)), np.float64)


def _largest(views: SlideViews, known: SlideViews, side: str) -> float:
    """Compute how far the middles of two boxes that touch can lie apart."""
    return float(views[side].max() + known[side].max()) / 2 + _REACH_UM
