"""Pixel size from the red cells of several images, and how sure it is."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from calibration.optics.profile import PixelSize, PixelSizeMethod, now
from calibration.optics.red_cell_ruler import measure_red_cell_diameter
from hemalens.errors import CalibrationError
from hemalens.preprocess import RED_CELL_DIAMETER_UM

DIAMETER_UNCERTAINTY: Final = 0.0385
"""Relative standard uncertainty of a person's mean red cell in a dried smear: texts
give 7 to 8 µm, and any value between is as likely (0.5 µm / √3, of 7.5)."""

IMAGE_UNCERTAINTY: Final = 0.06
"""That of one image's median, at least: on 90 fields of BCCD it spreads by 0.042 around
the boxes' median and lies 0.03 below it (against the TXL-PBC boxes, 2026-11)."""


def measure_red_cell_scale(images: Sequence[NDArray[np.uint8]]) -> PixelSize:
    """Measure the pixel size from red cells, 7.5 µm wide by convention.

    Parameters
    ----------
    images : sequence of ndarray of shape (H, W, 3), uint8, RGB
        Fields of one microscope; those with too few red cells are left out.

    Returns
    -------
    PixelSize
        Of the median diameter over the images.

    Raises
    ------
    CalibrationError
        When no image shows enough red cells to tell.
    """
    measured = [measure_red_cell_diameter(image) for image in images]
    diameters = [diameter for diameter in measured if diameter is not None]
    if not diameters:
        raise CalibrationError(
            f"too few red cells to tell the pixel size in {len(images)} "
            f"{'image' if len(images) == 1 else 'images'}: take fields in focus with "
            "ten or more red cells that lie apart"
        )
    pixel_size_um = RED_CELL_DIAMETER_UM / float(np.median(diameters))
    relative = np.hypot(DIAMETER_UNCERTAINTY, _of_median(diameters))
    return PixelSize(
        pixel_size_um=round(pixel_size_um, 6),
        uncertainty_um=round(float(pixel_size_um * relative), 6),
        method=PixelSizeMethod.RED_CELLS,
        images=len(diameters),
        measured_at=now(),
    )


def _of_median(diameters: Sequence[float]) -> float:
    """Compute the relative standard uncertainty of a median of some diameters."""
    spread = float(np.std(diameters) / np.mean(diameters))
    # The median of many normal values is 1.25 times as uncertain as their mean.
    return float(1.25 * max(IMAGE_UNCERTAINTY, spread) / np.sqrt(len(diameters)))
