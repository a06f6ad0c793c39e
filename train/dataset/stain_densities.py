"""How deep red cells and nuclei of a field are stained, for re-staining others like it.

Simple, robust means: they must hold where light is uneven or a stain so pale that
cells are not segmented. White cells are boxed by people; red cells are what else is not
glass about them.
"""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from hemalens.records import Box
from train.dataset.glass import glass_colour

REACH_UM: Final = 20.0
"""Half the side of the square that is looked at about a cell."""
NUCLEUS_SHARE: Final = 0.3
"""Darkest share of a white cell's box: nucleus in any class."""
BOX_MARGIN: Final = 0.15
"""Of a box's side: what lies so near is no red cell to be measured."""
LEAST_RED_SHARE: Final = 0.05
"""Of the square: less is no red cells."""
FAINTEST: Final = 0.05
"""Sum of a red cell's densities, RGB, below which it is noise."""

Density = tuple[float, float, float]
"""Natural logarithm of glass over pixel, codes plus 1, RGB."""


def measure_stain(
    image: NDArray[np.uint8], white_cell: Box | None, pixel_size_um: float
) -> tuple[Density | None, Density | None]:
    """Measure red cells and nucleus about a white cell.

    Parameters
    ----------
    image : ndarray of shape (H, W, 3), uint8, RGB
    white_cell : Box or None
        None where there is none: the image's middle is looked at, for red cells.
    pixel_size_um : float

    Returns
    -------
    red_cell, nucleus : tuple of float or None
        None where there is none.
    """
    height, width = image.shape[:2]
    centre = white_cell.centre_xy if white_cell else (width / 2, height / 2)
    reach = REACH_UM / pixel_size_um
    glass = glass_colour(image, centre, reach)
    left, top = (max(0, round(place - reach)) for place in centre)
    right, bottom = (round(place + reach) for place in centre)
    smooth = cv2.GaussianBlur(image[top:bottom, left:right], (0, 0), 1.0)
    density = np.log(glass + 1) - np.log(smooth.astype(np.float64) + 1)
    is_outside = np.ones(density.shape[:2], np.bool_)
    nucleus = None
    if white_cell is not None:
        inside = _inside(white_cell, (left, top), 0.0)
        nucleus = _darkest(density[inside].reshape(-1, 3))
        is_outside[_inside(white_cell, (left, top), BOX_MARGIN)] = False
    return _red_cells(density, is_outside), nucleus


def _inside(box: Box, corner_xy: tuple[int, int], margin: float) -> tuple[slice, slice]:
    x, y = (round(margin * side) for side in box.size_wh)
    left, top = corner_xy
    return (
        slice(max(0, box.top - y - top), max(1, box.bottom + y - top)),
        slice(max(0, box.left - x - left), max(1, box.right + x - left)),
    )


def _darkest(densities: NDArray[np.float64]) -> Density:
    index = densities @ (1.0, 1.0, -1.0)
    is_dark = index >= np.quantile(index, 1 - NUCLEUS_SHARE)
    return _rounded(densities[is_dark].mean(axis=0))


def _red_cells(
    density: NDArray[np.float64], is_outside: NDArray[np.bool_]
) -> Density | None:
    green = np.clip(density[..., 1], 0, 0.6)
    codes = (green[is_outside] / 0.6 * 255).astype(np.uint8).reshape(-1, 1)
    code, _ = cv2.threshold(codes, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    is_cell = is_outside & (green > code / 255 * 0.6)
    if np.count_nonzero(is_cell) < LEAST_RED_SHARE * is_cell.size:
        return None
    middle = np.median(density[is_cell], axis=0)
    return _rounded(middle) if middle.sum() > FAINTEST else None


def _rounded(values: NDArray[np.float64]) -> Density:
    red, green, blue = np.round(values, 3).tolist()
    return red, green, blue
