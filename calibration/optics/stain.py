"""What is a cell, what is a nucleus: thresholds from the frame's own stain."""

from dataclasses import dataclass
from typing import Final, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

LEAST_CELL_DENSITY: Final = 0.045
"""Green density below which nothing is a cell: twice the shading and noise of empty
slide (measured on BCCD and PBC, 2026-11)."""

HISTOGRAM_CEILING: Final = 0.3
"""Densities above this are as good as this for telling cells from empty slide."""


def nuclear_index(density: NDArray[np.float32]) -> NDArray[np.float32]:
    """Compute an index that is high on nuclei, by colour and depth of stain.

    The sum of red and green less blue density parts nuclei from red cells on four
    stains, AUC at least 0.992 (measured on BCCD, PBC and two more sets, 2026-11).

    Parameters
    ----------
    density : ndarray of shape (H, W, 3), float32, RGB
        Optical density.

    Returns
    -------
    ndarray of shape (H, W), float32
        About 0 on empty slide and 0.1 to 0.3 on red cells; 0.7 to 3 on nuclei.
    """
    index = cv2.transform(density, _INDEX_OF_RGB).reshape(density.shape[:2])
    return np.asarray(index, np.float32)


_INDEX_OF_RGB: Final = np.array([[1, 1, -1]], np.float32)


Plane = TypeVar("Plane", NDArray[np.int16], NDArray[np.float32])


def nuclear_index_of_planes(red: Plane, green: Plane, blue: Plane) -> Plane:
    """Compute `nuclear_index`; it is written over the red."""
    # Codes stay in their range so.
    np.subtract(red, blue, out=red)
    return np.add(red, green, out=red)


def cell_threshold(green: NDArray[np.float32]) -> float | None:
    """Find the green density that parts cells from empty slide, by Otsu's method.

    Parameters
    ----------
    green : ndarray of shape (H, W), float32
        Smoothed green density.

    Returns
    -------
    float or None
        None where the frame shows no cells.
    """
    threshold = otsu(np.clip(green, 0, HISTOGRAM_CEILING))
    above = green[green > threshold]
    if above.size == 0 or float(np.median(above)) < 2 * LEAST_CELL_DENSITY:
        return None
    return threshold


def otsu(values: NDArray[np.float32]) -> float:
    """Part values in two by Otsu's method.

    References
    ----------
    .. [1] Otsu: A threshold selection method from gray-level histograms. IEEE
       Transactions on Systems, Man, and Cybernetics 9 (1979) 62,
       doi 10.1109/TSMC.1979.4310076.
    """
    if values.size == 0:
        return 0.0
    low, high = float(values.min()), float(values.max())
    step = max(high - low, 1e-6) / 255
    codes = ((values.reshape(-1, 1) - low) / step).astype(np.uint8)
    code, _ = cv2.threshold(codes, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    return low + (float(code) + 0.5) * step


@dataclass(frozen=True, slots=True, kw_only=True)
class StainLevels:
    """How this frame's smear took the stain.

    Parameters
    ----------
    cell : float
        Green density above which a pixel belongs to a cell.
    red_density, red_index : float
        Median green density and nuclear index of the red cells.
    red_yellowness : float
        Median blue over green density of the red cells.
    stained : float
        Nuclear index above which a pixel is stained: nucleus, platelet, granules.
    nuclear : float
        Nuclear index above which it is as dark as this frame's nuclei.
    """

    cell: float
    red_density: float
    red_index: float
    red_yellowness: float
    stained: float
    nuclear: float


STAINED_MARGIN: Final = 0.5
NUCLEAR_MARGIN: Final = 1.0
"""Least distance of both thresholds from the red cells' nuclear index, as a multiple
of the red cells' density (measured on BCCD and PBC, 2026-11)."""

RED_SPREADS: Final = 4.0
"""And this many of the red cells' own standard deviations, within those limits."""

EXTENT_FRACTION: Final = 0.4
"""Share of the red cells' density that still belongs to a cell: rim, pallor, pale
cytoplasm (measured on BCCD and PBC, 2026-11)."""


def measure_stain(
    green: NDArray[np.float32], blue: NDArray[np.float32], index: NDArray[np.float32]
) -> StainLevels | None:
    """Measure a frame's stain levels.

    Parameters
    ----------
    green, blue : ndarray of shape (H, W), float32
        Smoothed optical density.
    index : ndarray of shape (H, W), float32
        Its nuclear index.

    Returns
    -------
    StainLevels or None
        None where the frame shows no cells.
    """
    cell = cell_threshold(green)
    if cell is None:
        return None
    of_cells = index[green > cell]
    split = otsu(of_cells)
    is_red = (green > cell) & (index <= split)
    red_index = float(np.median(index[is_red]))
    red_density = float(np.median(green[is_red]))
    spread = 1.48 * float(np.median(np.abs(index[is_red] - red_index)))
    margin = float(
        np.clip(RED_SPREADS * spread, STAINED_MARGIN * red_density, red_density)
    )
    stained = red_index + margin
    nuclear = max(split, red_index + NUCLEAR_MARGIN * red_density)
    return StainLevels(
        cell=max(LEAST_CELL_DENSITY, min(cell, EXTENT_FRACTION * red_density)),
        red_density=red_density,
        red_index=red_index,
        red_yellowness=float(np.median(blue[is_red] / green[is_red])),
        stained=stained,
        nuclear=nuclear,
    )
