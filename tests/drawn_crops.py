"""Crops of drawn cells, for tests that need cells and no dataset."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from edge.capture.demo_slide import DemoSlide
from hemalens.preprocess import crop_side_px, cut_crop


@cache
def drawn_crops(count: int, size_px: int = 100) -> NDArray[np.uint8]:
    """Cut stained cells of all classes from a simulated slide: (count, S, S, 3)."""
    crops: list[NDArray[np.uint8]] = []
    with DemoSlide(seed=5, frames=100, mix="uniform") as slide:
        side = crop_side_px(slide.pixel_size_um)
        for frame in slide:
            crops += [
                cut_crop(frame.image, cell.box.centre_xy, side, size_px)
                for cell in slide.truth(frame.index)
                if cell.class_name is not None and not cell.at_border
            ]
            if len(crops) >= count:
                return np.stack(crops[:count])
    raise AssertionError("the slide has too few cells")
