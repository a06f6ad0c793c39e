"""The scale all work is done at."""

from typing import Final

from hemalens.preprocess import RED_CELL_DIAMETER_UM

WORK_PIXEL_SIZE_UM: Final = RED_CELL_DIAMETER_UM / 40
"""A red cell is 40 pixels wide: fine enough for platelets, quick enough for a
Raspberry Pi (measured on BCCD and PBC, 2026-11)."""


def to_px(length_um: float) -> float:
    """Convert a length to pixels of the work image.

    Examples
    --------
    >>> round(to_px(7.5))
    40
    """
    return length_um / WORK_PIXEL_SIZE_UM


def to_px2(area_um2: float) -> float:
    """Convert an area to pixels of the work image.

    Examples
    --------
    >>> round(to_px2(44.2))
    1257
    """
    return area_um2 / WORK_PIXEL_SIZE_UM**2
