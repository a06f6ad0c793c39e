"""How many found boxes are true ones."""

from collections.abc import Sequence
from dataclasses import dataclass

from hemalens.box_matching import BoxXYXY, match_boxes


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchCount:
    """Found and true boxes, and how many of them are the same; adds up over images."""

    matched: int = 0
    found: int = 0
    true: int = 0

    def __add__(self, other: "MatchCount") -> "MatchCount":
        return MatchCount(
            matched=self.matched + other.matched,
            found=self.found + other.found,
            true=self.true + other.true,
        )

    @property
    def recall(self) -> float:
        return self.matched / self.true if self.true else float("nan")

    @property
    def precision(self) -> float:
        return self.matched / self.found if self.found else float("nan")

    @property
    def f1(self) -> float:
        both = self.found + self.true
        return 2 * self.matched / both if both else float("nan")


def count_matches(
    found: Sequence[BoxXYXY], true: Sequence[BoxXYXY], least_iou: float = 0.5
) -> MatchCount:
    """Count the boxes of one image that are the same."""
    return MatchCount(
        matched=len(match_boxes(found, true, least_iou)),
        found=len(found),
        true=len(true),
    )
