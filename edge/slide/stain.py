"""What a slide's glass, red cells and nuclei look like, learned frame by frame."""

from collections import deque
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.optics.background import COARSE_SIDE_PX, estimate_log_background
from calibration.optics.halving import shrink_to
from calibration.optics.stain import nuclear_index
from hemalens.classes import CellKind
from hemalens.records import Detection, Segmentation
from hemalens.stain import SlideColours

NUCLEUS_SHARE: Final = 0.3
"""Darkest share of a nucleated cell's box: nucleus in any class, where nuclei fill
from 0.35 of it (measured on PBC, 2026-11)."""

NUCLEUS_SIDE_PX: Final = 48
"""A cell seen that coarsely tells the colour of its nucleus as well."""

FINER: Final = 4
"""A frame is halved down to so many times the side its background is seen at, then
averaged."""

RED_CELL_MIDDLE: Final = 0.7
"""Middle of a red cell's box, as a share of its side: without its rim."""

FEWEST_RED_CELLS: Final = 3
REMEMBERED: Final = 200
"""Cells of each kind, and frames, whose median stands for the slide: the lamp may
drift, and the present counts."""

RED_CELLS_A_FRAME: Final = 20
"""Of a frame at most: the median needs no more, and one frame is not the slide."""

LEARN_EVERY: Final = 8
"""Frames from one looked at to the next, once enough is remembered."""


class SlideStainLearner:
    """Learns a slide's colours from frames and the cells found in them.

    Parameters
    ----------
    remembered : int, optional
        Cells of each kind, and frames, that count; all when None.
    """

    def __init__(self, remembered: int | None = REMEMBERED) -> None:
        self._offered = 0
        self._backgrounds: deque[NDArray[np.float64]] = deque(maxlen=remembered)
        self._red_cells: deque[NDArray[np.float64]] = deque(maxlen=remembered)
        self._nuclei: deque[NDArray[np.float64]] = deque(maxlen=remembered)
        self._colours: SlideColours | None = None

    def learn(self, image: NDArray[np.uint8], found: Segmentation) -> None:
        """Take in a frame (H, W, 3), uint8, RGB, and its cells."""
        self._offered += 1
        if len(self._nuclei) == self._nuclei.maxlen and self._offered % LEARN_EVERY:
            return
        self._colours = None
        log_background = _log_background(image)
        self._backgrounds.append(np.exp(log_background) - 1)
        whole = [d for d in found.detections if not d.at_border]
        reds = [d for d in whole if d.kind is CellKind.RED_CELL]
        for red in reds[:: max(1, len(reds) // RED_CELLS_A_FRAME)]:
            density = log_background - np.log(_red_cell_colour(image, red) + 1)
            self._red_cells.append(density)
        for cell in whole:
            if cell.kind is CellKind.WHITE_CELL:
                self._nuclei.append(_nucleus_density(image, cell, log_background))

    def colours(self) -> SlideColours | None:
        """Give the medians so far; None before the first nucleated cell."""
        if self._colours is None and self._nuclei:
            enough = len(self._red_cells) >= FEWEST_RED_CELLS
            self._colours = SlideColours(
                background=_median(self._backgrounds),
                red_cell=_median(self._red_cells) if enough else None,
                nucleus=_median(self._nuclei),
            )
        return self._colours


def _median(values: deque[NDArray[np.float64]]) -> tuple[float, float, float]:
    red, green, blue = np.median(np.array(values), axis=0).round(4).tolist()
    return red, green, blue


def _log_background(image: NDArray[np.uint8]) -> NDArray[np.float64]:
    height, width = image.shape[:2]
    shrink = COARSE_SIDE_PX / max(height, width)
    coarse_wh = max(1, round(width * shrink)), max(1, round(height * shrink))
    # To average all of a large frame at once takes five times as long.
    finer = shrink_to(image, (FINER * coarse_wh[0], FINER * coarse_wh[1]))
    coarse = cv2.resize(finer, coarse_wh, interpolation=cv2.INTER_AREA)
    surface = estimate_log_background(np.asarray(coarse, np.uint8))
    return np.median(surface.reshape(-1, 3), axis=0).astype(np.float64)


def _red_cell_colour(image: NDArray[np.uint8], cell: Detection) -> NDArray[np.float64]:
    (x, y), (width, height) = cell.box.centre_xy, cell.box.size_wh
    half_x, half_y = width * RED_CELL_MIDDLE / 2, height * RED_CELL_MIDDLE / 2
    middle = image[
        int(y - half_y) : int(y + half_y) + 1, int(x - half_x) : int(x + half_x) + 1
    ]
    return np.array(cv2.mean(middle)[:3])


def _nucleus_density(
    image: NDArray[np.uint8], cell: Detection, log_background: NDArray[np.float64]
) -> NDArray[np.float64]:
    box = cell.box
    pixels = image[box.top : box.bottom, box.left : box.right]
    side = min(NUCLEUS_SIDE_PX, *cell.box.size_wh)
    small = cv2.resize(pixels, (side, side), interpolation=cv2.INTER_AREA)
    light = np.log(small.astype(np.float32) + 1)
    density = log_background.astype(np.float32) - light
    index = nuclear_index(density)
    lighter = round((1 - NUCLEUS_SHARE) * (index.size - 1))
    is_dark = index >= np.partition(index.ravel(), lighter)[lighter]
    return np.array(cv2.mean(density, is_dark.view(np.uint8))[:3])
