"""A view of a cell laid onto the slide."""

from typing import Final, NamedTuple

from edge.track.rigid import Rigid
from hemalens.classes import CellKind, CellStatus
from hemalens.records import Cell, Placement

Point = tuple[float, float]

_TOUCHING_PX: Final = 1


class BoxUm(NamedTuple):
    """A rectangle in slide coordinates, in micrometres."""

    left: float
    top: float
    right: float
    bottom: float


class CutSides(NamedTuple):
    """The sides of a view that the frame's edge cuts."""

    left: bool = False
    top: bool = False
    right: bool = False
    bottom: bool = False


_WHOLE: Final = CutSides()


class SlideView(NamedTuple):
    """What matching needs of a view.

    Attributes
    ----------
    is_red : bool
        Red cells are matched among themselves; white cells and platelets together,
        for one may be taken for the other.
    merit : pair of float
        The view with the higher one stands for the cell: whole before out of focus
        before cut; then the sharper, and of cut ones the larger.
    """

    cell_id: int
    place: int
    is_red: bool
    box: BoxUm
    cut: CutSides
    merit: tuple[float, float]


def position_um(cell: Cell, placement: Placement, pixel_size_um: float) -> Point:
    """Find where on the slide the middle of a view's box lies."""
    x, y = cell.box.centre_xy
    return Rigid.of(placement).apply((x * pixel_size_um, y * pixel_size_um))


def slide_view(cell: Cell, pixel_size_um: float, size_wh: tuple[int, int]) -> SlideView:
    """Lay a placed view onto the slide.

    The turn of a frame is small: boxes are shifted, not turned.

    Parameters
    ----------
    cell : Cell
        With its place and position.
    pixel_size_um : float
    size_wh : pair of int
        Of its frame.
    """
    if cell.place is None or cell.position_um is None:
        raise ValueError(f"a view on the slide has a place, {cell.cell_id} has none")
    width, height = (side * pixel_size_um for side in cell.box.size_wh)
    x, y = cell.position_um
    box = BoxUm(x - width / 2, y - height / 2, x + width / 2, y + height / 2)
    return SlideView(
        cell_id=cell.cell_id,
        place=cell.place,
        is_red=cell.kind is CellKind.RED_CELL,
        box=box,
        cut=_cut_sides(cell, size_wh),
        merit=_merit(cell, width * height),
    )


def _merit(cell: Cell, area_um2: float) -> tuple[float, float]:
    if cell.status is CellStatus.BORDER:
        return 0.0, area_um2
    in_focus = cell.status is not CellStatus.OUT_OF_FOCUS
    return 2.0 if in_focus else 1.0, cell.sharpness or 0.0


def _cut_sides(cell: Cell, size_wh: tuple[int, int]) -> CutSides:
    """Tell which sides are cut; only the status knows that any is."""
    if cell.status is not CellStatus.BORDER:
        return _WHOLE
    width, height = size_wh
    box = cell.box
    gaps = (box.left, box.top, width - box.right, height - box.bottom)
    reach = max(_TOUCHING_PX, min(gaps))
    return CutSides(*(gap <= reach for gap in gaps))
