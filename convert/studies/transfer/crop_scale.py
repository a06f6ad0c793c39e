"""The pixel size of single-cell images that nobody states: from what they show.

All images of a set come from one microscope, so the median over the set is taken.
"""

from collections.abc import Sequence
from enum import StrEnum
from statistics import median
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.optics.background import optical_density
from calibration.optics.red_cell_ruler import measure_red_cell_diameter
from calibration.optics.stain import nuclear_index, otsu
from hemalens.errors import DatasetError
from hemalens.preprocess import RED_CELL_DIAMETER_UM
from train.evaluation.figures import Record

NUCLEUS_SIDE_UM: Final = 7.8
"""Square root of the median leukocyte's nuclear area: 8.1 µm in PBC's 256 px windows,
7.6 in its 180 px ones; 7.7 in BCCD's boxes, red cells being the ruler (measured on PBC
validation and BCCD, 2026-11)."""

RED_CELL_ROOM_UM: Final = 28.0
"""Least side of an image that shows red cells whole on both sides of a white cell of
12 µm. In BCCD's cells cut to 24 and 16 µm, red cells gave pixels 18 and 30 % too large,
nuclei within 6 % (2026-11)."""

_MIDDLE: Final = 0.4
"""Nuclei are looked for within this share of the image's side from its centre."""


class ScaleSource(StrEnum):
    """Where a pixel size comes from."""

    GIVEN = "given"
    RED_CELLS = "red cells"
    NUCLEI = "nuclei"


class CropScale(Record):
    """The pixel size of a set."""

    pixel_size_um: float
    source: ScaleSource
    images_measured: int
    """0 when it was given."""


def find_scale(
    images: Sequence[NDArray[np.uint8]], given_um: float | None = None
) -> CropScale:
    """Find the pixel size of a set: given, or from what its images show.

    Red cells are the better ruler, where the images are wide enough to show whole ones
    beside the cell; lobes and rims are taken for them where none are.

    Raises
    ------
    DatasetError
        When the images show no nuclei.
    """
    if given_um is not None:
        return CropScale(
            pixel_size_um=given_um, source=ScaleSource.GIVEN, images_measured=0
        )
    sides = [nucleus_side_px(image) for image in images]
    nuclei = _scale(sides, NUCLEUS_SIDE_UM, ScaleSource.NUCLEI)
    if nuclei is None:
        raise DatasetError(
            f"{len(images)} images show no nuclei to tell their scale by: give "
            "--pixel-size-um"
        )
    wide = [
        image
        for image in images
        if min(image.shape[:2]) * nuclei.pixel_size_um >= RED_CELL_ROOM_UM
    ]
    diameters = [measure_red_cell_diameter(image) for image in wide]
    red_cells = _scale(diameters, RED_CELL_DIAMETER_UM, ScaleSource.RED_CELLS)
    if red_cells and red_cells.images_measured >= len(images) / 2:
        return red_cells
    return nuclei


def nucleus_side_px(image: NDArray[np.uint8]) -> float | None:
    """Give the square root of the nuclear area in an image's middle.

    Parameters
    ----------
    image : ndarray of shape (H, W, 3), uint8, RGB
        Of one cell.

    Returns
    -------
    float or None
        None where the image is too dark, or has no nucleus in its middle.
    """
    density = optical_density(image)
    if density is None:
        return None
    smooth = np.asarray(cv2.GaussianBlur(density, (0, 0), 1.0), np.float32)
    index = np.maximum(nuclear_index(smooth), 0)
    is_nucleus = index > otsu(index)
    height, width = index.shape
    y, x = np.ogrid[:height, :width]
    away = np.hypot(x - width / 2, y - height / 2)
    area = np.count_nonzero(is_nucleus & (away < _MIDDLE * min(height, width)))
    return float(area**0.5) if area else None


def _scale(
    lengths_px: Sequence[float | None], length_um: float, source: ScaleSource
) -> CropScale | None:
    measured = [length for length in lengths_px if length is not None]
    if not measured:
        return None
    return CropScale(
        pixel_size_um=round(length_um / median(measured), 5),
        source=source,
        images_measured=len(measured),
    )
