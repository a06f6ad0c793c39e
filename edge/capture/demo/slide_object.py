"""Cells and debris in their places."""

from dataclasses import dataclass

from edge.capture.demo.debris import DebrisPlan
from edge.capture.demo.platelets import PlateletPlan
from edge.capture.demo.red_cells import RedCellPlan
from edge.capture.demo.white_cells import WhiteCellPlan
from hemalens.classes import CellClass, CellKind

Plan = WhiteCellPlan | PlateletPlan | RedCellPlan | DebrisPlan


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SlideObject:
    """A cell, or debris, in its place.

    Parameters
    ----------
    number : int
        Unique on the slide; also seeds its drawing.
    centre_um : tuple of float
        x and y on the slide.
    radius_um : float
        Distance of its farthest point.
    kind : CellKind or None
        None for debris.
    class_name : CellClass or None
        None for red cells and debris.
    """

    number: int
    centre_um: tuple[float, float]
    radius_um: float
    kind: CellKind | None
    class_name: CellClass | None
    plan: Plan
