"""What is kept of a frame, so that its place is known again."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hemalens.records import Placement


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Keyframe:
    """A frame made small, and where it lies.

    Parameters
    ----------
    frame_index : int
    placement : Placement
    image : ndarray of shape (H, W), uint8
        What the map compares, at its own scale; made read-only.
    """

    frame_index: int
    placement: Placement
    image: NDArray[np.uint8]

    def __post_init__(self) -> None:
        if self.image.ndim != 2 or self.image.dtype != np.uint8:
            raise ValueError(
                f"a keyframe is (H, W) uint8, this is {self.image.shape} "
                f"{self.image.dtype}"
            )
        self.image.flags.writeable = False
