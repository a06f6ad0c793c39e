"""The cells known so far, found by where they lie."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from edge.track.slide_view import SlideView

_RED_GRID_UM: Final = 8.0
_STAINED_GRID_UM: Final = 14.0
"""Pitch of the grid: views of one cell have their middles closer, though a cut one's
lies half a cell aside."""

_AROUND: Final = tuple((dx, dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1))

GridCell = tuple[int, bool, int, int]


@dataclass(slots=True, kw_only=True, eq=False)
class KnownCell:
    """A cell of the slide.

    Parameters
    ----------
    best : SlideView
        The view that stands for it.
    other_ids : list of int
        `cell_id` of its further views.
    """

    best: SlideView
    other_ids: list[int] = field(default_factory=list)


class KnownCells:
    """An index of cells by place, kind and position."""

    def __init__(self) -> None:
        self._grid: defaultdict[GridCell, list[KnownCell]] = defaultdict(list)

    def add(self, cell: KnownCell) -> None:
        """Enter a cell where its best view lies."""
        self._grid[_grid_cell(cell.best)].append(cell)

    def remove(self, cell: KnownCell) -> None:
        """Take a cell out; call before its best view changes."""
        key = _grid_cell(cell.best)
        self._grid[key].remove(cell)
        if not self._grid[key]:
            del self._grid[key]

    def of_place(self, place: int) -> list[KnownCell]:
        """List the cells of a place."""
        return [
            c for key, cells in self._grid.items() if key[0] == place for c in cells
        ]

    def around(
        self, views: Sequence[SlideView]
    ) -> tuple[list[KnownCell], list[tuple[int, int]]]:
        """Find what lies around views.

        Returns
        -------
        list of KnownCell
            Each once.
        list of pair of int
            Position of a view, and in the list of a cell around it.
        """
        found: list[KnownCell] = []
        numbers: dict[int, int] = {}
        pairs = []
        for index, view in enumerate(views):
            for cell in self._neighbours(view):
                number = numbers.setdefault(id(cell), len(found))
                if number == len(found):
                    found.append(cell)
                pairs.append((index, number))
        return found, pairs

    def _neighbours(self, view: SlideView) -> Iterable[KnownCell]:
        place, is_red, column, row = _grid_cell(view)
        for dx, dy in _AROUND:
            yield from self._grid.get((place, is_red, column + dx, row + dy), ())


def _grid_cell(view: SlideView) -> GridCell:
    left, top, right, bottom = view.box
    pitch = 2 * (_RED_GRID_UM if view.is_red else _STAINED_GRID_UM)
    column, row = int((left + right) // pitch), int((top + bottom) // pitch)
    return view.place, view.is_red, column, row
