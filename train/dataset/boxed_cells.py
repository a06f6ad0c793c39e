"""Cells that people boxed and named in whole fields of other microscopes.

Two layouts are known by what lies in the folder: BCCD's (``JPEGImages``,
``Annotations``, ``wbc_types.csv``) and that of ``chula_wbc`` (``fields``,
``boxes.csv``).
"""

import csv
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hemalens.classes import CLASS_NAMES
from hemalens.errors import DatasetError
from hemalens.records import Box
from train.dataset.labelled_fields import IMAGES, read_labelled_fields

BOXES: Final = "boxes.csv"
FIELDS: Final = "fields"

BCCD_PIXEL_SIZE_UM: Final = 0.0745
"""Its median red cell, 104 px in TXL's boxes, is a little over 7.5 µm."""
CHULA_PIXEL_SIZE_UM: Final = 0.095
"""Between 0.09 and 0.1 by its red cells (measured 2026-11)."""

APART_EVERY: Final = 5
"""One field, or one photographed cell, of so many is kept apart."""
SLIDES_APART: Final = frozenset({"B-56", "B-57", "E-12", "E-13", "L-9"})
"""Slides of ``chula_wbc`` kept apart. Nearly all of its monocytes come from one slide,
and of its neutrophils from another: of these two, other cells are kept apart, not
slides."""
TIED_SLIDES: Final = frozenset({"M-8", "N-3B"})


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxedCell:
    """One cell in one field.

    Parameters
    ----------
    path : Path
        Of the field.
    box : Box
    class_name : str
    slide : str
        What it shares its look with.
    cell : str
        The same for one cell photographed again.
    apart : bool
        Kept for measuring, never trained on.
    """

    path: Path
    box: Box
    class_name: str
    slide: str
    cell: str
    apart: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxedSet:
    """The cells of one microscope."""

    name: str
    pixel_size_um: float
    cells: tuple[BoxedCell, ...]

    def part(self, *, apart: bool) -> tuple[BoxedCell, ...]:
        """Keep the cells to train on, or those kept apart."""
        return tuple(cell for cell in self.cells if cell.apart is apart)


def read_boxed_set(folder: Path) -> BoxedSet:
    """Read a set in either layout, named after its folder.

    Raises
    ------
    DatasetError
        When the folder has neither layout, or a table in it cannot be read.
    """
    if (folder / BOXES).is_file():
        cells, pixel_size_um = _read_chula(folder), CHULA_PIXEL_SIZE_UM
    elif (folder / IMAGES).is_dir():
        cells, pixel_size_um = _read_bccd(folder), BCCD_PIXEL_SIZE_UM
    else:
        raise DatasetError(
            f"{folder} should hold {BOXES} and {FIELDS}, or {IMAGES}: no set of boxed "
            "cells is known by another layout"
        )
    return BoxedSet(
        name=folder.resolve().name, pixel_size_um=pixel_size_um, cells=cells
    )


def draw_weights(cells: tuple[BoxedCell, ...]) -> list[float]:
    """Weigh cells so that neither class nor slide nor repetition rules.

    A cell photographed n times has its share n times divided; a slide's share of its
    class, and a class's share of all, grow with the root of their cells.

    Examples
    --------
    >>> def cell(number: int, name: str) -> BoxedCell:
    ...     return BoxedCell(
    ...         path=Path("a.jpg"),
    ...         box=Box(0, 0, 9, 9),
    ...         class_name=name,
    ...         slide="S",
    ...         cell=str(number),
    ...         apart=False,
    ...     )
    >>> draw_weights((cell(1, "ig"), cell(1, "ig"), cell(2, "monocyte")))
    [0.25, 0.25, 0.5]
    """
    photographs: defaultdict[tuple[str, str], int] = defaultdict(int)
    for cell in cells:
        photographs[cell.class_name, cell.cell] += 1
    shares = [1 / photographs[cell.class_name, cell.cell] for cell in cells]
    for grouped in (
        [(cell.class_name, cell.slide) for cell in cells],
        [cell.class_name for cell in cells],
    ):
        totals: defaultdict[object, float] = defaultdict(float)
        for group, share in zip(grouped, shares, strict=True):
            totals[group] += share
        shares = [
            share / totals[group] ** 0.5
            for group, share in zip(grouped, shares, strict=True)
        ]
    return [share / sum(shares) for share in shares]


def _read_bccd(folder: Path) -> tuple[BoxedCell, ...]:
    return tuple(
        BoxedCell(
            path=field.path,
            box=box,
            class_name=field.class_name,
            slide=folder.name,
            cell=f"{field.path.stem}-{number}",
            apart=_number(field.path.stem) % APART_EVERY == 0,
        )
        for field in read_labelled_fields(folder)
        for number, box in enumerate(field.boxes)
    )


def _number(name: str) -> int:
    return int("0" + "".join(filter(str.isdecimal, name)))


def _read_chula(folder: Path) -> tuple[BoxedCell, ...]:
    table = folder / BOXES
    try:
        with table.open(newline="", encoding="utf-8") as file:
            return tuple(_chula_cell(folder, row) for row in csv.DictReader(file))
    except OSError as error:
        raise DatasetError(f"cannot read {table}: {error.strerror}") from error
    except (KeyError, TypeError, ValueError) as error:
        raise DatasetError(
            f"{table} should have the columns file, class, left, top, right, bottom, "
            f"slide and cell, and classes of {', '.join(CLASS_NAMES)}: {error}"
        ) from error


def _chula_cell(folder: Path, row: dict[str, str]) -> BoxedCell:
    corners = (row["left"], row["top"], row["right"], row["bottom"])
    CLASS_NAMES.index(row["class"])
    is_tied = row["slide"] in TIED_SLIDES
    return BoxedCell(
        path=folder / FIELDS / row["file"],
        box=Box(*(round(float(corner)) for corner in corners)),
        class_name=row["class"],
        slide=row["slide"],
        cell=row["cell"],
        apart=int(row["cell"]) % APART_EVERY == 0
        if is_tied
        else row["slide"] in SLIDES_APART,
    )
