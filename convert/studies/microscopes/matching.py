"""Pairs of found and true boxes, and how well they agree."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from convert.studies.transfer.box_matching import match_cells
from hemalens.records import Box

LEAST_IOU: Final = 0.5


class Pairs(NamedTuple):
    """How many boxes were found, are true, and agree; adds up over frames."""

    true: int = 0
    found: int = 0
    by_centre: int = 0
    """The found one's centre lies in the true one."""
    by_overlap: int = 0
    """Intersection over union of at least a half as well."""

    def plus(self, other: "Pairs") -> "Pairs":
        """Add the pairs of another frame."""
        return Pairs(*(a + b for a, b in zip(self, other, strict=True)))


def pair_boxes(found: Sequence[Box], true: Sequence[Box]) -> Pairs:
    """Pair the boxes of a frame one to one, those that overlap best first.

    Boxes that share half of what they cover have their centres in each other, so that
    one way of pairing serves both.
    """
    pairs = match_cells(found, true)
    agree = sum(_overlap(found[i], true[j]) >= LEAST_IOU for j, i in pairs.items())
    return Pairs(
        true=len(true), found=len(found), by_centre=len(pairs), by_overlap=agree
    )


def f1(matched: int, found: int, true: int) -> float | None:
    """Compute the harmonic mean of recall and precision; None of nothing."""
    both = found + true
    return 2 * matched / both if both else None


def _overlap(a: Box, b: Box) -> float:
    """Compute intersection over union."""
    width = min(a.right, b.right) - max(a.left, b.left)
    height = min(a.bottom, b.bottom) - max(a.top, b.top)
    shared = max(0, width) * max(0, height)
    areas = (box.size_wh[0] * box.size_wh[1] for box in (a, b))
    return shared / (sum(areas) - shared)
