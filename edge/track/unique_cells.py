"""Every cell once: which views show cells already seen, and which view counts."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from edge.track.cell_matching import match_views
from edge.track.known_cells import KnownCell, KnownCells
from edge.track.place_join import PlaceJoin
from edge.track.slide_view import BoxUm, SlideView, position_um, slide_view
from hemalens.classes import CellStatus
from hemalens.records import Cell, CellChange, Placement


class UniqueCells:
    """Decides, frame after frame, which views are of one cell.

    Of a cell's views one stands for it and keeps its status: the sharpest whole one,
    or one out of focus where none is in focus, or the largest where all are cut by the
    frame's edge. All others are its duplicates. Two cells of one frame are never the
    same.

    Parameters
    ----------
    earlier : iterable of Cell
        Views of an earlier run on the same slide, as last decided.
    joins : iterable of PlaceJoin
        Those since, where the views' positions were not moved.
    """

    def __init__(
        self, earlier: Iterable[Cell] = (), joins: Iterable[PlaceJoin] = ()
    ) -> None:
        self._known = KnownCells()
        self._earlier = tuple(earlier)
        self._earlier_joins = tuple(joins)

    def add(
        self,
        placement: Placement,
        cells: Sequence[Cell],
        pixel_size_um: float,
        size_wh: tuple[int, int],
    ) -> tuple[tuple[Cell, ...], tuple[CellChange, ...]]:
        """Take in the cells of a frame.

        Parameters
        ----------
        placement : Placement
            Of the frame.
        cells : sequence of Cell
            Its views, with the status the classifier left them.
        pixel_size_um : float
            What the map reckons with.
        size_wh : pair of int
            Of the frame, in pixels.

        Returns
        -------
        tuple of Cell
            The same views in the same order, placed and decided.
        tuple of CellChange
            What becomes of earlier views.
        """
        late_changes = self._take_up_earlier(pixel_size_um, size_wh)
        placed = [
            replace(
                cell,
                place=placement.place,
                position_um=position_um(cell, placement, pixel_size_um),
            )
            for cell in cells
        ]
        views = [slide_view(cell, pixel_size_um, size_wh) for cell in placed]
        matches, changes = self._enter(views)
        decided = (
            cell if stands is None else _duplicate(cell, stands)
            for cell, stands in zip(placed, matches, strict=True)
        )
        return tuple(decided), (*late_changes, *changes)

    def join(self, join: PlaceJoin) -> tuple[CellChange, ...]:
        """Make two places one: cells known in both become one each.

        Before the first frame of a run that goes on, the changes come with that frame.
        """
        if self._earlier:
            self._earlier_joins += (join,)
            return ()
        moved = self._known.of_place(join.from_place)
        for cell in moved:
            self._known.remove(cell)
            cell.best = _moved(cell.best, join)
        found, pairs = self._known.around([cell.best for cell in moved])
        matches = match_views(
            [cell.best for cell in moved], [cell.best for cell in found], pairs
        )
        partner = {view: found[number] for view, number in matches}
        changes: list[CellChange] = []
        for index, cell in enumerate(moved):
            if index in partner:
                changes += self._merge(partner[index], cell)
            else:
                self._known.add(cell)
        return tuple(changes)

    def _enter(
        self, views: Sequence[SlideView]
    ) -> tuple[list[int | None], list[CellChange]]:
        """Match a frame's views; give for each the view that stands for it, if not it.

        All are matched before any is entered, so that none is matched to a frame-mate.
        """
        found, pairs = self._known.around(views)
        known = [cell.best for cell in found]
        matches = dict(match_views(views, known, pairs))
        cut = self._left_cut(views, known, pairs, matches)
        stands: list[int | None] = []
        changes: list[CellChange] = []
        for index, view in enumerate(views):
            cell = KnownCell(best=view)
            if index in matches:
                cell = found[matches[index]]
                changes += self._merge(cell, KnownCell(best=view), is_new=True)
            else:
                self._known.add(cell)
            if index in cut:
                self._known.remove(found[cut[index]])
                changes += self._merge(cell, found[cut[index]])
            is_best = cell.best.cell_id == view.cell_id
            stands.append(None if is_best else cell.best.cell_id)
        return stands, changes

    @staticmethod
    def _left_cut(
        views: Sequence[SlideView],
        known: Sequence[SlideView],
        pairs: Sequence[tuple[int, int]],
        matches: dict[int, int],
    ) -> dict[int, int]:
        """Match whole views once more, with cut ones that were left alone before."""
        taken = set(matches.values())
        left = [
            (view, cell)
            for view, cell in pairs
            if cell not in taken and any(known[cell].cut) and not any(views[view].cut)
        ]
        return dict(match_views(views, known, left))

    def _merge(
        self, cell: KnownCell, other: KnownCell, *, is_new: bool = False
    ) -> list[CellChange]:
        """Make one cell of two; the view with the higher merit stands for it."""
        if other.best.merit > cell.best.merit:
            self._known.remove(cell)
            losers = [cell.best.cell_id, *cell.other_ids]
            cell.best, winner_others = other.best, other.other_ids
            self._known.add(cell)
            cell.other_ids = losers + winner_others
        else:
            losers = [] if is_new else [other.best.cell_id, *other.other_ids]
            cell.other_ids += [other.best.cell_id, *other.other_ids]
        return [
            CellChange(
                cell_id=cell_id,
                status=CellStatus.DUPLICATE,
                same_as=cell.best.cell_id,
            )
            for cell_id in losers
        ]

    def _take_up_earlier(
        self, pixel_size_um: float, size_wh: tuple[int, int]
    ) -> list[CellChange]:
        """Enter the views of an earlier run, once the camera is known."""
        known: dict[int, KnownCell] = {}
        for cell in self._earlier:
            if cell.same_as is None and cell.place is not None:
                view = slide_view(cell, pixel_size_um, size_wh)
                known[cell.cell_id] = KnownCell(best=view)
        for cell in self._earlier:
            if cell.same_as in known:
                known[cell.same_as].other_ids.append(cell.cell_id)
        for entry in known.values():
            self._known.add(entry)
        joins, self._earlier, self._earlier_joins = self._earlier_joins, (), ()
        return [change for join in joins for change in self.join(join)]


def _duplicate(cell: Cell, stands: int) -> Cell:
    return replace(cell, status=CellStatus.DUPLICATE, same_as=stands)


def _moved(view: SlideView, join: PlaceJoin) -> SlideView:
    left, top, right, bottom = view.box
    x, y = join.transform.apply(((left + right) / 2, (top + bottom) / 2))
    half_width, half_height = (right - left) / 2, (bottom - top) / 2
    box = BoxUm(x - half_width, y - half_height, x + half_width, y + half_height)
    return view._replace(place=join.to_place, box=box)
