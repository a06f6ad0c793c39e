"""How many cells of each class a slide carries."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from hemalens.classes import CellClass


class Mix(StrEnum):
    """The slides there are.

    ``normal`` is adult blood, its rare classes made less rare, so that a few fields
    show them all; ``uniform`` carries all eight classes equally often; ``blank`` is
    bare glass.
    """

    NORMAL = "normal"
    UNIFORM = "uniform"
    BLANK = "blank"


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """How densely a slide is covered.

    Parameters
    ----------
    shares : mapping of CellClass to float
        Of the cells that lie singly; add up to 1.
    singles_per_mm2, platelets_per_mm2, debris_per_mm2 : float
        Singles are white cells (in ``uniform`` platelets too); the platelets named
        here come on top, partly in clumps.
    red_cells : bool
        Whether the rest is covered with red cells.
    """

    shares: Mapping[CellClass, float]
    singles_per_mm2: float
    platelets_per_mm2: float
    debris_per_mm2: float
    red_cells: bool


_NORMAL_SHARES: Final = MappingProxyType(
    {
        CellClass.NEUTROPHIL: 0.47,
        CellClass.LYMPHOCYTE: 0.24,
        CellClass.MONOCYTE: 0.08,
        CellClass.EOSINOPHIL: 0.07,
        CellClass.BASOPHIL: 0.04,
        CellClass.IG: 0.06,
        CellClass.ERYTHROBLAST: 0.04,
    }
)
"""Reference ranges of adult blood (Bain, Blood Cells, 6th edition), the rare ones
raised."""

COVERAGES: Final[Mapping[Mix, Coverage]] = MappingProxyType(
    {
        Mix.NORMAL: Coverage(
            shares=_NORMAL_SHARES,
            singles_per_mm2=330,
            platelets_per_mm2=500,
            debris_per_mm2=40,
            red_cells=True,
        ),
        Mix.UNIFORM: Coverage(
            shares=MappingProxyType(dict.fromkeys(CellClass, 1 / 8)),
            singles_per_mm2=480,
            platelets_per_mm2=0,
            debris_per_mm2=20,
            red_cells=True,
        ),
        Mix.BLANK: Coverage(
            shares=_NORMAL_SHARES,
            singles_per_mm2=0,
            platelets_per_mm2=0,
            debris_per_mm2=0,
            red_cells=False,
        ),
    }
)
"""Leukocytes stand far denser than in life (about 4 a field), or counting would take
hours."""
