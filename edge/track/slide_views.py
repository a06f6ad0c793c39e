"""Views of cells laid onto the slide, packed in arrays."""

from collections.abc import Sequence
from itertools import chain
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge.records.rigid import Rigid
from hemalens.classes import CellKind, CellStatus
from hemalens.records import Cell, Placement

Numbers = NDArray[np.float64]

SlideViews = NDArray[np.void]
"""Rows of `VIEW`, all of one place."""

VIEW: Final = np.dtype(
    [
        ("cell_id", np.uint32),
        ("x_um", np.float32),
        ("y_um", np.float32),
        ("width_um", np.float16),
        ("height_um", np.float16),
        ("merit", np.float32),
        ("rank", np.uint8),
        ("cut", np.uint8),
        ("is_red", np.bool_),
    ]
)
"""What matching needs of a view, in 23 bytes.

cell_id
    Of the view.
x_um, y_um
    Middle of its box on the slide: to 0.004 µm on a slide of 75 mm.
width_um, height_um
    Of its box, to a thousandth.
rank, merit
    The view with the higher ones stands for the cell. `rank` decides first: whole,
    out of focus, cut. Then `merit`: the sharper, and of cut ones the larger.
cut
    The sides that the frame's edge cuts, a sum of `CutSides`.
is_red
    Red cells are matched among themselves; white cells and platelets together, for
    one may be taken for the other.
"""

SeenCells = NDArray[np.void]
"""Rows of `SEEN`."""

SEEN: Final = np.dtype(
    [
        ("cell_id", np.uint32),
        ("box_px", np.uint16, (4,)),
        ("sharpness", np.float32),
        ("rank", np.uint8),
        ("is_red", np.bool_),
    ]
)
"""The same of a view in its frame, before it is laid onto the slide."""

_WHOLE: Final = 2
_OUT_OF_FOCUS: Final = 1
_CUT: Final = 0

_TOUCHING_PX: Final = 1
_SIDES: Final = np.array([1, 2, 4, 8], np.uint8)
"""What left, top, right and bottom add to `cut`."""


class FrameScale(NamedTuple):
    """What lays views onto the slide: the size of the frame and of its pixels."""

    pixel_size_um: float
    size_wh: tuple[int, int]


def seen(cells: Sequence[Cell], sharpness: Sequence[float | None]) -> SeenCells:
    """Pack the views of a frame.

    Parameters
    ----------
    sharpness : sequence of float or None
        How well focused each is; None where that is not known.
    """
    packed = np.empty(len(cells), SEEN)
    packed["cell_id"] = [cell.cell_id for cell in cells]
    corners = chain.from_iterable([cell.box for cell in cells])
    packed["box_px"] = np.fromiter(corners, np.uint16).reshape(-1, 4)
    packed["sharpness"] = [value or 0.0 for value in sharpness]
    packed["rank"] = [_rank(cell.status) for cell in cells]
    packed["is_red"] = [cell.kind is CellKind.RED_CELL for cell in cells]
    return packed


def positions_um(
    cells: SeenCells, placement: Placement, pixel_size_um: float
) -> NDArray[np.float64]:
    """Find where on the slide the middles of views lie, x and y, one row a view."""
    boxes = cells["box_px"].astype(np.float64)
    middles = (boxes[:, :2] + boxes[:, 2:]) * (pixel_size_um / 2)
    return Rigid.of(placement).apply_to_all(middles)


def lay_views(
    cells: SeenCells, positions: NDArray[np.floating], scale: FrameScale
) -> SlideViews:
    """Lay views onto the slide.

    The turn of a frame is small: boxes are shifted, not turned.

    Parameters
    ----------
    positions : ndarray of shape (N, 2)
        Where their middles lie, in micrometres.
    scale : FrameScale
        Of the frames that show them.
    """
    boxes = cells["box_px"].astype(np.float64)
    sides = (boxes[:, 2:] - boxes[:, :2]) * scale.pixel_size_um
    is_cut = cells["rank"] == _CUT
    views = np.empty(len(cells), VIEW)
    for name in ("cell_id", "rank", "is_red"):
        views[name] = cells[name]
    views["x_um"], views["y_um"] = positions.T
    views["width_um"], views["height_um"] = sides.T
    views["merit"] = np.where(is_cut, sides.prod(axis=1), cells["sharpness"])
    views["cut"] = np.where(is_cut, _cut_sides(boxes, scale.size_wh), 0)
    return views


def corners_um(views: SlideViews) -> Numbers:
    """Return left, top, right and bottom of views, one row each."""
    half = np.stack([views["width_um"], views["height_um"]], axis=1) * np.float64(0.5)
    middle = np.stack([views["x_um"], views["y_um"]], axis=1)
    return np.hstack([middle - half, middle + half])


def cut_sides(views: SlideViews) -> NDArray[np.bool_]:
    """Return which of left, top, right and bottom are cut, one row a view."""
    return np.asarray(views["cut"][:, None] & _SIDES, bool)


def is_better(views: SlideViews, others: SlideViews) -> NDArray[np.bool_]:
    """Find where a view is a better likeness of its cell than another."""
    is_sharper = views["merit"] > others["merit"]
    same_rank = views["rank"] == others["rank"]
    return np.where(same_rank, is_sharper, views["rank"] > others["rank"])


def moved(views: SlideViews, transform: Rigid) -> SlideViews:
    """Take views into other coordinates."""
    there = views.copy()
    middles = np.stack([views["x_um"], views["y_um"]], axis=1).astype(np.float64)
    there["x_um"], there["y_um"] = transform.apply_to_all(middles).T
    return there


def _rank(status: CellStatus) -> int:
    if status is CellStatus.BORDER:
        return _CUT
    return _OUT_OF_FOCUS if status is CellStatus.OUT_OF_FOCUS else _WHOLE


def _cut_sides(boxes: Numbers, size_wh: tuple[int, int]) -> NDArray[np.uint8]:
    """Find which sides of cut views are cut; only the status knows that any is."""
    gaps = np.hstack([boxes[:, :2], np.array(size_wh) - boxes[:, 2:]])
    reach = np.maximum(_TOUCHING_PX, gaps.min(axis=1, initial=np.inf))
    return np.asarray((gaps <= reach[:, None]) @ _SIDES, np.uint8)
