"""A drawn dataset in PBC's layout, for tests that train and convert."""

from itertools import count
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.capture.demo_slide import DemoSlide
from hemalens.classes import CLASS_NAMES
from hemalens.preprocess import CROP_SIDE_UM, PBC_PIXEL_SIZE_UM, crop_side_px, cut_crop
from hemalens.split import Split, split_of

WIDTH, HEIGHT = 360, 363


def name_in(split: Split, class_name: str, number: int) -> str:
    """Find a file name that the rule puts into a split."""
    names = (f"{class_name}_{number}_{attempt}.jpg" for attempt in count())
    return next(name for name in names if split_of(name) is split)


def draw_dataset(folder: Path, *, train: int, validation: int) -> Path:
    """Write so many drawn cells of each class into each split."""
    wanted = [Split.TRAIN] * train + [Split.VALIDATION] * validation
    drawn = dict.fromkeys(CLASS_NAMES, 0)
    slide = DemoSlide(
        seed=8, frames=400, mix="uniform", pixel_size_um=PBC_PIXEL_SIZE_UM
    )
    for frame in slide:
        for cell in slide.truth(frame.index):
            name = cell.class_name
            if name is None or cell.at_border or drawn[name] == len(wanted):
                continue
            file = name_in(wanted[drawn[name]], name, drawn[name])
            _write(folder / name / file, _centred(frame.image, cell.box.centre_xy))
            drawn[name] += 1
        if min(drawn.values()) == len(wanted):
            return folder
    raise AssertionError("the slide has too few cells")


def _centred(
    image: NDArray[np.uint8], centre_xy: tuple[float, float]
) -> NDArray[np.uint8]:
    side = crop_side_px(PBC_PIXEL_SIZE_UM, CROP_SIDE_UM) * HEIGHT / 256
    square = cut_crop(image, centre_xy, side, HEIGHT)
    return square[:, 1 : WIDTH + 1]


def _write(path: Path, image: NDArray[np.uint8]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
