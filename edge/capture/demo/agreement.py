"""How much of a simulated slide's truth a count finds."""

from collections import Counter
from collections.abc import Iterable

from edge.capture.demo_slide import DemoSlide
from hemalens.box_matching import match_boxes
from hemalens.classes import CellKind
from hemalens.records import Cell


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
        drawn = [
            cell
            for cell in self._slide.truth(frame_index)
            if cell.class_name is not None and not cell.at_border
        ]
        self.white_cells += sum(cell.kind is CellKind.WHITE_CELL for cell in drawn)
        for i, j in match_boxes([c.box for c in called], [d.box for d in drawn]):
            self.white_cells_found += drawn[j].kind is CellKind.WHITE_CELL
            self.calls[str(drawn[j].class_name), str(called[i].class_name)] += 1

    @property
    def found(self) -> int:
        """Stained cells found, platelets among them."""
        return self.calls.total()

    @property
    def agreed(self) -> int:
        """Those of them that were called what they are."""
        return sum(n for (drawn, called), n in self.calls.items() if drawn == called)
