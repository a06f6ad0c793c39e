"""Cells from maps, as simply as it goes: enough to measure a finder by itself.

A cell is a connected core; of the bodies it has what lies nearer to it than to another.
The device makes more of the maps (`edge.segment`).
"""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from hemalens.finder import BODY_SIZE, OUTPUT_STRIDE, Map
from train.finder.fields import Kind

THRESHOLD: Final = 0.5
_MAPS: Final = {
    Kind.WHITE: (Map.WHITE_BODY, Map.WHITE_CORE),
    Kind.RED: (Map.RED_BODY, Map.RED_CORE),
    Kind.PLATELET: (Map.PLATELET, Map.PLATELET),
}
_LEAST_AREA: Final = {Kind.WHITE: 20, Kind.RED: 4, Kind.PLATELET: 5}
"""Of a core, in output pixels."""


def decode(maps: NDArray[np.float32]) -> NDArray[np.float32]:
    """List the cells of one frame's maps.

    Parameters
    ----------
    maps : ndarray of shape (H, W, 5), float32

    Returns
    -------
    ndarray of shape (N, 5), float32
        Kind, centre x, centre y, width, height, in pixels of the finder's input.
    """
    found = [
        (kind, *box)
        for kind, (body, core) in _MAPS.items()
        for box in _boxes(maps[..., body], maps[..., core], _LEAST_AREA[kind])
    ]
    return np.array(found, np.float32).reshape(-1, 5)


def _boxes(
    body: NDArray[np.float32], core: NDArray[np.float32], least: int
) -> list[tuple[float, float, float, float]]:
    cores = (core > THRESHOLD).astype(np.uint8)
    count, label_image, stats, _ = cv2.connectedComponentsWithStats(cores)
    kept = [i for i in range(1, count) if stats[i, cv2.CC_STAT_AREA] >= least]
    if not kept:
        return []
    seeds = np.isin(label_image, kept)
    _, nearest = cv2.distanceTransformWithLabels(
        (~seeds).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    owner = np.zeros(int(nearest.max()) + 1, np.int32)
    owner[nearest[seeds]] = label_image[seeds]
    cells = np.where((body > THRESHOLD) | seeds, owner[nearest], 0)
    return [box for i in kept if (box := _box(cells == i, label_image == i))]


def _box(
    cell: NDArray[np.bool_], core: NDArray[np.bool_]
) -> tuple[float, float, float, float] | None:
    """Return centre and size of what hangs together with the core."""
    _, parts = cv2.connectedComponents(cell.astype(np.uint8))
    whole = parts == parts[core][0]
    y, x = np.nonzero(whole)
    left, right, top, bottom = x.min(), x.max() + 1, y.min(), y.max() + 1
    scale = OUTPUT_STRIDE / BODY_SIZE
    return (
        float(left + right) / 2 * OUTPUT_STRIDE,
        float(top + bottom) / 2 * OUTPUT_STRIDE,
        float(right - left) * scale,
        float(bottom - top) * scale,
    )
