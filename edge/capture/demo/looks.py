"""Every nucleated class's looks."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from edge.capture.demo.appearance import Appearance
from edge.capture.demo.granulocytes import BASOPHILS, EOSINOPHILS, NEUTROPHILS
from edge.capture.demo.immature_granulocytes import IGS
from edge.capture.demo.mononuclear_cells import ERYTHROBLASTS, LYMPHOCYTES, MONOCYTES
from hemalens.classes import CellClass

APPEARANCES: Final[Mapping[CellClass, tuple[Appearance, ...]]] = MappingProxyType(
    {
        CellClass.BASOPHIL: BASOPHILS,
        CellClass.EOSINOPHIL: EOSINOPHILS,
        CellClass.ERYTHROBLAST: ERYTHROBLASTS,
        CellClass.IG: IGS,
        CellClass.LYMPHOCYTE: LYMPHOCYTES,
        CellClass.MONOCYTE: MONOCYTES,
        CellClass.NEUTROPHIL: NEUTROPHILS,
    }
)
"""The shares of a class's looks add up to 1."""
