"""Which views show one cell, in four bytes a view."""

from array import array


class SameViews:
    """Views tied in rings: each names the next that shows the same cell.

    Views are numbered from 0 without large gaps, as the pipeline numbers them.
    """

    def __init__(self) -> None:
        self._next = array("I")

    def of(self, cell_id: int) -> list[int]:
        """List the views that show the same cell as one, itself first."""
        if cell_id >= len(self._next):
            return [cell_id]
        ring = [cell_id]
        while (following := self._next[ring[-1]]) != cell_id:
            ring.append(following)
        return ring

    def tie(self, one: int, other: int) -> None:
        """Make the cells that two views show one; they were two until now."""
        self._hold(max(one, other))
        following = self._next
        # Exchanging what follows makes one ring of two.
        following[one], following[other] = following[other], following[one]

    def _hold(self, cell_id: int) -> None:
        known = len(self._next)
        if cell_id >= known:
            self._next.extend(range(known, cell_id + 1))
