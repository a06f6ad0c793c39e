"""Crops of drawn cells, for tests that need cells and no dataset."""

from functools import cache
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from hemalens.preprocess import PBC_PIXEL_SIZE_UM, crop_side_px, cut_crop
from tests.drawn_dataset import HEIGHT, WIDTH, Analyzer


@cache
def drawn_crops(count: int, size_px: int = 100) -> NDArray[np.uint8]:
    """Cut stained cells of all classes from a simulated slide: (count, S, S, 3)."""
    analyzer = Analyzer(seed=5)
    side, middle = crop_side_px(PBC_PIXEL_SIZE_UM), (WIDTH / 2, HEIGHT / 2)
    stained = (cell for cell in analyzer.cells() if cell.class_name is not None)
    return np.stack(
        [
            cut_crop(analyzer.photograph(cell), middle, side, size_px)
            for cell in islice(stained, count)
        ]
    )
