"""Platelets: small stained pieces outside white cells, told from deposit and debris."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.segment.labels import Labels, nearest_label, renumber
from edge.segment.masks import close_mask
from edge.segment.pixels import Pixels
from edge.segment.scale import to_px, to_px2

LEAST_CORE_UM2: Final = 0.55
"""Stained core of the smallest platelet: smaller flecks are deposit and noise."""

RIM_UM: Final = 0.9
"""Width of the pale rim around the stained core."""

GRAIN_UM: Final = 0.2
"""Gaps between granules up to twice this are closed."""

MOST_PIECES: Final = 500
"""The largest ones: noise and text have thousands."""

LEAST_FILL: Final = 0.55
MOST_ELONGATION: Final = 2.2
"""A platelet's core fills this share of its box and is at most this much longer than
wide, unless the frame's edge cuts it; deposit, scratches and the fringes of glare are
ragged or long."""

MOST_YELLOW: Final = 0.5
"""Blue over green density of the core, as a share of the red cells': where red cells
overlap, or refract, they are dark and yellow."""

MOST_TOUCHING: Final = 0.2
"""Share of the core's surroundings that may be white cell: shreds of cytoplasm touch
more of it."""

LEAST_CONTRAST: Final = 1.2
"""How much the core's nuclear index exceeds that around it, in densities of the
frame's red cells."""

LEAST_CLEAR: Final = 0.27
ON_CELL_CONTRAST: Final = 2.6
"""Share of the core's surroundings that is empty slide; a platelet that lies on a red
cell must have this contrast instead. This and all limits above: measured on BCCD and
PBC against the TXL-PBC boxes, 2026-11."""

RING_PX: Final = (1.5, 4.5)
"""The surroundings: nearer is the core's own blur."""


def find_small_pieces(pixels: Pixels, white_cells: NDArray[np.bool_]) -> Labels:
    """Find the stained pieces that belong to no white cell.

    Parameters
    ----------
    pixels : Pixels
        The work image.
    white_cells : ndarray of shape (H, W), bool
        Taken by white cells.

    Returns
    -------
    Labels
        Pieces with their rims.
    """
    cores = _label_cores(close_mask(pixels.stained, GRAIN_UM) & ~white_cells)
    if cores.count == 0:
        return cores
    distance, nearest = nearest_label(cores.label_image)
    is_platelet = _resemble_platelets(cores, distance, nearest, pixels, white_cells)
    is_rim = (distance <= to_px(RIM_UM)) & pixels.cells & ~pixels.red_like
    belongs = (distance == 0) | (is_rim & ~white_cells)
    return renumber(np.where(belongs, nearest, np.int32(0)), is_platelet)


def _label_cores(mask: NDArray[np.bool_]) -> Labels:
    _, label_image, stats, _ = cv2.connectedComponentsWithStats(
        mask.astype(np.uint8), connectivity=8
    )
    left, top, width, height, area = stats.T[:5]
    is_cut = (left == 0) | (left + width == mask.shape[1])
    is_cut |= (top == 0) | (top + height == mask.shape[0])
    elongation = np.maximum(width, height) / np.maximum(1, np.minimum(width, height))
    is_core = (
        (area >= to_px2(LEAST_CORE_UM2))
        & (area >= LEAST_FILL * width * height)
        & (is_cut | (elongation <= MOST_ELONGATION))
    )
    is_core[0] = False
    smallest_first = np.argsort(area * is_core, kind="stable")
    is_core[smallest_first[:-MOST_PIECES]] = False
    return renumber(np.asarray(label_image, np.int32), is_core)


def _resemble_platelets(
    cores: Labels,
    distance: NDArray[np.float32],
    nearest: NDArray[np.int32],
    pixels: Pixels,
    white_cells: NDArray[np.bool_],
) -> NDArray[np.bool_]:
    """Judge each core, by number, by its colour and surroundings."""

    def mean(of: NDArray[np.generic], where: NDArray[np.bool_]) -> NDArray[np.float64]:
        count = np.bincount(nearest[where], minlength=cores.count + 1)
        total = np.bincount(nearest[where], of[where], minlength=cores.count + 1)
        return np.asarray(total / np.maximum(count, 1), np.float64)

    core = distance == 0
    beside = (distance > 0) & (distance <= RING_PX[1])
    ring = beside & (distance > RING_PX[0]) & ~white_cells
    yellow = mean(pixels.density[..., 2], core) / np.maximum(
        mean(pixels.density[..., 1], core), 1e-3
    )
    contrast = mean(pixels.index, core) - mean(pixels.index, ring)
    contrast /= pixels.levels.red_density
    is_clear = mean(~pixels.cells, ring) >= LEAST_CLEAR
    return np.asarray(
        (yellow < MOST_YELLOW * pixels.levels.red_yellowness)
        & (mean(white_cells, beside) <= MOST_TOUCHING)
        & (contrast >= np.where(is_clear, LEAST_CONTRAST, ON_CELL_CONTRAST)),
        np.bool_,
    )
