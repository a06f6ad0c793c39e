"""The cells known so far, found by where they lie, in few bytes."""

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge.track.slide_views import VIEW, SlideViews, corners_um

MOST_RED_CELLS: Final = 200_000
"""Kept at a time, 5 MB: the red cells of a thousand fields of 0.02 mm², four times
what the map's keyframes cover. A field that the map forgot is placed again only by a
stage that goes back to it step by step; its red cells count again where 200,000 others
were seen in between, its white cells and platelets do not."""

_LET_GO_SHARE: Final = 0.1
_TILE_UM: Final = 100.0

_MARGIN_UM: Final = 20.0
"""How far outside the views' boxes a cell that one of them shows may have its middle:
half of the largest cell, and the error of placing."""

_Tile = tuple[int, int, int]


class KnownCells:
    """The view that stands for each cell, by place and position.

    A view takes 23 bytes. White cells and platelets are never forgotten; of red cells,
    by far the most, those whose views are the oldest are, once there are too many.

    Parameters
    ----------
    most_red_cells : int
        Kept at a time.
    """

    def __init__(self, most_red_cells: int = MOST_RED_CELLS) -> None:
        self._most_red = most_red_cells
        self._red = 0
        self._tiles: dict[_Tile, SlideViews] = {}

    def __len__(self) -> int:
        """Count those known."""
        return sum(len(tile) for tile in self._tiles.values())

    def put(self, place: int, cells: SlideViews) -> None:
        """Enter cells where they lie."""
        for tile, some in _by_tile(place, cells):
            before = self._tiles.get(tile, some[:0])
            self._tiles[tile] = np.concatenate((before, some))
        self._red += int(np.count_nonzero(cells["is_red"]))
        if self._red > self._most_red:
            self._let_go_of_red()

    def take_around(self, place: int, views: SlideViews) -> SlideViews:
        """Take out the cells of a place around views, and more: put back what stays."""
        if not len(views):
            return np.empty(0, VIEW)
        corners = corners_um(views)
        low = _tile_numbers(corners[:, :2].min(axis=0) - _MARGIN_UM)
        high = _tile_numbers(corners[:, 2:].max(axis=0) + _MARGIN_UM)
        return self._take(
            [
                (place, column, row)
                for column in range(low[0], high[0] + 1)
                for row in range(low[1], high[1] + 1)
            ]
        )

    def take_place(self, place: int) -> SlideViews:
        """Take out all cells of a place."""
        return self._take([key for key in self._tiles if key[0] == place])

    def _take(self, keys: list[_Tile]) -> SlideViews:
        tiles = [self._tiles.pop(key) for key in keys if key in self._tiles]
        cells = np.concatenate([np.empty(0, VIEW), *tiles])
        self._red -= int(np.count_nonzero(cells["is_red"]))
        return cells

    def _let_go_of_red(self) -> None:
        """Forget the red cells whose views are the oldest, many at once."""
        ids = np.concatenate(
            [tile["cell_id"][tile["is_red"]] for tile in self._tiles.values()]
        )
        gone = len(ids) - round((1 - _LET_GO_SHARE) * self._most_red)
        oldest_kept = np.partition(ids, gone)[gone]
        for key, tile in list(self._tiles.items()):
            left = tile[~tile["is_red"] | (tile["cell_id"] >= oldest_kept)]
            if len(left):
                self._tiles[key] = left
            else:
                del self._tiles[key]
        self._red = len(ids) - gone


def _by_tile(place: int, cells: SlideViews) -> Iterator[tuple[_Tile, SlideViews]]:
    if not len(cells):
        return
    columns, rows = _tile_numbers(cells["x_um"]), _tile_numbers(cells["y_um"])
    order = np.lexsort((rows, columns))
    columns, rows = columns[order], rows[order]
    breaks = np.flatnonzero(np.diff(columns) | np.diff(rows)) + 1
    for first, some in zip(
        [0, *breaks.tolist()], np.split(cells[order], breaks), strict=True
    ):
        yield (place, int(columns[first]), int(rows[first])), some


def _tile_numbers(um: NDArray[np.floating]) -> NDArray[np.int64]:
    return np.asarray(np.floor(um / _TILE_UM), np.int64)
