"""White cell or platelet: what size and maps decide, and what they leave open."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge.segment.found_cells import FoundCells, usual_diameter
from edge.segment.shapes import Shapes
from hemalens.classes import CellKind
from hemalens.finder import OUTPUT_STRIDE, PIXEL_SIZE_UM, Map

WHITE: Final = frozenset({CellKind.WHITE_CELL})
PLATELET: Final = frozenset({CellKind.PLATELET})
EITHER: Final = WHITE | PLATELET

LARGEST_PLATELET_UM: Final = 9.4
"""Diameter of giant platelets, rim included: of PBC's 496 one is larger. A finder may
take them for nuclei without a doubt (measured on PBC, 2026-11)."""

SMALLEST_WHITE_CELL_UM: Final = 4.2
"""Diameter below which 99 % of BCCD's platelets lie; the smallest erythroblast of PBC
has 5.9 (measured on BCCD and PBC, 2026-11)."""

SURE: Final = 0.1
"""Mean of the other kind's map over an object from which on it stays open."""


def possible_kinds_of(cells: FoundCells) -> list[tuple[CellKind, frozenset[CellKind]]]:
    """Return the likelier kind of each stained object, and all that stay possible.

    White cells first, then platelets.
    """
    white, platelets = cells.white, cells.platelets
    is_white = _is_surely_white(white)
    is_platelet = _is_surely_platelet(platelets)
    is_large = platelets.diameter >= usual_diameter(cells.red)
    return [
        *((CellKind.WHITE_CELL, WHITE if sure else EITHER) for sure in is_white),
        *(
            (CellKind.WHITE_CELL, EITHER)
            if large
            else (CellKind.PLATELET, PLATELET if sure else EITHER)
            for sure, large in zip(is_platelet, is_large, strict=True)
        ),
    ]


def _is_surely_white(shapes: Shapes) -> NDArray[np.bool_]:
    return np.asarray(_diameter_um(shapes) >= LARGEST_PLATELET_UM, np.bool_)


def _is_surely_platelet(shapes: Shapes) -> NDArray[np.bool_]:
    is_small = _diameter_um(shapes) < SMALLEST_WHITE_CELL_UM
    is_small &= ~shapes.is_cut
    return np.asarray(is_small | (shapes.evidence[:, Map.WHITE_BODY] < SURE), np.bool_)


def _diameter_um(shapes: Shapes) -> NDArray[np.float64]:
    return shapes.diameter * (PIXEL_SIZE_UM * OUTPUT_STRIDE)
