"""The field of view: where it stands on the slide, and how it is painted."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import cv2
import numpy as np

from edge.capture.demo.debris import DebrisPlan, draw_debris
from edge.capture.demo.platelets import PlateletPlan, draw_platelet
from edge.capture.demo.red_cells import RedCellPlan, draw_red_cell
from edge.capture.demo.slide import Slide
from edge.capture.demo.slide_object import SlideObject
from edge.capture.demo.stain import RED_CELL, DrawnStain, Plane
from edge.capture.demo.texture import CANVAS_UM
from edge.capture.demo.white_cells import draw_white_cell
from hemalens.records import Box

FIELDS_A_ROW: Final = 25

_OVERLAP: Final = 0.3
"""Share of the thinner red cell's density that adds to the thicker one's where two
overlap: they flatten against each other (measured on PBC, 2026-11)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldOfView:
    """A rectangle of the slide, in pixels from the slide's corner.

    Pixels of overlapping fields coincide, so a cell looks the same in both.
    """

    left_px: int
    top_px: int
    width_px: int
    height_px: int
    pixel_size_um: float

    def edges_um(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom on the slide, in micrometres."""
        right, bottom = self.left_px + self.width_px, self.top_px + self.height_px
        edges = (self.left_px, self.top_px, right, bottom)
        left_um, top_um, right_um, bottom_um = (v * self.pixel_size_um for v in edges)
        return left_um, top_um, right_um, bottom_um


def field_at(
    index: int, size_wh: tuple[int, int], pixel_size_um: float, overlap_fraction: float
) -> FieldOfView:
    """Find a field on its serpentine way over the slide.

    Examples
    --------
    >>> [field_at(i, (100, 80), 0.1, 0).left_px for i in (0, 1, 24, 25, 26)]
    [0, 100, 2400, 2400, 2300]
    """
    width, height = size_wh
    row, column = divmod(index, FIELDS_A_ROW)
    if row % 2:
        column = FIELDS_A_ROW - 1 - column
    return FieldOfView(
        left_px=column * max(1, round(width * (1 - overlap_fraction))),
        top_px=row * max(1, round(height * (1 - overlap_fraction))),
        width_px=width,
        height_px=height,
        pixel_size_um=pixel_size_um,
    )


def box_in_field(field: FieldOfView, item: SlideObject) -> tuple[Box, bool] | None:
    """Find a cell's box in a field.

    Returns
    -------
    (Box, bool) or None
        The box clipped to the field, and whether it had to be; None outside.
    """
    x, y = _centre_px(field, item)
    left, top, right, bottom = _bounds_um(item)
    if not isinstance(item.plan, RedCellPlan):
        x, y = round(x), round(y)
    scale = field.pixel_size_um
    whole = (
        int(np.floor(x + left / scale)),
        int(np.floor(y + top / scale)),
        int(np.ceil(x + right / scale)),
        int(np.ceil(y + bottom / scale)),
    )
    box = Box(
        max(0, whole[0]),
        max(0, whole[1]),
        min(field.width_px, whole[2]),
        min(field.height_px, whole[3]),
    )
    if box.left >= box.right or box.top >= box.bottom:
        return None
    return box, tuple(box) != whole


def _bounds_um(item: SlideObject) -> tuple[float, float, float, float]:
    """Extent about the centre: left, top, right, bottom."""
    plan = item.plan
    if isinstance(plan, RedCellPlan):
        return plan.bounds_um()
    if isinstance(plan, DebrisPlan):
        return -plan.radius_um, -plan.radius_um, plan.radius_um, plan.radius_um
    (left, top), (right, bottom) = plan.outline.min(axis=0), plan.outline.max(axis=0)
    return float(left), float(top), float(right), float(bottom)


def _centre_px(field: FieldOfView, item: SlideObject) -> tuple[float, float]:
    x, y = (v / field.pixel_size_um for v in item.centre_um)
    return x - field.left_px, y - field.top_px


class FieldPainter:
    """Paints fields of one slide as optical density.

    Parameters
    ----------
    seed : int
        The slide's.
    stain : DrawnStain
        How it came out.
    """

    def __init__(self, slide: Slide, stain: DrawnStain, seed: int) -> None:
        self._slide = slide
        self._stain = stain
        self._seed = seed
        self._sprite = lru_cache(maxsize=24)(self._draw)

    def paint(self, field: FieldOfView) -> Plane:
        """Paint a field.

        Returns
        -------
        ndarray of shape (H, W, 3), float32
            Optical density, R, G, B.
        """
        red = np.zeros((field.height_px, field.width_px), np.float32)
        stained = np.zeros((field.height_px, field.width_px, 3), np.float32)
        for item in self._slide.objects(*field.edges_um()):
            if box_in_field(field, item) is None:
                continue
            if isinstance(item.plan, RedCellPlan):
                _add_red_cell(red, field, item, item.plan)
            else:
                x, y = (round(v) for v in _centre_px(field, item))
                _add(stained, self._sprite(item, field.pixel_size_um), x, y)
        tint = np.array(self._stain.tint, np.float32) * np.float32(self._stain.strength)
        stained *= tint
        colour = np.array(RED_CELL) * self._stain.red_cell_tint
        for channel in range(3):
            stained[..., channel] += red * np.float32(
                colour[channel] * self._stain.strength
            )
        return stained

    def _draw(self, item: SlideObject, pixel_size_um: float) -> Plane:
        """Draw a stained object at the frame's scale."""
        rng = np.random.default_rng([self._seed, 5, item.number])
        if isinstance(item.plan, PlateletPlan):
            canvas = draw_platelet(rng, item.plan)
        elif isinstance(item.plan, DebrisPlan):
            canvas = draw_debris(rng, item.plan)
        elif isinstance(item.plan, RedCellPlan):
            raise TypeError("red cells are painted, not drawn on a canvas")
        else:
            canvas = draw_white_cell(rng, item.plan)
        half_px = max(1, round(len(canvas) / 2 * CANVAS_UM / pixel_size_um))
        shrinks = 2 * half_px < len(canvas)
        sprite = cv2.resize(
            canvas,
            (2 * half_px, 2 * half_px),
            interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR,
        )
        return np.asarray(sprite, np.float32)


def _add_red_cell(
    red: Plane, field: FieldOfView, item: SlideObject, plan: RedCellPlan
) -> None:
    x, y = _centre_px(field, item)
    column, row = round(x), round(y)
    half_px = int(np.ceil((item.radius_um + 0.4) / field.pixel_size_um)) + 1
    offset = x - column, y - row
    sprite = draw_red_cell(plan, offset, half_px, field.pixel_size_um)
    below, above = _common(red, sprite, column, row)
    thinned = np.minimum(below, above) * np.float32(_OVERLAP)
    np.maximum(below, above, out=below)
    below += thinned


def _add(plane: Plane, sprite: Plane, x: int, y: int) -> None:
    """Add a sprite centred at a pixel, as far as it lies in the field."""
    below, above = _common(plane, sprite, x, y)
    below += above


def _common(plane: Plane, sprite: Plane, x: int, y: int) -> tuple[Plane, Plane]:
    """View the pixels that a sprite centred at (x, y) shares with a plane, in both."""
    half_px = len(sprite) // 2
    left, top = x - half_px, y - half_px
    right, bottom = min(plane.shape[1], x + half_px), min(plane.shape[0], y + half_px)
    from_x, from_y = max(0, left), max(0, top)
    to_x, to_y = max(from_x, right), max(from_y, bottom)
    return (
        plane[from_y:to_y, from_x:to_x],
        sprite[from_y - top : to_y - top, from_x - left : to_x - left],
    )
