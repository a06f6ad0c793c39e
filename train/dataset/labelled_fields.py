"""Whole fields with their white cells boxed and the types of those named.

The layout is BCCD's: ``JPEGImages``, ``Annotations`` (Pascal VOC) and a table of the
types, one line an image.
"""

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from xml.etree import ElementTree

from hemalens.classes import CLASS_NAMES
from hemalens.errors import DatasetError
from hemalens.records import Box

IMAGES: Final = "JPEGImages"
ANNOTATIONS: Final = "Annotations"
TYPES: Final = "wbc_types.csv"
WHITE_CELL: Final = "WBC"

_CORNERS: Final = ("xmin", "ymin", "xmax", "ymax")
_LEAST_SIDE_PX: Final = 3
"""BCCD has two boxes without an area."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledField:
    """A field whose white cells are all of one named type.

    Parameters
    ----------
    path : Path
        Of the image.
    class_name : str
        The type.
    boxes : tuple of Box
        Its white cells.
    """

    path: Path
    class_name: str
    boxes: tuple[Box, ...]


def read_labelled_fields(
    folder: Path, types: Path | None = None
) -> tuple[LabelledField, ...]:
    """List the fields that name one type, in the order of their names.

    Which box of a field is which type is not said, so that fields of several types
    cannot be used; nor those without a box.

    Parameters
    ----------
    folder : Path
        Holds ``JPEGImages`` and ``Annotations``.
    types : Path, optional
        Table with the columns ``image`` and ``wbc_types``; ``wbc_types.csv`` of the
        folder else.

    Raises
    ------
    DatasetError
        When the folder is laid out otherwise, or no field can be used.
    """
    named = read_types(types or folder / TYPES)
    fields = [
        LabelledField(
            path=folder / IMAGES / name,
            class_name=classes.pop(),
            boxes=read_white_boxes(folder / ANNOTATIONS / f"{Path(name).stem}.xml"),
        )
        for name, classes in sorted(named.items())
        if len(classes) == 1 and classes <= set(CLASS_NAMES)
    ]
    usable = tuple(field for field in fields if field.boxes)
    if not usable:
        raise DatasetError(
            f"no field of {folder} has white cells of one named type: wanted boxes "
            f"named {WHITE_CELL} and types such as {', '.join(CLASS_NAMES[:2])}"
        )
    return usable


def read_types(table: Path) -> dict[str, set[str]]:
    """Read the types each field names, by its file name.

    Raises
    ------
    DatasetError
        When the table cannot be read.
    """
    try:
        with table.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
            return {row["image"]: _types_of(row["wbc_types"]) for row in rows}
    except OSError as error:
        raise DatasetError(
            f"cannot read {table}, which names the fields' types: {error.strerror}; "
            "--types gives another"
        ) from error
    except (KeyError, TypeError, AttributeError, UnicodeDecodeError) as error:
        raise DatasetError(
            f"{table} should be a table with the columns image and wbc_types"
        ) from error


def _types_of(text: str) -> set[str]:
    return {part.strip().lower() for part in text.split(",") if part.strip()}


def read_white_boxes(file: Path) -> tuple[Box, ...]:
    """Read the white cells of a Pascal VOC annotation, those without an area left out.

    Raises
    ------
    DatasetError
        When it cannot be read.
    """
    try:
        # Expat itself bounds what entities expand to (CVE-2013-0340, since 2.4.1).
        root = ElementTree.parse(file).getroot()  # noqa: S314
        boxes = [
            Box(*(round(float(node.findtext(f"bndbox/{c}", ""))) for c in _CORNERS))
            for node in root.iter("object")
            if node.findtext("name") == WHITE_CELL
        ]
    except OSError as error:
        raise DatasetError(f"cannot read {file}: {error.strerror}") from error
    except (ElementTree.ParseError, ValueError) as error:
        raise DatasetError(
            f"{file} should be a Pascal VOC annotation with whole boxes: {error}"
        ) from error
    return tuple(box for box in boxes if min(box.size_wh) >= _LEAST_SIDE_PX)
