"""Every cell once: which views show cells already seen, and which view counts."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from edge.records.place_join import PlaceJoin
from edge.track.cell_matching import match_views
from edge.track.earlier_cells import EarlierCells
from edge.track.known_cells import KnownCells
from edge.track.near_pairs import Pairs, near_pairs
from edge.track.same_views import SameViews
from edge.track.slide_views import (
    FrameScale,
    SlideViews,
    is_better,
    lay_views,
    moved,
    positions_um,
    seen,
)
from hemalens.classes import CellStatus
from hemalens.records import Cell, CellChange, Placement

_Verdict = tuple[int, int]
"""A view, and the one that stands for its cell in its place."""


class UniqueCells:
    """Decides, frame after frame, which views are of one cell.

    Of a cell's views one stands for it and keeps its status: the sharpest whole one,
    or one out of focus where none is in focus, or the largest where all are cut by the
    frame's edge. All others are its duplicates. Two cells of one frame are never the
    same.

    A cell takes 23 bytes and each view of it 4 more; of red cells only the latest
    `MOST_RED_CELLS` are known. A count of 30,000 frames with 15 stained and 200 red
    cells each, half of them seen before, thus takes 35 MB.

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
        self._same = SameViews()
        self._earlier: EarlierCells | None = EarlierCells(earlier, self._same)
        self._earlier_joins = list(joins)
        self._next_place = self._earlier.next_place

    @property
    def next_place(self) -> int:
        """A number beyond those of the earlier views' places."""
        return self._next_place

    def add(
        self,
        placement: Placement,
        cells: Sequence[Cell],
        sharpness: Sequence[float | None],
        scale: FrameScale,
    ) -> tuple[tuple[Cell, ...], tuple[CellChange, ...]]:
        """Take in the cells of a frame.

        Parameters
        ----------
        placement : Placement
            Of the frame.
        cells : sequence of Cell
            Its views, with the status the classifier left them.
        sharpness : sequence of float or None
            How well focused each is.
        scale : FrameScale
            Of the frame, as the map reckons with it.

        Returns
        -------
        tuple of Cell
            The same views in the same order, placed and decided.
        tuple of CellChange
            What becomes of earlier views.
        """
        late_changes = self._take_up_earlier(scale)
        packed = seen(cells, sharpness)
        positions = positions_um(packed, placement, scale.pixel_size_um)
        views = lay_views(packed, positions, scale)
        standing = self._settle(self._enter(placement.place, views))
        decided = tuple(
            cell.on_slide(
                place=placement.place,
                position_um=(x, y),
                sharpness=sharp,
                same_as=standing.pop(cell.cell_id, None),
            )
            for cell, (x, y), sharp in zip(
                cells, positions.tolist(), sharpness, strict=True
            )
        )
        return decided, (*late_changes, *_changes(standing))

    def join(self, join: PlaceJoin) -> tuple[CellChange, ...]:
        """Make two places one: cells known in both become one each.

        Before the first frame of a run that goes on, the changes come with that frame.
        """
        if self._earlier is not None:
            self._earlier_joins.append(join)
            return ()
        views = moved(self._known.take_place(join.from_place), join.transform)
        return _changes(self._settle(self._enter(join.to_place, views)))

    def _enter(self, place: int, views: SlideViews) -> list[_Verdict]:
        """Match views with the cells known, and make them known.

        All are matched before any is entered, so that none is matched to a frame-mate.
        """
        known = self._known.take_around(place, views)
        pairs = near_pairs(views, known)
        matches = match_views(views, known, pairs)
        cut = match_views(views, known, _left_cut(views, known, pairs, matches))
        better = is_better(views[matches.views], known[matches.known])
        won, lost = matches.those(better), matches.those(~better)
        verdicts = _verdicts(known[won.known], views[won.views])
        verdicts += _verdicts(views[lost.views], known[lost.known])
        known[won.known] = views[won.views]
        standing = views.copy()
        standing[matches.views] = known[matches.known]
        verdicts += _verdicts(known[cut.known], standing[cut.views])
        kept, new = np.delete(known, cut.known), np.delete(views, matches.views)
        self._known.put(place, np.concatenate((kept, new)))
        return verdicts

    def _settle(self, verdicts: Iterable[_Verdict]) -> dict[int, int]:
        """Make one cell of two, each time.

        Gives for each view that no longer stands for its cell the one that does.
        """
        standing: dict[int, int] = {}
        for loser, winner in verdicts:
            standing.update(dict.fromkeys(self._same.of(loser), winner))
            self._same.tie(loser, winner)
        return standing

    def _take_up_earlier(self, scale: FrameScale) -> list[CellChange]:
        """Enter the views of an earlier run, once the camera is known."""
        if self._earlier is None:
            return []
        for place, views in self._earlier.lay(scale):
            self._known.put(place, views)
        joins, self._earlier, self._earlier_joins = self._earlier_joins, None, []
        return [change for join in joins for change in self.join(join)]


def _left_cut(
    views: SlideViews, known: SlideViews, pairs: Pairs, matches: Pairs
) -> Pairs:
    """Pair whole views once more, with cut ones that were left alone before."""
    is_left = known["cut"] > 0
    is_left[matches.known] = False
    return pairs.those(is_left[pairs.known] & (views["cut"][pairs.views] == 0))


def _verdicts(losers: SlideViews, winners: SlideViews) -> list[_Verdict]:
    ids = losers["cell_id"].tolist(), winners["cell_id"].tolist()
    return list(zip(*ids, strict=True))


def _changes(standing: Mapping[int, int]) -> tuple[CellChange, ...]:
    return tuple(
        CellChange(cell_id=cell_id, status=CellStatus.DUPLICATE, same_as=stands)
        for cell_id, stands in standing.items()
    )
