"""Usual shares of an adult's leukocytes."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from hemalens.classes import CellClass

Interval = tuple[float, float]

ADULT_REFERENCE_PERCENT: Final[Mapping[CellClass, Interval]] = MappingProxyType(
    {
        CellClass.NEUTROPHIL: (40.0, 80.0),
        CellClass.LYMPHOCYTE: (20.0, 40.0),
        CellClass.MONOCYTE: (2.0, 10.0),
        CellClass.EOSINOPHIL: (1.0, 6.0),
        CellClass.BASOPHIL: (0.0, 2.0),
    }
)
"""Lowest and highest, the most frequent class first; laboratories differ and set their
own."""
