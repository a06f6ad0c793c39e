"""Pairs of found and true boxes, and how well they agree."""

from collections.abc import Sequence
from typing import NamedTuple

from hemalens.box_matching import match_boxes
from hemalens.records import Box


class Pairs(NamedTuple):
    """How many boxes were found, are true, and agree; adds up over frames."""

    true: int = 0
    found: int = 0
    by_centre: int = 0
    """The found one's centre lies in the true one."""
    by_overlap: int = 0
    """Intersection over union of at least a half."""

    def plus(self, other: "Pairs") -> "Pairs":
        """Add the pairs of another frame."""
        return Pairs(*(a + b for a, b in zip(self, other, strict=True)))


def pair_boxes(found: Sequence[Box], true: Sequence[Box]) -> Pairs:
    """Pair the boxes of a frame one to one, those that overlap best first."""
    return Pairs(
        true=len(true),
        found=len(found),
        by_centre=len(match_boxes(found, true, 0, is_centred=True)),
        by_overlap=len(match_boxes(found, true)),
    )


def f1(matched: int, found: int, true: int) -> float | None:
    """Compute the harmonic mean of recall and precision; None of nothing."""
    both = found + true
    return 2 * matched / both if both else None
