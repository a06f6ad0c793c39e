"""How many of a slide's cells are unlike any the model was trained on."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hemalens.classes import CellKind
from hemalens.records import Detection

FEWEST: Final = 20
"""Cells before a share is given: one alone is no slide."""


class SlideLikeness:
    """Counts the whole white cells that segmentation found, and the unlike ones.

    What may be debris or a platelet is left out: a dirty slide is no other stain.
    """

    def __init__(self) -> None:
        self._cells = self._unlike = 0

    def learn(
        self, stained: Sequence[Detection], is_in_distribution: NDArray[np.bool_]
    ) -> None:
        """Take in the stained objects of a frame."""
        for detection, alike in zip(stained, is_in_distribution.tolist(), strict=True):
            if detection.kind is CellKind.WHITE_CELL and not detection.at_border:
                self._cells += 1
                self._unlike += not alike

    def unlike_share(self) -> float | None:
        """Give their share so far; None with too few cells."""
        return self._unlike / self._cells if self._cells >= FEWEST else None
