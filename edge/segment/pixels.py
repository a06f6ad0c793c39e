"""What each pixel of the work image shows: empty slide, red cell, stain, nucleus."""

import math
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.optics.background import (
    CODES_PER_DENSITY,
    CodePlanes,
    density_codes,
    to_density,
)
from calibration.optics.stain import (
    StainLevels,
    haemoglobin_mask,
    measure_stain,
    nuclear_index_of_planes,
)
from edge.segment.masks import open_mask, to_radius
from edge.segment.scale import halve_mask

ENOUGH_PIXELS: Final = 30_000
"""Of a larger frame about so many, evenly spread, tell its stain as well."""

SMOOTHING_PX: Final = 0.8
SMOOTHING_WH: Final = (5, 5)
"""Blur against camera noise and JPEG blocks, well below a platelet's 8 pixels. What
lies beyond two pixels would weigh less than a thousandth."""

GRAIN_UM: Final = 0.5
LEAST_SOLID_SHARE: Final = 0.7
"""Share of what is denser than the slide that must survive an opening by this radius.
At least 0.93 does in real fields; noise, print and empty slide have nothing so solid
(measured on BCCD and PBC, 2026-11)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pixels:
    """A work image, measured and sorted; all arrays are of shape (H, W).

    Parameters
    ----------
    green : ndarray of int16
        Smoothed optical density in green, where red cells and nuclei both show; in
        codes, as the next two.
    blue : ndarray of int16
        The same in blue, which haemoglobin takes away.
    index : ndarray of int16
        Nuclear index.
    levels : StainLevels
        The frame's stain; in densities.
    cells : ndarray of bool
        On any cell.
    stained : ndarray of bool
        Stained unlike any red cell.
    dark : ndarray of bool
        As dark as the frame's nuclei.
    red_like : ndarray of bool
        Coloured like red cells.
    """

    green: NDArray[np.int16]
    blue: NDArray[np.int16]
    index: NDArray[np.int16]
    levels: StainLevels
    cells: NDArray[np.bool_]
    stained: NDArray[np.bool_]
    dark: NDArray[np.bool_]
    red_like: NDArray[np.bool_]

    def yellowness_of(
        self, window: tuple[slice, slice], mask: NDArray[np.bool_]
    ) -> float:
        """Measure blue over green density of the pixels a mask sets in a window."""
        weight = np.ascontiguousarray(mask).view(np.uint8)
        green, blue = (
            cv2.mean(plane[window], weight)[0] for plane in (self.green, self.blue)
        )
        return blue / max(green, 1e-3 * CODES_PER_DENSITY)

    def index_of(self, window: tuple[slice, slice], mask: NDArray[np.bool_]) -> float:
        """Measure the mean nuclear index, as a density; 0 of nothing."""
        weight = np.ascontiguousarray(mask).view(np.uint8)
        return cv2.mean(self.index[window], weight)[0] / CODES_PER_DENSITY


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CoarsePixels:
    """The masks of `Pixels` with one pixel for each 2x2, for what is large."""

    cells: NDArray[np.bool_]
    stained: NDArray[np.bool_]
    red_like: NDArray[np.bool_]


def coarsen(pixels: Pixels) -> CoarsePixels:
    """Halve the masks that cytoplasm and red cells are told by."""
    return CoarsePixels(
        cells=halve_mask(pixels.cells),
        stained=halve_mask(pixels.stained),
        red_like=halve_mask(pixels.red_like),
    )


def sort_pixels(work_image: NDArray[np.uint8]) -> Pixels | None:
    """Sort the pixels of a work image.

    Parameters
    ----------
    work_image : ndarray of shape (H, W, 3), uint8, RGB
        The frame at the work scale.

    Returns
    -------
    Pixels or None
        None where there is no light, or nothing in it.
    """
    planes = _smooth_density(work_image)
    # Large, and not needed again.
    del work_image
    if planes is None:
        return None
    red, green, blue = planes
    index = nuclear_index_of_planes(red, green, blue)
    levels = measure_stain(*(_thinned(plane) for plane in (green, blue, index)))
    if levels is None:
        return None
    stained = _exceeds(index, levels.stained)
    cells = _exceeds(green, levels.cell) | stained
    if not _is_solid(cells):
        return None
    is_deep = _exceeds(index, (levels.red_index + levels.stained) / 2)
    return Pixels(
        green=green,
        blue=blue,
        index=index,
        levels=levels,
        cells=cells,
        stained=stained,
        dark=_exceeds(index, levels.nuclear),
        red_like=haemoglobin_mask(green, blue, levels) & ~is_deep,
    )


def _smooth_density(work_image: NDArray[np.uint8]) -> CodePlanes | None:
    smooth = cv2.GaussianBlur(work_image, SMOOTHING_WH, SMOOTHING_PX)
    return density_codes(np.asarray(smooth, np.uint8))


def _thinned(plane: NDArray[np.int16]) -> NDArray[np.float32]:
    step = max(1, round((plane.size / ENOUGH_PIXELS) ** 0.5))
    return to_density(plane[::step, ::step])


def _exceeds(plane: NDArray[np.int16], density: float) -> NDArray[np.bool_]:
    code = math.floor(density * CODES_PER_DENSITY)
    return np.greater(plane, np.int16(min(code, np.iinfo(np.int16).max)))


def _is_solid(cells: NDArray[np.bool_]) -> bool:
    solid = np.count_nonzero(open_mask(cells, to_radius(GRAIN_UM)))
    return bool(solid >= LEAST_SOLID_SHARE * np.count_nonzero(cells))
