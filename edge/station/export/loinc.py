"""The LOINC codes of a differential of blood.

References
----------
LOINC, Regenstrief Institute, https://loinc.org: terms per 100 leukocytes in blood.
"""

from typing import Final, NamedTuple

from hemalens.classes import CellClass

SYSTEM: Final = "http://loinc.org"


class Code(NamedTuple):
    """A LOINC code and its name."""

    code: str
    display: str


PANEL: Final = Code("69738-3", "Differential panel, method unspecified - Blood")

SHARES: Final = {
    CellClass.BASOPHIL: Code("706-2", "Basophils/100 leukocytes in Blood"),
    CellClass.EOSINOPHIL: Code("713-8", "Eosinophils/100 leukocytes in Blood"),
    CellClass.IG: Code("71695-1", "Immature granulocytes/100 leukocytes in Blood"),
    CellClass.LYMPHOCYTE: Code("736-9", "Lymphocytes/100 leukocytes in Blood"),
    CellClass.MONOCYTE: Code("5905-5", "Monocytes/100 leukocytes in Blood"),
    CellClass.NEUTROPHIL: Code("770-8", "Neutrophils/100 leukocytes in Blood"),
}
"""Of the classes that have a share of the leukocytes."""

NRBC: Final = Code("58413-6", "Nucleated erythrocytes/100 leukocytes in Blood")
