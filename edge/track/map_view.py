"""A map image at the two sizes and the spectrum registration works with."""

from functools import cached_property
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.track.map_image import Plane

Spectrum = NDArray[np.complex64]

_TAPER: Final = 0.12
"""Share of a side over which the image fades to nothing, so that its rim is no edge."""


class MapView:
    """A map image made ready to be compared.

    Parameters
    ----------
    codes : ndarray of shape (H, W), uint8
        Of a `MapImage` or a keyframe.
    """

    def __init__(self, codes: NDArray[np.uint8]) -> None:
        self.codes = codes

    @property
    def size_wh(self) -> tuple[int, int]:
        """Width and height of the map image."""
        return self.codes.shape[1], self.codes.shape[0]

    @cached_property
    def full(self) -> Plane:
        """The image itself, 0 for bare glass evenly lit."""
        return self.codes.astype(np.float32) - np.float32(128)

    @cached_property
    def half(self) -> Plane:
        """At half the size."""
        return halved(self.full)

    @cached_property
    def spectrum(self) -> Spectrum:
        """Of the half-size image, with room around it for any shift."""
        return padded_spectrum(self.half)


def halved(image: Plane) -> Plane:
    """Make an image half as large; an odd last row or column is left out."""
    height, width = image.shape[0] // 2, image.shape[1] // 2
    even = image[: 2 * height, : 2 * width]
    return np.asarray(
        cv2.resize(even, (width, height), interpolation=cv2.INTER_AREA), np.float32
    )


def padded_shape(shape: tuple[int, ...]) -> tuple[int, int]:
    """Find a shape at least twice as large that a Fourier transform is quick with."""
    height, width = (cv2.getOptimalDFTSize(2 * side) for side in shape[:2])
    return height, width


def padded_spectrum(image: Plane) -> Spectrum:
    """Transform an image, its rim faded, zeros around it."""
    height, width = image.shape
    faded = image * fade(height)[:, None] * fade(width)[None, :]
    shape = padded_shape(image.shape)
    return np.asarray(np.fft.rfft2(faded, shape), np.complex64)


def fade(length: int) -> NDArray[np.float32]:
    """Rise from 0 to 1 at both ends."""
    steps = (np.arange(length, dtype=np.float32) + np.float32(0.5)) / length
    distance = np.minimum(steps, 1 - steps) / np.float32(_TAPER)
    rise = np.sin(np.minimum(distance, 1) * np.float32(np.pi / 2)) ** 2
    return np.asarray(rise, np.float32)
