"""Pictures of the cells, a few of each class."""

from collections.abc import Callable, Iterable
from io import BytesIO
from itertools import islice
from typing import Final

from edge.station.export.labels import CLASS_ORDER
from edge.station.export.paper import GREY, INK, Paper
from edge.station.records import ReviewedCell
from hemalens.classes import CellClass

PER_CLASS: Final = 8
DOUBTFUL: Final = 2
"""Of these, places for cells that model and person did not agree on at once."""
SIDE_MM: Final = 15.0
GAP_MM: Final = 1.5
CROP_UM: Final = 24.0
"""Side of the slide's area that a picture shows."""
BAR_UM: Final = 10.0

Crops = Callable[[int], bytes | None]


def gallery(paper: Paper, crops: Crops) -> None:
    """Print a row a class, leaving out classes without a picture."""
    rows = [(name, _pictures(paper, name, crops)) for name in CLASS_ORDER]
    rows = [(name, pictures) for name, pictures in rows if pictures]
    if not rows:
        return
    paper.add_page()
    paper.ink(12, bold=True)
    paper.words(paper.labels["pictures"], paper.epw, 7)
    paper.ln(7)
    paper.ink(8, colour=GREY)
    paper.words(paper.labels["settled"], paper.epw)
    paper.ln(7)
    for name, pictures in rows:
        _row(paper, name, pictures)
    _scale_bar(paper)


def _pictures(
    paper: Paper, name: CellClass, crops: Crops
) -> list[tuple[ReviewedCell, bytes]]:
    cells = [cell for cell in paper.report.cells if cell.final_class is name]
    cells.sort(key=lambda cell: -(cell.model_probability or 0.0))
    agreed = (cell for cell in cells if not _is_doubtful(cell))
    doubtful = (cell for cell in cells if _is_doubtful(cell))
    last = _with_picture(doubtful, crops, DOUBTFUL)
    return _with_picture(agreed, crops, PER_CLASS - len(last)) + last


def _is_doubtful(cell: ReviewedCell) -> bool:
    # The model's probability is of its own class: where a person gave another one,
    # it tells nothing for that class.
    return cell.is_uncertain or cell.model_class is not cell.final_class


def _with_picture(
    cells: Iterable[ReviewedCell], crops: Crops, most: int
) -> list[tuple[ReviewedCell, bytes]]:
    pictures = ((cell, crops(cell.cell_id)) for cell in cells)
    found = ((cell, picture) for cell, picture in pictures if picture is not None)
    return list(islice(found, most))


def _row(
    paper: Paper, name: CellClass, pictures: list[tuple[ReviewedCell, bytes]]
) -> None:
    if paper.will_page_break(SIDE_MM + 3):
        paper.add_page()
    top = paper.y
    paper.ink(8.5, bold=True)
    paper.words(paper.labels[name.value], 38, 6)
    paper.set_xy(paper.l_margin, top + 5)
    paper.ink(7.5, colour=GREY)
    cells = sum(cell.final_class is name for cell in paper.report.cells)
    said = paper.labels["of_cells"].format(shown=len(pictures), all=cells)
    paper.words(said, 38, 5)
    for place, (cell, picture) in enumerate(pictures):
        left = paper.l_margin + 39 + place * (SIDE_MM + GAP_MM)
        paper.image(BytesIO(picture), left, top, SIDE_MM, SIDE_MM)
        if _is_doubtful(cell):
            _mark(paper, left, top)
    paper.set_xy(paper.l_margin, top + SIDE_MM + GAP_MM + 1)


def _scale_bar(paper: Paper) -> None:
    """Draw how long so many micrometres are in the pictures; without a scale none."""
    if paper.report.pixel_size_um is None:
        return
    left, length = paper.l_margin + 39, SIDE_MM * BAR_UM / CROP_UM
    paper.set_draw_color(*INK)
    paper.line(left, paper.y + 1, left + length, paper.y + 1)
    for end in (left, left + length):
        paper.line(end, paper.y + 0.2, end, paper.y + 1.8)
    paper.set_xy(left + length + 1, paper.y - 1)
    paper.ink(7.5, colour=GREY)
    paper.words(paper.labels["scale"].format(um=f"{BAR_UM:g}"), 20, 4)


def _mark(paper: Paper, left: float, top: float) -> None:
    paper.set_fill_color(255, 255, 255)
    paper.set_draw_color(*INK)
    paper.rect(left, top, 4, 4, style="DF")
    paper.ink(8, bold=True)
    paper.set_xy(left, top)
    paper.cell(4, 4, "?", align="C")
