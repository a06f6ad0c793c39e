"""The cells of a frame's maps, each of one kind."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.segment.parting import part
from edge.segment.shapes import Shapes, measure
from hemalens.classes import CellKind
from hemalens.finder import OUTPUT_STRIDE, PIXEL_SIZE_UM, Map
from hemalens.preprocess import RED_CELL_DIAMETER_UM

LEAST_CORE_PX: Final = {
    CellKind.WHITE_CELL: 8,
    CellKind.RED_CELL: 5,
    CellKind.PLATELET: 5,
}
"""Area of the smallest core, in map pixels; a red cell's is 31."""

LEAST_EVIDENCE: Final = {
    Map.WHITE_BODY: 0.78,
    Map.RED_BODY: 0.68,
    Map.PLATELET: 0.8,
}
"""Mean of an object's own map over it: a hundredth of the cells of BCCD and PBC lie
below, noise and folds in a smear mostly (measured 2026-11)."""

SMALL: Final = 0.6
"""Diameter, in the frame's red cells', below which a platelet may lie on a red cell; a
larger object is one or the other."""

FEWEST_RED_CELLS: Final = 3
"""With fewer the median may be any of them."""

_MAPS: Final = {
    CellKind.WHITE_CELL: (Map.WHITE_BODY, Map.WHITE_CORE),
    CellKind.RED_CELL: (Map.RED_BODY, Map.RED_CORE),
    CellKind.PLATELET: (Map.PLATELET, Map.PLATELET),
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FoundCells:
    """The cells of one frame by their kind, in map pixels.

    Parameters
    ----------
    white, red, platelets : Shapes
    size_wh : pair of float
        Of the frame.
    """

    white: Shapes
    red: Shapes
    platelets: Shapes
    size_wh: tuple[float, float]


def find_cells(
    maps: NDArray[np.uint8], inside: NDArray[np.bool_], size_wh: tuple[float, float]
) -> FoundCells:
    """Find the cells of a frame's maps.

    Parameters
    ----------
    maps : ndarray of shape (H, W, 5), uint8
        Probabilities, 255 for 1.
    inside : ndarray of shape (H, W), bool
        As of `shapes.measure`.
    size_wh : pair of float
        Of the frame, in map pixels; the maps may be larger.
    """
    planes = [np.asarray(plane, np.uint8) for plane in cv2.split(maps)]
    shapes = {}
    for kind, (body, core) in _MAPS.items():
        parted = part(planes[body], planes[core], LEAST_CORE_PX[kind])
        shapes[kind] = measure(parted, planes[body], maps, inside, size_wh)
    return _of_one_kind_each(shapes, size_wh)


def _of_one_kind_each(
    shapes: dict[CellKind, Shapes], size_wh: tuple[float, float]
) -> FoundCells:
    """Leave each object to the kind that the maps say most surely over it."""
    white, red = shapes[CellKind.WHITE_CELL], shapes[CellKind.RED_CELL]
    platelets = shapes[CellKind.PLATELET]
    is_platelet = _is_most_surely(platelets, Map.PLATELET, (Map.WHITE_BODY,))
    is_no_red_cell = _is_most_surely(platelets, Map.PLATELET, (Map.RED_BODY,))
    is_small = platelets.diameter < SMALL * usual_diameter(red)
    return FoundCells(
        white=white.of(
            _is_most_surely(white, Map.WHITE_BODY, (Map.RED_BODY, Map.PLATELET))
        ),
        red=red.of(_is_most_surely(red, Map.RED_BODY, (Map.WHITE_BODY, Map.PLATELET))),
        platelets=platelets.of(is_platelet & (is_small | is_no_red_cell)),
        size_wh=size_wh,
    )


def _is_most_surely(
    shapes: Shapes, own: Map, others: tuple[Map, ...]
) -> NDArray[np.bool_]:
    evidence = shapes.evidence[:, own]
    most = shapes.evidence[:, others].max(axis=1, initial=LEAST_EVIDENCE[own])
    return np.asarray(evidence >= most, np.bool_)


def usual_diameter(red: Shapes) -> float:
    """Return the median red cell's, or what it should be."""
    whole = red.diameter[~red.is_cut]
    usual = RED_CELL_DIAMETER_UM / (PIXEL_SIZE_UM * OUTPUT_STRIDE)
    return float(np.median(whole)) if len(whole) >= FEWEST_RED_CELLS else usual
