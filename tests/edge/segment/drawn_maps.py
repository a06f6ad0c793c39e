"""Maps as a perfect finder returns them: each object's ellipses."""

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.segment.found_cells import FoundCells, find_cells
from hemalens.classes import CellKind
from hemalens.finder import BODY_SIZE, CORE_SIZE, SMALLEST_PLATELET_RADIUS, Map

_MAPS = {
    CellKind.WHITE_CELL: (Map.WHITE_BODY, Map.WHITE_CORE),
    CellKind.RED_CELL: (Map.RED_BODY, Map.RED_CORE),
    CellKind.PLATELET: (Map.PLATELET,),
}


class DrawnMaps:
    """Maps of 0.6 µm a pixel; what is drawn is given in µm."""

    def __init__(self, width_um: float = 96, height_um: float = 72) -> None:
        self.maps = np.zeros((round(height_um / 0.6), round(width_um / 0.6), 5))

    def draw(
        self,
        kind: CellKind,
        x: float,
        y: float,
        width: float,
        height: float | None = None,
        *,
        turn: float = 0.0,
        probability: float = 1.0,
    ) -> None:
        size = (width, height or width)
        for channel in _MAPS[kind]:
            is_core = channel in (Map.WHITE_CORE, Map.RED_CORE)
            factor = CORE_SIZE if is_core else BODY_SIZE
            least = SMALLEST_PLATELET_RADIUS if kind is CellKind.PLATELET else 0
            layer = _ellipse(self.maps.shape[:2], (x, y), size, turn, factor, least)
            self.maps[..., channel][layer > 0] = 255 * probability

    def find(self, inside: NDArray[np.bool_] | None = None) -> FoundCells:
        height, width = self.maps.shape[:2]
        if inside is None:
            inside = np.ones((height, width), np.bool_)
        return find_cells(self.maps.astype(np.uint8), inside, (width, height))


def _ellipse(
    size_hw: tuple[int, ...],
    centre: tuple[float, float],
    size: tuple[float, float],
    turn: float,
    factor: float,
    least: float,
) -> NDArray[np.uint8]:
    layer = np.zeros(size_hw, np.uint8)
    x, y = (round((at / 0.6 - 0.5) * 16) for at in centre)
    wide, high = (round(max(side / 0.6 * factor / 2, least) * 16) for side in size)
    cv2.ellipse(layer, (x, y), (wide, high), turn, 0, 360, 1, -1, shift=4)
    return layer
