"""How much of a simulated slide's truth a count finds."""

from collections import Counter
from collections.abc import Iterable

from edge.capture.demo_slide import DemoSlide, TrueCell
from hemalens.classes import CellKind
from hemalens.records import Box, Cell

LEAST_IOU = 0.5
"""Intersection over union from which a found box is the drawn cell's, as in the
evaluation of detectors (PASCAL VOC, doi 10.1007/s11263-009-0275-4)."""


class DrawnAgreement:
    """Adds up, frame by frame, what was found of the stained cells drawn.

    Cells cut by the frame's edge are not asked for.

    Parameters
    ----------
    slide : DemoSlide
        Knows the truth.

    Attributes
    ----------
    calls : Counter of pairs of class names
        Drawn and called class of each cell found.
    white_cells, white_cells_found : int
        Nucleated cells drawn, and those of them found.
    """

    def __init__(self, slide: DemoSlide) -> None:
        self._slide = slide
        self.calls: Counter[tuple[str, str]] = Counter()
        self.white_cells = 0
        self.white_cells_found = 0

    def add(self, frame_index: int, cells: Iterable[Cell]) -> None:
        """Hold a frame's cells against its truth."""
        called = [cell for cell in cells if cell.class_name is not None]
        for drawn in self._slide.truth(frame_index):
            if drawn.class_name is None or drawn.at_border:
                continue
            is_white = drawn.kind is CellKind.WHITE_CELL
            self.white_cells += is_white
            found = _best(drawn, called)
            if found is not None:
                called.remove(found)
                self.white_cells_found += is_white
                self.calls[drawn.class_name.value, str(found.class_name)] += 1

    @property
    def found(self) -> int:
        """Stained cells found, platelets among them."""
        return self.calls.total()

    @property
    def agreed(self) -> int:
        """Those of them that were called what they are."""
        return sum(n for (drawn, called), n in self.calls.items() if drawn == called)


def _best(drawn: TrueCell, called: list[Cell]) -> Cell | None:
    best = max(called, key=lambda cell: _iou(drawn.box, cell.box), default=None)
    if best is None or _iou(drawn.box, best.box) < LEAST_IOU:
        return None
    return best


def _iou(a: Box, b: Box) -> float:
    width = min(a.right, b.right) - max(a.left, b.left)
    height = min(a.bottom, b.bottom) - max(a.top, b.top)
    if width <= 0 or height <= 0:
        return 0.0
    areas = sum(box.size_wh[0] * box.size_wh[1] for box in (a, b))
    return width * height / (areas - width * height)
