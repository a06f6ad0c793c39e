"""A frame's cells put on the slide, those seen before found again."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from edge.records.counted_frame import CountedFrame
from edge.records.keyframe import Keyframe
from edge.records.place_join import PlaceJoin
from edge.track.sharpness import sharpness_per_um
from edge.track.slide_map import SlideMap
from edge.track.slide_views import FrameScale
from edge.track.unique_cells import UniqueCells
from hemalens.preprocess import PBC_PIXEL_SIZE_UM
from hemalens.records import Cell


class SlideCells:
    """Places frames and tells which of their cells are new.

    Parameters
    ----------
    keyframes : iterable of Keyframe
        Of the count that is gone on with.
    cells : iterable of Cell
        Its views, as last decided.
    joins : iterable of PlaceJoin
        The places it found to be one, in their order.
    """

    def __init__(
        self,
        keyframes: Iterable[Keyframe] = (),
        cells: Iterable[Cell] = (),
        joins: Sequence[PlaceJoin] = (),
    ) -> None:
        self._cells = UniqueCells(cells, joins)
        self._map = SlideMap(keyframes, joins, next_place=self._cells.next_place)

    def place(self, counted: CountedFrame) -> CountedFrame:
        """Return the frame with its place, and its cells with theirs.

        Those that earlier frames show become duplicates, or the earlier views do.
        """
        frame = counted.frame
        pixel_size_um = counted.pixel_size_um or PBC_PIXEL_SIZE_UM
        placing = self._map.place(frame.image, pixel_size_um, frame.index)
        changes = [
            change for join in placing.joins for change in self._cells.join(join)
        ]
        scale = FrameScale(placing.pixel_size_um, frame.image.shape[1::-1])
        boxes = [cell.box for cell in counted.cells]
        sharpness = sharpness_per_um(frame.image, boxes, scale.pixel_size_um)
        cells, more = self._cells.add(
            placing.placement, counted.cells, sharpness, scale
        )
        return replace(
            counted,
            cells=cells,
            placement=placing.placement,
            changes=(*changes, *more),
            keyframe=placing.keyframe,
            joins=placing.joins,
        )
