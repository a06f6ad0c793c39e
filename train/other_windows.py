"""Windows of boxed cells of other microscopes, cut and brought to PBC's glass."""

import hashlib
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hemalens.classes import CLASS_NAMES
from hemalens.errors import CaptureError, DatasetError
from hemalens.files import sha256_of
from hemalens.image_files import read_image
from hemalens.preprocess import crop_side_px, cut_crop
from train.batches import OtherWindows
from train.cache import CropArray
from train.dataset.boxed_cells import BoxedCell, BoxedSet, draw_weights
from train.dataset.glass import bring_glass, glass_colour
from train.dataset.stain_densities import REACH_UM
from train.recipe import Recipe
from train.run import OtherSet


def cut_other_windows(boxed: BoxedSet, recipe: Recipe) -> OtherWindows:
    """Cut the windows of a set's cells that are trained on, at their own scale.

    Raises
    ------
    DatasetError
        When an image cannot be read.
    """
    cells = boxed.part(apart=False)
    return OtherWindows(
        name=boxed.name,
        windows=cut_cells(
            cells,
            boxed.pixel_size_um,
            size_px=recipe.input_size_px,
            crop_side_um=recipe.crop_side_um,
            context=recipe.context,
        ),
        weights=np.array(draw_weights(cells)),
    )


def cut_cells(
    cells: tuple[BoxedCell, ...],
    pixel_size_um: float,
    *,
    size_px: int,
    crop_side_um: float,
    context: float = 1.0,
) -> CropArray:
    """Cut a window about each cell, its glass brought to PBC's.

    Parameters
    ----------
    cells : tuple of BoxedCell
    pixel_size_um : float
    size_px, crop_side_um, context
        As `train.cache.cached_crops` takes them.

    Raises
    ------
    DatasetError
        When an image cannot be read.
    """
    kept_px = round(size_px * context)
    side_px = crop_side_px(pixel_size_um, crop_side_um) * context
    windows = []
    for cell in cells:
        field = _field(cell.path)
        glass = glass_colour(field, cell.box.centre_xy, REACH_UM / pixel_size_um)
        window = cut_crop(field, cell.box.centre_xy, side_px, kept_px)
        windows.append(bring_glass(window, glass))
    return CropArray(
        crops=np.stack(windows),
        class_indices=np.array(
            [CLASS_NAMES.index(cell.class_name) for cell in cells], np.int64
        ),
        names=tuple(cell.path.name for cell in cells),
    )


def describe(boxed: BoxedSet) -> OtherSet:
    """Record which cells of which files a run is trained on."""
    cells = boxed.part(apart=False)
    digests = {path: sha256_of(path) for path in {cell.path for cell in cells}}
    lines = sorted(
        f"{digests[cell.path]} {cell.box} {cell.class_name}\n" for cell in cells
    )
    return OtherSet(
        name=boxed.name,
        digest=hashlib.sha256("".join(lines).encode()).hexdigest(),
        cells=len(cells),
        apart=len(boxed.cells) - len(cells),
    )


@lru_cache(maxsize=4)
def _field(path: Path) -> NDArray[np.uint8]:
    try:
        return read_image(path)
    except CaptureError as error:
        raise DatasetError(str(error)) from error
