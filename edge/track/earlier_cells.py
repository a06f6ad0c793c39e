"""The cells of the count that is gone on with, packed until its camera is known."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge.track.same_views import SameViews
from edge.track.slide_views import FrameScale, SeenCells, SlideViews, lay_views, seen
from hemalens.records import Cell

_AT_ONCE: Final = 4096


class EarlierCells:
    """Reads the views of an earlier run, which may be millions, once.

    Their size on the slide and the edge that cuts them are told by the frame's scale,
    which is known with the next frame.

    Parameters
    ----------
    cells : iterable of Cell
        As last decided; those that were not placed are passed over.
    same : SameViews
        Told which of them show one cell.
    """

    def __init__(self, cells: Iterable[Cell], same: SameViews) -> None:
        self._blocks: list[_Block] = []
        self.next_place = 0
        placed = (cell for cell in cells if cell.place is not None)
        while some := list(islice(placed, _AT_ONCE)):
            for cell in some:
                if cell.same_as is not None:
                    same.tie(cell.same_as, cell.cell_id)
            block = _Block([cell for cell in some if cell.same_as is None])
            self._blocks.append(block)
            self.next_place = max(self.next_place, 1 + max(c.place or 0 for c in some))

    def lay(self, scale: FrameScale) -> Iterator[tuple[int, SlideViews]]:
        """Return the views that stand for cells, by place, and let go of them."""
        while self._blocks:
            yield from self._blocks.pop(0).lay(scale)


class _Block:
    """Some cells, in 30 bytes each."""

    def __init__(self, cells: list[Cell]) -> None:
        self._seen: SeenCells = seen(cells, [cell.sharpness for cell in cells])
        self._places = np.array([cell.place for cell in cells], np.int32)
        positions: NDArray[np.float32] = np.array(
            [cell.position_um for cell in cells], np.float32
        )
        self._positions = positions.reshape(-1, 2)

    def lay(self, scale: FrameScale) -> Iterator[tuple[int, SlideViews]]:
        views = lay_views(self._seen, self._positions, scale)
        for place in np.unique(self._places).tolist():
            yield place, views[self._places == place]
