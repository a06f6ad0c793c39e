"""Nature's ruler: what the cells that a finder found say of the pixel size."""

import math
from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge.segment.found_cells import FEWEST_RED_CELLS, FoundCells
from edge.segment.shapes import Shapes
from hemalens.classes import CellKind
from hemalens.finder import OUTPUT_STRIDE, PIXEL_SIZE_UM, Map
from hemalens.preprocess import RED_CELL_DIAMETER_UM
from hemalens.records import MeasuredScale

WHITE_CELL_DIAMETER_UM: Final = 12.5
"""Median white cell's box of BCCD and PBC (measured 2026-11)."""

MAP_PIXEL_UM: Final = PIXEL_SIZE_UM * OUTPUT_STRIDE

SCANNED_UM: Final = tuple(np.geomspace(0.05, 0.5, 9).tolist())
"""Pixel sizes tried where none is known: a finder stands a third more or less."""

SURE_CELL: Final = 0.5
"""Mean of its own map over a cell from which on it is measured."""

SURE_CELLS: Final = 5
CONFIRMED: Final = 0.25
"""Red cells that confirm a guess, and deviation from it, in logarithms."""

CONFIRMING_SHARE: Final = 0.1
"""Agreement from which on no other scale need be tried: at wrong ones it is less
(measured on five microscopes, 2026-11)."""

LEAST_AGREEMENT: Final = 0.01
"""Agreement that cells must have: of noise it is 0.007 at most, of frames of six
microscopes 0.06 at least (measured 2026-12)."""

WITHIN_UM: Final = (0.03, 0.5)
"""Pixel sizes that a frame's cells may say."""

SETTLED: Final = 0.04
"""Deviation, in logarithms, below which a scale is left as it is."""

STEPS: Final = 3
"""Times a scale is set right by what is found at it."""

AGREEMENT: Final = 0.5
"""Deviation, in logarithms, by which what is found at a scale may contradict it: cells
that are not the size looked for are none. Small lymphocytes must not be (0.5 and the
power below are best on five microscopes alike, measured 2026-12)."""

SURENESS: Final = 4
"""Power of a cell's evidence: a finder is less sure of cells of another size."""


def measure_scale(cells: FoundCells, used_um: float) -> MeasuredScale | None:
    """Measure the pixel size by the whole cells of a frame.

    Parameters
    ----------
    cells : FoundCells
        As found in maps.
    used_um : float
        The pixel size they were found at.

    Returns
    -------
    MeasuredScale or None
        None without a whole cell.
    """
    red, white = (_sure_diameters(*of) for of in _whole(cells))
    if len(red) >= FEWEST_RED_CELLS:
        return _scale(red, CellKind.RED_CELL, RED_CELL_DIAMETER_UM, used_um)
    if len(white):
        return _scale(white, CellKind.WHITE_CELL, WHITE_CELL_DIAMETER_UM, used_um)
    return None


def _whole(cells: FoundCells) -> tuple[tuple[Shapes, Map], tuple[Shapes, Map]]:
    return (cells.red, Map.RED_BODY), (cells.white, Map.WHITE_BODY)


def _sure_diameters(shapes: Shapes, own: Map) -> NDArray[np.float64]:
    is_sure = ~shapes.is_cut & (shapes.evidence[:, own] >= SURE_CELL)
    return shapes.diameter[is_sure] * MAP_PIXEL_UM


def _scale(
    diameters_um: NDArray[np.float64], kind: CellKind, usual_um: float, used_um: float
) -> MeasuredScale:
    middle = float(np.median(diameters_um))
    # Of normal values half lie within 0.6745 deviations.
    away = float(np.median(np.abs(diameters_um - middle))) / 0.6745
    return MeasuredScale(
        pixel_size_um=used_um * usual_um / middle,
        kind=kind,
        cells=len(diameters_um),
        spread=away / middle,
    )


def search_scale(
    look: Callable[[float], FoundCells], guess_um: float | None
) -> float | None:
    """Take a guess that the cells found by it confirm, or try pixel sizes.

    Parameters
    ----------
    look : callable
        Finds the cells at a pixel size, µm.
    guess_um : float or None
        What circles say, as of `calibration.optics.red_cell_ruler`.

    Returns
    -------
    float or None
        The pixel size, µm; None where nothing is found at any.
    """
    if guess_um is not None:
        found = look(guess_um)
        measured = measure_scale(found, guess_um)
        if measured is not None and _confirms(measured, guess_um, agreement(found)):
            return _settled(look, measured, guess_um)
    tried = {used: look(used) for used in SCANNED_UM}
    agreements = [agreement(found) for found in tried.values()]
    if max(agreements) < LEAST_AGREEMENT:
        return None
    best_um = _peak(SCANNED_UM, agreements)
    measured = measure_scale(look(best_um), best_um)
    if measured is None or measured.kind is not CellKind.RED_CELL:
        # One white cell may be half as wide again as another.
        return best_um
    return _settled(look, measured, best_um)


def _peak(scales_um: Sequence[float], agreements: Sequence[float]) -> float:
    """Place the best scale between those tried, by the parabola through its top."""
    best = int(np.argmax(agreements))
    if best in {0, len(scales_um) - 1}:
        return scales_um[best]
    before, top, after = agreements[best - 1 : best + 2]
    offset = (before - after) / (before - 2 * top + after) / 2
    step = math.log(scales_um[best + 1] / scales_um[best])
    return scales_um[best] * math.exp(offset * step)


def _settled(
    look: Callable[[float], FoundCells], measured: MeasuredScale, used_um: float
) -> float:
    """Set a scale right by what is found at it, as long as that moves it."""
    for _ in range(STEPS):
        if abs(math.log(measured.pixel_size_um / used_um)) < SETTLED:
            break
        used_um = float(np.clip(measured.pixel_size_um, *WITHIN_UM))
        again = measure_scale(look(used_um), used_um)
        if again is None or again.kind is not measured.kind:
            break
        measured = again
    return used_um


def _confirms(measured: MeasuredScale, guess_um: float, share: float) -> bool:
    away = abs(math.log(measured.pixel_size_um / guess_um))
    is_red = measured.kind is CellKind.RED_CELL and measured.cells >= SURE_CELLS
    return is_red and away < CONFIRMED and share >= CONFIRMING_SHARE


def agreement(cells: FoundCells) -> float:
    """Return the share of a frame that is what was sought, of the size sought.

    At a wrong scale a few shapes may seem to be cells: those count for less.
    """
    covered_um2 = sum(
        _covered_um2(*of, usual_um)
        for of, usual_um in zip(
            _whole(cells), (RED_CELL_DIAMETER_UM, WHITE_CELL_DIAMETER_UM), strict=True
        )
    )
    width, height = cells.size_wh
    number = len(cells.red) + len(cells.white)
    share = covered_um2 / (width * height * MAP_PIXEL_UM**2)
    return share * number / (number + 1)


def _covered_um2(shapes: Shapes, own: Map, usual_um: float) -> float:
    diameter_um = shapes.diameter * MAP_PIXEL_UM
    away = np.log(np.maximum(diameter_um, 0.1) / usual_um)
    weight = shapes.evidence[:, own] ** SURENESS * np.exp(-((away / AGREEMENT) ** 2))
    return float(np.sum(weight * np.pi / 4 * diameter_um**2))
