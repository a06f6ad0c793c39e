"""TXL-PBC's boxes of BCCD fields and PBC images: white cells, red cells, platelets."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from convert.studies.microscopes.readers.tables import read_yolo
from hemalens.classes import CellKind
from hemalens.records import Box

FOLDER: Final = "boxes_TXL-PBC"
_KINDS: Final = (CellKind.WHITE_CELL, CellKind.RED_CELL, CellKind.PLATELET)


def read_txl(
    folder: Path, image: Path, size_wh: tuple[int, int]
) -> Mapping[CellKind, tuple[Box, ...]] | None:
    """Read the boxes of an image, by kind; None where there are none of it.

    Raises
    ------
    DatasetError
        When the file is damaged.
    """
    file = folder / f"{image.stem}.txt"
    if not file.is_file():
        return None
    boxes = read_yolo(file, size_wh)
    return {
        kind: tuple(box for number, box in boxes if _KINDS[number] is kind)
        for kind in _KINDS
    }
