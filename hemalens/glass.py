"""The empty glass between a frame's cells: its light, wherever in the frame.

A crop whose own glass is brought to that of a model's training images shows the stain
as it is, whatever the lamp, the camera's white balance and the shading of the frame:
each colour is multiplied by one factor, and nothing of the slide has to be learned.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Rgb = tuple[float, float, float]


def surface_terms(
    x: NDArray[np.float64], y: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the terms (N, 6) of a quadratic surface at places from -1 to 1."""
    return np.stack([np.ones_like(x), x, y, x * x, y * y, x * y], axis=-1)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Glass:
    """A frame's empty glass.

    Parameters
    ----------
    surface : ndarray of shape (6, 3), float64, RGB
        Coefficients of `surface_terms`, from edge to edge of the frame; they give the
        natural logarithm of its codes plus 1. Made read-only.
    share : float
        Share of the field that is glass.

    Examples
    --------
    >>> even = np.zeros((6, 3))
    >>> even[0] = np.log([241, 231, 221])
    >>> glass = Glass(surface=even, share=0.5)
    >>> glass.at([(5.0, 7.0)], (64, 48)).round().tolist()
    [[240.0, 230.0, 220.0]]
    """

    surface: NDArray[np.float64]
    share: float

    def __post_init__(self) -> None:
        if self.surface.shape != (6, 3):
            raise ValueError(f"a surface is (6, 3), this is {self.surface.shape}")
        self.surface.flags.writeable = False

    def at(
        self, places_xy: Sequence[tuple[float, float]], size_wh: tuple[int, int]
    ) -> NDArray[np.float64]:
        """Return its codes (N, 3), RGB, at places in pixels of a frame of that size."""
        places = np.array(places_xy, np.float64).reshape(-1, 2)
        x, y = (2 * places / np.maximum(1, size_wh) - 1).T
        codes = np.exp(surface_terms(x, y) @ self.surface) - 1
        return np.asarray(np.clip(codes, 0, 255), np.float64)

    @property
    def colour(self) -> Rgb:
        """Its codes in the median place."""
        steps = np.linspace(-1, 1, 9)
        x, y = (axis.ravel() for axis in np.meshgrid(steps, steps))
        codes = np.exp(surface_terms(x, y) @ self.surface) - 1
        red, green, blue = np.clip(np.median(codes, axis=0), 0, 255).tolist()
        return red, green, blue


def bring_glass(
    crop: NDArray[np.uint8], glass: Sequence[float], wanted: Sequence[float]
) -> NDArray[np.uint8]:
    """Bring a crop's glass to another: each channel by one factor.

    Parameters
    ----------
    crop : ndarray of shape (H, W, 3), uint8, RGB
    glass, wanted : sequence of three float
        Codes of its empty glass, and of that wanted, RGB.

    Examples
    --------
    >>> crop = np.array([[[200, 200, 100]]], np.uint8)
    >>> bring_glass(crop, (200, 200, 100), (253.3, 227.2, 201))[0, 0].tolist()
    [253, 227, 201]
    """
    factor = np.add(wanted, 1) / np.add(glass, 1)
    codes = np.arange(1, 257)[:, np.newaxis] * factor - 1
    table = np.clip(np.rint(codes), 0, 255).astype(np.uint8)
    return np.asarray(cv2.LUT(crop, table[np.newaxis]), np.uint8)
