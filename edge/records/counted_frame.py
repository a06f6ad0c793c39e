"""What the pipeline hands on of a frame."""

from dataclasses import dataclass

from edge.records.keyframe import Keyframe
from edge.records.place_join import PlaceJoin
from hemalens.records import Cell, CellChange, Frame, Placement


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CountedFrame:
    """A frame with the cells found in it.

    Parameters
    ----------
    pixel_size_um : float or None
        What the frame was measured with; None when neither given nor to be had from
        its red cells, so that PBC's scale was assumed.
    placement : Placement, optional
        Where it lies on the slide.
    changes : tuple of CellChange
        What it taught about earlier views.
    keyframe : Keyframe, optional
        When the map keeps it.
    joins : tuple of PlaceJoin
        Places it showed to be one; earlier placements and positions are not moved.
    warnings : tuple of str
        How the optics disagree with their profile, for the operator.
    left_out : str, optional
        Why the frame was not counted, for the operator; it then has no cells.
    """

    frame: Frame
    cells: tuple[Cell, ...]
    pixel_size_um: float | None
    placement: Placement | None = None
    changes: tuple[CellChange, ...] = ()
    keyframe: Keyframe | None = None
    joins: tuple[PlaceJoin, ...] = ()
    warnings: tuple[str, ...] = ()
    left_out: str | None = None
