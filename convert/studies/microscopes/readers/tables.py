"""Tables and YOLO boxes that come with images."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import cv2

from hemalens.errors import DatasetError
from hemalens.records import Box

_CORNERS: Final = ("left", "top", "right", "bottom")
_LEAST_SIDE_PX: Final = 3


def require_folder(folder: Path) -> Path:
    """Return the folder, which must be there.

    Raises
    ------
    DatasetError
        When it is not.
    """
    if not folder.is_dir():
        raise DatasetError(f"no folder {folder}")
    return folder


def read_rows(table: Path, columns: Sequence[str]) -> list[dict[str, str]]:
    """Read a CSV table.

    Raises
    ------
    DatasetError
        When it cannot be read or a column is missing.
    """
    try:
        with table.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
    except OSError as error:
        raise DatasetError(f"cannot read {table}: {error.strerror}") from error
    missing = [name for name in columns if rows and rows[0].get(name) is None]
    if missing or not rows:
        raise DatasetError(f"{table} should have the columns {', '.join(columns)}")
    return rows


def row_box(row: dict[str, str]) -> Box:
    """Read the box of a row with the columns left, top, right and bottom."""
    return Box(*(round(float(row[corner])) for corner in _CORNERS))


def read_lines(path: Path) -> list[list[str]]:
    """Read the words of each line that has any.

    Raises
    ------
    DatasetError
        When the file cannot be read.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise DatasetError(f"cannot read {path}: {error.strerror}") from error
    return [words for line in lines if (words := line.split())]


def read_yolo(path: Path, size_wh: tuple[int, int]) -> list[tuple[int, Box]]:
    """Read YOLO boxes: a line each, class, centre, width and height as fractions.

    Boxes without an area are left out.

    Raises
    ------
    DatasetError
        When the file cannot be read, or a line is no box.
    """
    try:
        boxes = [_yolo_box(words, size_wh) for words in read_lines(path)]
    except ValueError as error:
        raise DatasetError(f"{path} should hold YOLO boxes: {error}") from error
    return [(kind, box) for kind, box in boxes if min(box.size_wh) >= _LEAST_SIDE_PX]


def _yolo_box(words: list[str], size_wh: tuple[int, int]) -> tuple[int, Box]:
    x, y, width, height = (float(word) for word in words[1:])
    corners = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
    sides = (*size_wh, *size_wh)
    return int(words[0]), Box(
        *(round(corner * side) for corner, side in zip(corners, sides, strict=True))
    )


def image_size_wh(path: Path) -> tuple[int, int]:
    """Read an image's width and height in pixels.

    Raises
    ------
    DatasetError
        When it cannot be read.
    """
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is None:
        raise DatasetError(f"cannot read image {path}")
    return image.shape[1], image.shape[0]


def is_whole(box: Box, size_wh: tuple[int, int]) -> bool:
    """Say whether a box stays clear of the image's edge."""
    width, height = size_wh
    nearest = min(box.left, box.top, width - box.right, height - box.bottom)
    return nearest > 1


def number_in(path: Path) -> int:
    """Read the number in a file's name; 0 where it has none.

    Examples
    --------
    >>> number_in(Path("BloodImage_00041.jpg"))
    41
    """
    return int("0" + "".join(filter(str.isdecimal, path.stem)))
