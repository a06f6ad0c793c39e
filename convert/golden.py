"""Golden vectors' inputs: drawn cells, so that no dataset's image is in a bundle."""

import numpy as np
from numpy.typing import NDArray

from edge.capture.demo_slide import DemoSlide
from hemalens.classes import CLASS_NAMES
from hemalens.preprocess import crop_side_px, cut_crop


def golden_inputs(size_px: int, crop_side_um: float) -> NDArray[np.uint8]:
    """Cut one crop of each class from the simulated slide.

    Returns
    -------
    ndarray of shape (classes, size_px, size_px, 3), uint8, RGB
    """
    crops: dict[str, NDArray[np.uint8]] = {}
    with DemoSlide(seed=0, frames=60, mix="uniform") as slide:
        for frame in slide:
            side = crop_side_px(
                frame.pixel_size_um or slide.pixel_size_um, crop_side_um
            )
            for cell in slide.truth(frame.index):
                if cell.class_name is None or cell.at_border:
                    continue
                if cell.class_name not in crops:
                    crops[cell.class_name] = cut_crop(
                        frame.image, cell.box.centre_xy, side, size_px
                    )
            if len(crops) == len(CLASS_NAMES):
                break
    return np.stack([crops[name] for name in CLASS_NAMES])
