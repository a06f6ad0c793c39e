"""A field whose cells are known: image, objects, and how far the labels go."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

STORED_UM: Final = 0.2
"""Pixel size fields are kept at: finer than the finder's, for enlarging."""


class Kind(IntEnum):
    """What an object is; a white cell is any nucleated cell."""

    WHITE = 0
    RED = 1
    PLATELET = 2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Field:
    """One labelled field.

    Parameters
    ----------
    name : str
        File name.
    source : str
        The set it comes from.
    held_out : bool
        Measured on, never trained on.
    image : ndarray of shape (H, W, 3), uint8, RGB
        At `STORED_UM`.
    objects : ndarray of shape (N, 5), float32
        Kind, centre x, centre y, width, height, in pixels of the image; coordinates
        are of edges, as boxes have them.
    background : tuple of float
        By kind, how far a place without an object is sure to be free of it: 0 where
        the kind is not labelled.
    outlined : bool
        Whether widths and heights were drawn; of a point's they are a guess.
    """

    name: str
    source: str
    held_out: bool
    image: NDArray[np.uint8]
    objects: NDArray[np.float32]
    background: tuple[float, float, float]
    outlined: bool = True

    def __post_init__(self) -> None:
        if self.image.dtype != np.uint8 or self.image.ndim != 3:
            raise ValueError("a field's image is uint8 (H, W, 3)")
        if self.objects.ndim != 2 or self.objects.shape[1] != 5:
            raise ValueError(f"objects are (N, 5), not {self.objects.shape}")
        self.image.flags.writeable = False
        self.objects.flags.writeable = False
