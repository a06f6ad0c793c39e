"""What a count's database tells of frames and views."""

from dataclasses import dataclass

from edge.records.moment import Moment
from hemalens.classes import CellKind, CellStatus
from hemalens.records import Placement


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFrame:
    """A frame that is done.

    Parameters
    ----------
    left_out : str or None
        Why it was not counted.
    """

    name: str
    index: int
    pixel_size_um: float | None
    placement: Placement | None
    left_out: str | None
    moment: Moment


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredView:
    """What a view adds to the counts.

    Parameters
    ----------
    whole : bool
        Its box stays clear of its frame's edge.
    """

    cell_id: int
    kind: CellKind
    class_name: str | None
    status: CellStatus
    whole: bool
