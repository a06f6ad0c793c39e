"""Which found box is which true box."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BoxXYXY = Sequence[float]


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


def iou_matrix(
    found: Sequence[BoxXYXY], true: Sequence[BoxXYXY]
) -> NDArray[np.float64]:
    """Intersection over union of every found box with every true one."""
    a = np.asarray(found, np.float64).reshape(-1, 1, 4)
    b = np.asarray(true, np.float64).reshape(1, -1, 4)
    overlap_wh = np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2])
    overlap = np.prod(np.clip(overlap_wh, 0, None), axis=-1)
    area_a = np.prod(a[..., 2:] - a[..., :2], axis=-1)
    area_b = np.prod(b[..., 2:] - b[..., :2], axis=-1)
    union = area_a + area_b - overlap
    return np.asarray(overlap / np.maximum(union, 1e-12), np.float64)


def match_boxes(
    found: Sequence[BoxXYXY], true: Sequence[BoxXYXY], least_iou: float = 0.5
) -> list[tuple[int, int]]:
    """Pair boxes one to one, best overlap first: (found index, true index)."""
    iou = iou_matrix(found, true)
    pairs = []
    while iou.size and iou.max() >= least_iou:
        i, j = (int(k) for k in np.unravel_index(np.argmax(iou), iou.shape))
        pairs.append((i, j))
        iou[i, :] = -1
        iou[:, j] = -1
    return pairs


def count_matches(
    found: Sequence[BoxXYXY], true: Sequence[BoxXYXY], least_iou: float = 0.5
) -> MatchCount:
    """Count the boxes of one image that are the same."""
    return MatchCount(
        matched=len(match_boxes(found, true, least_iou)),
        found=len(found),
        true=len(true),
    )
