"""Chula's red cells of anaemias: a point each, but not in every field all of them."""

from pathlib import Path
from typing import Final

from convert.studies.microscopes.readers.tables import (
    image_size_wh,
    number_in,
    read_lines,
    require_folder,
)
from convert.studies.microscopes.truth import LabelledFrame, Microscope, Pick, Slide
from hemalens.errors import DatasetError
from hemalens.preprocess import RED_CELL_DIAMETER_UM
from hemalens.records import Box
from train.dataset.boxed_cells import APART_EVERY

CHULA_RBC12: Final = "chula_rbc12"
PIXEL_SIZE_UM: Final = 0.18
"""Red cells of 16 fields of 640x480 are 38 to 51 px wide, median 42, and a bar of 20 µm
is 106 px (measured 2026-11)."""
FULLY_LABELLED: Final = frozenset(
    {5, 19, 96, 99, 101, 246, 257, 262, 282, 303, 314, 386, 388, 389}
)
"""Fields in which every whole red cell has its point: looked at by eye (2026-11)."""

_CLEAR_UM: Final = 0.45 * RED_CELL_DIAMETER_UM


def read_chula_rbc12(
    datasets: Path,
    work: Path,  # noqa: ARG001
    pick: Pick,
) -> Microscope:
    """Read its fields.

    Raises
    ------
    DatasetError
        When the folder is missing or a label file is damaged.
    """
    folder = require_folder(datasets / CHULA_RBC12)
    files = pick.of(sorted((folder / "fields").glob("*.jpg")), _is_apart)
    frames = tuple(_frame(file, folder / "labels") for file in files)
    slide = Slide(name=CHULA_RBC12, pixel_size_um=PIXEL_SIZE_UM, frames=frames)
    return Microscope(
        name=CHULA_RBC12,
        slides=(slide,),
        training_name=CHULA_RBC12,
        truth="red cells by points; totals of the 14 fields where all whole ones have "
        "one, those near the edge left out on both sides",
    )


def _is_apart(file: Path) -> bool:
    return number_in(file) % APART_EVERY == 0


def _frame(file: Path, labels: Path) -> LabelledFrame:
    table = labels / f"{file.stem}.txt"
    try:
        points = [(int(x), int(y)) for x, y, _ in read_lines(table)]
    except ValueError as error:
        raise DatasetError(f"{table} should have x, y and type: {error}") from error
    number, size_wh = number_in(file), image_size_wh(file)
    return LabelledFrame(
        path=file,
        has_all_white_cells=False,
        red_cells=tuple(_around(point) for point in points),
        has_all_red_cells=number in FULLY_LABELLED,
        whole_red_cells=sum(_is_clear(point, size_wh) for point in points),
    )


def _is_clear(point: tuple[int, int], size_wh: tuple[int, int]) -> bool:
    """Say whether a cell around a point, a little small, stays clear of the edge."""
    (x, y), (width, height) = point, size_wh
    return min(x, y, width - x, height - y) >= _CLEAR_UM / PIXEL_SIZE_UM


def _around(point: tuple[int, int]) -> Box:
    """Draw the box of a normal red cell around a point."""
    half = RED_CELL_DIAMETER_UM / PIXEL_SIZE_UM / 2
    x, y = point
    return Box(round(x - half), round(y - half), round(x + half), round(y + half))
