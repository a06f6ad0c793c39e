"""A counted frame's stained cells, each cut out at PBC's scale."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge.records.counted_frame import CountedFrame
from hemalens.classes import CellKind, CellStatus
from hemalens.preprocess import PBC_PIXEL_SIZE_UM, crop_side_px, cut_crop

CROP_SIZE_PX: Final = round(crop_side_px(PBC_PIXEL_SIZE_UM))
"""With it a crop has PBC's pixel size, and every command takes it for one of PBC's."""


def stained_crops(counted: CountedFrame) -> Iterator[tuple[str, NDArray[np.uint8]]]:
    """Cut out the stained cells that the frame shows whole.

    Yields
    ------
    name : str
        ``<frame>-<cell_id>.png``, unique within a count.
    crop : ndarray of shape (256, 256, 3), uint8, RGB
    """
    side_px = crop_side_px(counted.pixel_size_um or PBC_PIXEL_SIZE_UM)
    for cell in counted.cells:
        if cell.kind is CellKind.RED_CELL or cell.status is CellStatus.BORDER:
            continue
        name = f"{Path(cell.frame).stem}-{cell.cell_id}.png"
        image = counted.frame.image
        yield name, cut_crop(image, cell.box.centre_xy, side_px, CROP_SIZE_PX)
