"""The LOINC codes of a differential of blood.

A person reviews what a model pre-classified: that is neither LOINC's automated count
nor its manual one, so the terms are those that say no method.

References
----------
LOINC, Regenstrief Institute, https://loinc.org. Panel 69738-3 and the shares in it, but
for immature granulocytes, as in the value set ``differential-unspecified-blood-vs`` of
https://github.com/nmdp-ig/cibmtr-reporting-ig (read 2026-11-26); 770-8, 736-9, 5905-5,
713-8, 706-2, 71695-1 and 58413-6 are the same analytes by automated count.
"""

from typing import Final, NamedTuple

from hemalens.classes import CellClass

SYSTEM: Final = "http://loinc.org"


class Code(NamedTuple):
    """A LOINC code and its long common name."""

    code: str
    display: str


PANEL: Final = Code("69738-3", "Differential panel, method unspecified - Blood")

SHARES: Final = {
    CellClass.BASOPHIL: Code("30180-4", "Basophils/100 leukocytes in Blood"),
    CellClass.EOSINOPHIL: Code("26450-7", "Eosinophils/100 leukocytes in Blood"),
    CellClass.IG: Code("38518-7", "Immature granulocytes/100 leukocytes in Blood"),
    CellClass.LYMPHOCYTE: Code("26478-8", "Lymphocytes/100 leukocytes in Blood"),
    CellClass.MONOCYTE: Code("26485-3", "Monocytes/100 leukocytes in Blood"),
    CellClass.NEUTROPHIL: Code("26511-6", "Neutrophils/100 leukocytes in Blood"),
}
"""Of the classes that have a share of the leukocytes."""

NRBC: Final = Code("19048-8", "Nucleated erythrocytes/100 leukocytes [Ratio] in Blood")
