"""The peer's scale, and its limits of size and stain by which kinds stay possible."""

from dataclasses import dataclass
from typing import Final

from hemalens.classes import CellKind
from hemalens.preprocess import RED_CELL_DIAMETER_UM

WORK_PIXEL_SIZE_UM: Final = RED_CELL_DIAMETER_UM / 40
"""A red cell is 40 pixels wide."""


WHITE: Final = frozenset({CellKind.WHITE_CELL})
PLATELET: Final = frozenset({CellKind.PLATELET})
EITHER: Final = WHITE | PLATELET


LARGEST_PLATELET_UM2: Final = 85.0
"""Giant platelets of PBC, rim included, mostly stay below 70 µm²; one of 496 is larger
(measured on PBC, 2026-11)."""

SMALLEST_WHITE_CELL_UM2: Final = 14.0
SMALLEST_CUT_UM2: Final = 6.0
"""The smallest erythroblast of PBC is 27 µm², 99 % of BCCD's platelets lie below 14;
of a cell cut by the frame's edge less may show (measured on BCCD and PBC, 2026-11)."""

NUCLEUS_LEAST_DARK_UM2: Final = 24.0
NUCLEUS_LEAST_UM2: Final = 34.0
EVEN_GRANULARITY: Final = 1.12
UM2_PER_GRANULARITY: Final = 200.0
"""An evenly dark object of 34 µm² is a nucleus; the more granular, the larger it must
be, for giant platelets are granular. Of PBC 0.4 % of platelets and of BCCD 98 % of the
white cells lie beyond this line (measured on BCCD and PBC, 2026-11)."""

LIKELY_WHITE_UM2: Final = 45.0
LIKELY_SOLID_UM2: Final = 22.0
LIKELY_GRANULARITY: Final = 1.3
"""A large object, or a smaller one as even as this, is likelier a white cell than a
platelet; what stays open the classifier decides (measured on BCCD and PBC, 2026-11)."""


SHOWN_OF_CUT: Final = 0.5
"""Share of a cell that the frame's edge leaves, typically: limits for what it cuts are
lower by as much."""


def to_px(length_um: float) -> float:
    """Convert a length to pixels of the work image."""
    return length_um / WORK_PIXEL_SIZE_UM


def to_px2(area_um2: float) -> float:
    """Convert an area to pixels of the work image."""
    return area_um2 / WORK_PIXEL_SIZE_UM**2


@dataclass(frozen=True, slots=True, kw_only=True)
class StainedObject:
    """What tells a nucleus from a platelet.

    Parameters
    ----------
    area_um2 : float
        Of the whole object.
    dark_area_um2 : float
        Of its part as dark as this frame's nuclei.
    granularity : float
        95th over 75th percentile of its nuclear index above the red cells'.
    is_cut : bool
        Cut by the frame's edge.
    """

    area_um2: float
    dark_area_um2: float
    granularity: float
    is_cut: bool


def tell_kind(stained: StainedObject) -> tuple[CellKind, frozenset[CellKind]]:
    """Tell the likelier kind of a stained object, and all that stay possible."""
    if stained.area_um2 >= LARGEST_PLATELET_UM2 or _is_surely_nucleus(stained):
        return CellKind.WHITE_CELL, WHITE
    smallest = SMALLEST_CUT_UM2 if stained.is_cut else SMALLEST_WHITE_CELL_UM2
    if stained.area_um2 < smallest:
        return CellKind.PLATELET, PLATELET
    whole_um2 = stained.area_um2 / (SHOWN_OF_CUT if stained.is_cut else 1)
    is_likely_nucleus = (
        whole_um2 >= LIKELY_SOLID_UM2 and stained.granularity < LIKELY_GRANULARITY
    )
    if is_likely_nucleus or whole_um2 >= LIKELY_WHITE_UM2:
        return CellKind.WHITE_CELL, EITHER
    return CellKind.PLATELET, EITHER


def _is_surely_nucleus(stained: StainedObject) -> bool:
    granularity = max(0.0, stained.granularity - EVEN_GRANULARITY)
    least = NUCLEUS_LEAST_UM2 + UM2_PER_GRANULARITY * granularity
    return stained.dark_area_um2 >= NUCLEUS_LEAST_DARK_UM2 and stained.area_um2 >= least
