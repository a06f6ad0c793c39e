"""Tiles of real fields that show no white cell: red cells, platelets, empty slide."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from hemalens.classes import CellKind
from hemalens.records import Box
from tests.benchmarks.drawn_non_cells import NonCell
from tests.benchmarks.labelled_images import evenly, read_bccd, read_rgb

TILE_WH: Final = (320, 240)
BCCD_PIXEL_SIZE_UM: Final = 7.5 / 104
"""Its median red cell is 104 px wide."""

UNLABELLED: Final = (41, 133, 134, 135, 171, 178, 228, 242, 290, 327)
"""Fields with white cells that nobody boxed."""


def cell_free_tiles(bccd: Path, fields: int) -> Iterator[NonCell]:
    """Cut the quarters of evenly spread fields that no white cell's box touches."""
    unlabelled = {f"BloodImage_{number:05}" for number in UNLABELLED}
    complete = [one for one in read_bccd(bccd) if one.path.stem not in unlabelled]
    for field in evenly(complete, fields):
        white = field.boxes_of(CellKind.WHITE_CELL)
        image = read_rgb(field.path)
        for tile in _quarters():
            if white and not any(_touch(tile, box) for box in white):
                yield NonCell(
                    kind="real red cells",
                    image=image[tile.top : tile.bottom, tile.left : tile.right].copy(),
                    pixel_size_um=BCCD_PIXEL_SIZE_UM,
                )


def _quarters() -> Iterator[Box]:
    width, height = TILE_WH
    for left in (0, width):
        for top in (0, height):
            yield Box(left, top, left + width, top + height)


def _touch(one: Box, other: Box) -> bool:
    return (
        one.left < other.right
        and other.left < one.right
        and one.top < other.bottom
        and other.top < one.bottom
    )
