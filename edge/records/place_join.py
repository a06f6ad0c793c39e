"""Two places that turn out to be one."""

from dataclasses import dataclass

from edge.records.rigid import Rigid
from hemalens.records import Placement


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceJoin:
    """A place whose coordinates are given up for those of an earlier one.

    Parameters
    ----------
    from_place : int
        No longer used after the join.
    to_place : int
        The earlier place, which goes on.
    transform : Rigid
        Takes slide coordinates of `from_place` to those of `to_place`.
    """

    from_place: int
    to_place: int
    transform: Rigid

    def move(self, placement: Placement) -> Placement:
        """Give a placement in the coordinates that go on; others stay as they are."""
        if placement.place != self.from_place:
            return placement
        return self.transform.after(Rigid.of(placement)).in_place(self.to_place)
