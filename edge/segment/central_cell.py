"""The cell in the middle of an image that shows one cell."""

from typing import Final

from hemalens.classes import CellKind
from hemalens.records import Box, Detection, Segmentation

_STAINED: Final = frozenset({CellKind.WHITE_CELL, CellKind.PLATELET})


def find_middle_cell(seen: Segmentation, size_wh: tuple[int, int]) -> Detection:
    """Find the stained object in the middle, or take the whole image for one.

    Parameters
    ----------
    seen : Segmentation
        Of the image.
    size_wh : pair of int
        Of the image, in pixels.

    Returns
    -------
    Detection
        Where nothing is found, of any kind that is stained.
    """
    width, height = size_wh
    x, y = width / 2, height / 2
    middle = [
        found
        for found in seen.detections
        if found.kind in _STAINED and _holds(found.box, x, y)
    ]
    if middle:
        return max(middle, key=lambda found: min(found.box.size_wh))
    return Detection(
        box=Box(0, 0, width, height),
        kind=CellKind.WHITE_CELL,
        possible_kinds=_STAINED,
        at_border=False,
    )


def _holds(box: Box, x: float, y: float) -> bool:
    return box.left <= x < box.right and box.top <= y < box.bottom
