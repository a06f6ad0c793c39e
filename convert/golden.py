"""Golden vectors' inputs: drawn cells, so that no dataset's image is in a bundle."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge.capture.demo_slide import DemoSlide
from hemalens.classes import CLASS_NAMES
from hemalens.preprocess import crop_side_px, cut_crop

STEADY: Final = 2
"""Codes that an answer may move by and need not be bettered."""

_FRAMES: Final = 96
_COPIES: Final = 4
"""Of each cell, every pixel up to one code off."""

AllCodes = Callable[[NDArray[np.uint8]], Sequence[NDArray[np.uint8]]]


def golden_inputs(
    size_px: int, crop_side_um: float, all_codes: AllCodes
) -> NDArray[np.uint8]:
    """Cut from the simulated slide a cell of each class that is answered steadily.

    Where an answer hangs in the balance, what runtimes round differently moves it by
    many codes: of drawn cells taken as they came, x86 and arm64 gave 9 to 13 codes of
    difference in one of eight, and 1 to 3 in the others (ai-edge-litert 2.3 and
    tflite-runtime 2.14, both outputs, measured 2026-11). A pixel one code off moves the
    same answers.

    Parameters
    ----------
    size_px : int
        Side of the model's input.
    crop_side_um : float
        The same at the specimen.
    all_codes : callable
        Gives every output's codes, each of shape (N, ...), for crops.

    Returns
    -------
    ndarray of shape (classes, size_px, size_px, 3), uint8, RGB
        The first cell as steady as `STEADY`, or else the steadiest drawn.
    """
    steadiest: dict[str, NDArray[np.uint8]] = {}
    least = dict.fromkeys(CLASS_NAMES, 256)
    random = np.random.default_rng(0)
    for name, crop in _drawn_cells(size_px, crop_side_um):
        if least[name] <= STEADY:
            continue
        moved = _codes_moved(crop, all_codes, random)
        if moved < least[name]:
            steadiest[name], least[name] = crop, moved
        if max(least.values()) <= STEADY:
            break
    return np.stack([steadiest[name] for name in CLASS_NAMES])


def _codes_moved(
    crop: NDArray[np.uint8], all_codes: AllCodes, random: np.random.Generator
) -> int:
    """Measure by how many codes a pixel one code off moves any output at most."""
    off = random.integers(-1, 2, (_COPIES, *crop.shape))
    copies = np.clip(crop + off, 0, 255).astype(np.uint8)
    outputs = all_codes(np.concatenate([crop[None], copies]))
    moved = [np.abs(codes[1:].astype(int) - codes[:1]).max() for codes in outputs]
    return int(max(moved))


def _drawn_cells(
    size_px: int, crop_side_um: float
) -> Iterator[tuple[str, NDArray[np.uint8]]]:
    """Draw the slide, and cut its whole stained cells."""
    with DemoSlide(seed=0, frames=_FRAMES, mix="uniform") as slide:
        for frame in slide:
            pixel_size_um = frame.pixel_size_um or slide.pixel_size_um
            side = crop_side_px(pixel_size_um, crop_side_um)
            for cell in slide.truth(frame.index):
                if cell.class_name is not None and not cell.at_border:
                    crop = cut_crop(frame.image, cell.box.centre_xy, side, size_px)
                    yield cell.class_name, crop
