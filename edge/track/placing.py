"""What the map says of a frame."""

from dataclasses import dataclass

from edge.records.keyframe import Keyframe
from edge.records.place_join import PlaceJoin
from hemalens.records import Placement


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Placing:
    """Where a frame lies, and what it taught the map.

    Parameters
    ----------
    pixel_size_um : float
        What the map reckons with: cells are placed with it too, so that both agree.
    keyframe : Keyframe, optional
        When the frame is worth keeping.
    is_new_place : bool
        It could not be joined to anything earlier: tracking began here, or was lost.
    joins : tuple of PlaceJoin
        Places it shows to be one. They come before the frame's own placement.
    """

    placement: Placement
    pixel_size_um: float
    keyframe: Keyframe | None = None
    is_new_place: bool = False
    joins: tuple[PlaceJoin, ...] = ()
