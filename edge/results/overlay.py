"""A frame with its cells marked, to be read at a glance.

White cells: a box and the class's name and probability. Platelets: a small box and P.
Red cells: a thin ellipse. What does not count is drawn with thin grey lines, what is
uncertain with a question mark.
"""

from collections import Counter
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.records.counted_frame import CountedFrame
from hemalens.classes import CellClass, CellKind, CellStatus
from hemalens.records import Cell

Colour = tuple[int, int, int]

# Okabe and Ito, Color Universal Design (2008): told apart with any colour vision;
# black in place of yellow, which is lost on a pale background.
COLOURS: Final[dict[str, Colour]] = {
    CellClass.BASOPHIL: (0, 0, 0),
    CellClass.EOSINOPHIL: (213, 94, 0),
    CellClass.ERYTHROBLAST: (204, 121, 167),
    CellClass.IG: (86, 180, 233),
    CellClass.LYMPHOCYTE: (0, 114, 178),
    CellClass.MONOCYTE: (0, 158, 115),
    CellClass.NEUTROPHIL: (230, 159, 0),
    CellClass.PLATELET: (130, 60, 160),
}
"""RGB of each class."""

_RED_CELL: Final[Colour] = (190, 110, 110)
_NOT_COUNTED: Final[Colour] = (110, 110, 110)
_WHITE: Final[Colour] = (255, 255, 255)
_RED_CELLS: Final = "red cells"
_FONT: Final = cv2.FONT_HERSHEY_SIMPLEX


def draw_overlay(counted: CountedFrame) -> NDArray[np.uint8]:
    """Draw a frame's cells onto a copy of it.

    Returns
    -------
    ndarray of shape (H + strip, W, 3), uint8, RGB
        A strip below the frame says what was counted in it.
    """
    canvas = counted.frame.image.copy()
    text_scale = max(0.35, min(canvas.shape[:2]) / 1200)
    reds = [c for c in counted.cells if c.kind is CellKind.RED_CELL]
    stained = [c for c in counted.cells if c.kind is not CellKind.RED_CELL]
    for cell in reds:
        _draw_red_cell(canvas, cell)
    for cell in stained:
        _draw_box(canvas, cell, text_scale)
    for cell in stained:
        _draw_name(canvas, cell, text_scale)
    return _with_strip(canvas, counted, text_scale)


def _colour(cell: Cell) -> Colour:
    if cell.status is not CellStatus.COUNTED or cell.class_name is None:
        return _NOT_COUNTED
    return COLOURS.get(cell.class_name, _NOT_COUNTED)


def _draw_red_cell(canvas: NDArray[np.uint8], cell: Cell) -> None:
    width, height = cell.box.size_wh
    centre = tuple(round(value) for value in cell.box.centre_xy)
    colour = _RED_CELL if cell.status is CellStatus.COUNTED else _NOT_COUNTED
    axes = (max(1, width // 2 - 1), max(1, height // 2 - 1))
    cv2.ellipse(canvas, centre, axes, 0, 0, 360, colour, 1, cv2.LINE_AA)


def _draw_box(canvas: NDArray[np.uint8], cell: Cell, text_scale: float) -> None:
    counted = cell.status is CellStatus.COUNTED
    heavy = counted and cell.kind is CellKind.WHITE_CELL
    thickness = max(1, round(5 * text_scale)) if heavy else 1
    left, top, right, bottom = cell.box
    corner = (right - 1, bottom - 1)
    cv2.rectangle(canvas, (left, top), corner, _colour(cell), thickness)


def _name(cell: Cell) -> str:
    if cell.kind is CellKind.PLATELET and cell.status is CellStatus.COUNTED:
        return "P"
    if cell.status is CellStatus.BORDER:
        return "border" if cell.kind is CellKind.WHITE_CELL else ""
    name = f"{cell.class_name} {100 * (cell.probability or 0):.0f}%"
    return f"? {name}" if cell.status is CellStatus.UNCERTAIN else name


def _draw_name(canvas: NDArray[np.uint8], cell: Cell, text_scale: float) -> None:
    """Write the name on a plate of the class's colour, inside the frame."""
    text = _name(cell)
    if not text:
        return
    (width, height), below = cv2.getTextSize(text, _FONT, text_scale, 1)
    pad = max(2, round(6 * text_scale))
    plate_height = height + below + pad
    left = min(cell.box.left, canvas.shape[1] - width - 2 * pad)
    top = cell.box.top - plate_height
    if top < 0:
        top = min(cell.box.bottom, canvas.shape[0] - plate_height)
    left, top = max(0, left), max(0, top)
    corner = (left + width + 2 * pad, top + plate_height)
    cv2.rectangle(canvas, (left, top), corner, _colour(cell), cv2.FILLED)
    origin = (left + pad, top + height + pad // 2)
    cv2.putText(canvas, text, origin, _FONT, text_scale, _WHITE, 1, cv2.LINE_AA)


def _with_strip(
    canvas: NDArray[np.uint8], counted: CountedFrame, text_scale: float
) -> NDArray[np.uint8]:
    lines = _fitted(_strip_parts(counted), canvas.shape[1], text_scale)
    line_height = round(46 * text_scale) + 4
    strip = np.full(
        (line_height * len(lines) + line_height // 3, canvas.shape[1], 3), 255, np.uint8
    )
    for row, line in enumerate(lines):
        origin = (round(12 * text_scale), round(line_height * (row + 0.85)))
        cv2.putText(
            strip, line, origin, _FONT, text_scale, (20, 20, 20), 1, cv2.LINE_AA
        )
    return np.vstack([canvas, strip])


def _strip_parts(counted: CountedFrame) -> list[str]:
    """Say what was counted, by class, then what was not."""
    number = Counter(
        (cell.class_name or _RED_CELLS)
        if cell.status is CellStatus.COUNTED
        else f"{cell.status.value}, not counted:"
        for cell in counted.cells
    )
    order = [*COLOURS, _RED_CELLS]
    order += sorted(name for name in number if name not in order)
    parts = [f"{name} {number[name]}" for name in order if number[name]]
    return [counted.frame.name, *(parts or ["no cells"])]


def _fitted(parts: list[str], width_px: int, text_scale: float) -> list[str]:
    """Join parts into lines that fit the strip."""
    lines = [parts[0]]
    for part in parts[1:]:
        longer = f"{lines[-1]}   {part}"
        (wide, _), _ = cv2.getTextSize(longer, _FONT, text_scale, 1)
        if wide < 0.97 * width_px:
            lines[-1] = longer
        else:
            lines.append(part)
    return lines
