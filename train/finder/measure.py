"""What a finder finds in labelled fields, microscope by microscope."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hemalens.finder import (
    PIXEL_SIZE_UM,
    at_finder_scale,
    padded,
    standardise,
)
from train.finder.decode import decode
from train.finder.fields import STORED_UM, Field, Kind

Maps = Callable[[NDArray[np.uint8]], NDArray[np.float32]]
"""From codes (H, W, 3) to probabilities (H/2, W/2, 5)."""

COMPLETE: Final = 0.3
"""Background (`Field.background`) from which on what is found and not labelled counts
as wrong; below, recall alone is measured."""


@dataclass(slots=True, kw_only=True)
class Found:
    """Counts of one kind over the fields of one source.

    Parameters
    ----------
    labelled, centred, overlapping : int
        Objects labelled; of these found by centre, and with half the box in common.
    found, right, right_by_overlap : int
        The same of what is found, in fields whose labels are complete.
    field_errors : list of float
        Error of each such field's total.
    """

    labelled: int = 0
    centred: int = 0
    overlapping: int = 0
    found: int = 0
    right: int = 0
    right_by_overlap: int = 0
    field_errors: list[float] = field(default_factory=list)

    @property
    def recall(self) -> float:
        """Share of the labelled that are found, by centre."""
        return self.centred / max(1, self.labelled)

    @property
    def recall_by_overlap(self) -> float:
        """The same with half the box in common."""
        return self.overlapping / max(1, self.labelled)

    @property
    def precision(self) -> float | None:
        """Share of the found that are labelled; None where no labels are complete."""
        return self.right / max(1, self.found) if self.field_errors else None

    @property
    def precision_by_overlap(self) -> float | None:
        """The same with half the box in common."""
        return self.right_by_overlap / max(1, self.found) if self.field_errors else None

    @property
    def mean_field_error(self) -> float | None:
        """Mean error of a field's total."""
        return float(np.mean(self.field_errors)) if self.field_errors else None


def measure(maps: Maps, fields: Iterable[Field]) -> dict[str, dict[Kind, Found]]:
    """Run a finder over fields, and count by source and kind.

    A kind that a field does not label is left out there. Where boxes are not quite
    complete (`Field.background` below 1) the precision is a lower bound.
    """
    ordered = sorted(fields, key=lambda one: one.source)
    return {
        source: _measure_source(maps, list(group))
        for source, group in groupby(ordered, key=lambda one: one.source)
    }


def _measure_source(maps: Maps, fields: Sequence[Field]) -> dict[Kind, Found]:
    counts = {kind: Found() for kind in Kind}
    for one in fields:
        cells = find(maps, one.image, STORED_UM)
        wanted = one.objects.copy()
        wanted[:, 1:] *= STORED_UM / PIXEL_SIZE_UM
        for kind in Kind:
            if one.background[kind] > 0 or (wanted[:, 0] == kind).any():
                _count(
                    counts[kind],
                    wanted[wanted[:, 0] == kind, 1:],
                    cells[cells[:, 0] == kind, 1:],
                    complete=one.background[kind] >= COMPLETE,
                )
    return {kind: count for kind, count in counts.items() if count.labelled}


def find(
    maps: Maps, image: NDArray[np.uint8], pixel_size_um: float
) -> NDArray[np.float32]:
    """Find the cells of an image: `decode` of its maps."""
    scaled = at_finder_scale(image, pixel_size_um)
    height, width = scaled.shape[:2]
    cells = decode(maps(padded(standardise(scaled))))
    within = (cells[:, 1] < width) & (cells[:, 2] < height)
    return np.asarray(cells[within], np.float32)


def _count(
    count: Found,
    wanted: NDArray[np.float32],
    cells: NDArray[np.float32],
    *,
    complete: bool,
) -> None:
    overlap = _overlap(wanted, cells)
    overlapping = _matched(np.where(overlap >= 0.5, overlap, 0))
    away = np.abs(wanted[:, np.newaxis, :2] - cells[np.newaxis, :, :2])
    within = (away < wanted[:, np.newaxis, 2:] / 2).all(axis=2)
    centred = _matched(np.where(within, overlap + 1e-3, 0))
    count.labelled += len(wanted)
    count.centred += centred
    count.overlapping += overlapping
    if complete:
        count.found += len(cells)
        count.right += centred
        count.right_by_overlap += overlapping
        error = abs(len(cells) - len(wanted)) / max(1, len(wanted))
        count.field_errors.append(error)


def _overlap(
    first: NDArray[np.float32], second: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return intersection over union of boxes, (N, M)."""
    a, b = first[:, np.newaxis], second[np.newaxis]
    least = np.maximum(a[..., :2] - a[..., 2:] / 2, b[..., :2] - b[..., 2:] / 2)
    most = np.minimum(a[..., :2] + a[..., 2:] / 2, b[..., :2] + b[..., 2:] / 2)
    common = np.clip(most - least, 0, None).prod(axis=2)
    both = a[..., 2:].prod(axis=2) + b[..., 2:].prod(axis=2)
    return np.asarray(common / np.maximum(both - common, 1e-6), np.float32)


def _matched(worth: NDArray[np.float32]) -> int:
    """Count pairs, the best first, each row and column once."""
    worth = worth.copy()
    pairs = 0
    while worth.size and worth.max() > 0:
        row, column = np.unravel_index(int(worth.argmax()), worth.shape)
        worth[row], worth[:, column] = 0, 0
        pairs += 1
    return pairs
