"""The cell classes, kinds and statuses every part of HemaLens speaks of."""

from enum import StrEnum
from typing import Final


class CellClass(StrEnum):
    """What the classifier can call a stained object, in PBC's folder order."""

    BASOPHIL = "basophil"
    EOSINOPHIL = "eosinophil"
    ERYTHROBLAST = "erythroblast"
    IG = "ig"
    LYMPHOCYTE = "lymphocyte"
    MONOCYTE = "monocyte"
    NEUTROPHIL = "neutrophil"
    PLATELET = "platelet"


class CellKind(StrEnum):
    """What segmentation can tell apart."""

    WHITE_CELL = "white_cell"
    RED_CELL = "red_cell"
    PLATELET = "platelet"


class CellStatus(StrEnum):
    """What became of a cell in the count."""

    COUNTED = "counted"
    UNCERTAIN = "uncertain"
    DUPLICATE = "duplicate"
    BORDER = "border"
    OUT_OF_FOCUS = "out_of_focus"


CLASS_NAMES: Final = tuple(cell_class.value for cell_class in CellClass)

LEUKOCYTES: Final = (
    CellClass.BASOPHIL,
    CellClass.EOSINOPHIL,
    CellClass.IG,
    CellClass.LYMPHOCYTE,
    CellClass.MONOCYTE,
    CellClass.NEUTROPHIL,
)
"""The classes a differential count is a percentage of."""


def kind_of_class(class_name: str) -> CellKind:
    """Say which kind of cell a class belongs to.

    Examples
    --------
    >>> kind_of_class("erythroblast")
    <CellKind.WHITE_CELL: 'white_cell'>
    """
    if class_name == CellClass.PLATELET:
        return CellKind.PLATELET
    return CellKind.WHITE_CELL
