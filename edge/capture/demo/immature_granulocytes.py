"""How immature granulocytes look: from promyelocyte to metamyelocyte.

Sizes and densities were measured on PBC, 2026-11 (60 to 80 images a class); shapes and
granules follow Bain, Blood Cells, 6th edition (2022), doi 10.1002/9781119820277.
"""

from typing import Final

from edge.capture.demo import nucleus
from edge.capture.demo.appearance import Appearance, Chromatin, Cytoplasm
from edge.capture.demo.granules import Granules
from edge.capture.demo.outline import Unevenness

_IG_CHROMATIN: Final = Chromatin(
    dark=(0.59, 1.06, 0.19),
    light=(0.27, 0.4, 0.14),
    light_share=(0.28, 0.48),
    grain_um=(0.3, 0.45),
    softness=1.0,
    membrane_um=0.1,
)
IGS: Final = (
    Appearance(
        name="promyelocyte",
        share=0.25,
        diameter_um=(12.8, 16.0),
        nucleus_um=(10.2, 12.8),
        nucleus_shape=nucleus.leaning_nucleus,
        ragged=0.5,
        chromatin=_IG_CHROMATIN,
        cytoplasm=Cytoplasm(
            pale=(0.16, 0.24, 0.08), deep=(0.34, 0.38, 0.08), mottle=0.22, rim=0.25
        ),
        granules=(
            Granules(
                density=(0.53, 1.05, 0.18),
                per_um2=(3.0, 7.5),
                diameter_um=(0.2, 0.36),
                strength=(0.3, 0.95),
                over_nucleus=0.35,
                at_edge=0.3,
            ),
        ),
        vacuoles=(0, 2),
        outline=Unevenness(elongation=0.2, waviness=0.014, ruffle=0.003),
    ),
    Appearance(
        name="myelocyte",
        share=0.4,
        diameter_um=(10.6, 14.2),
        nucleus_um=(8.4, 10.4),
        nucleus_shape=nucleus.leaning_nucleus,
        ragged=0.5,
        chromatin=_IG_CHROMATIN,
        cytoplasm=Cytoplasm(
            pale=(0.12, 0.19, 0.07), deep=(0.27, 0.3, 0.075), mottle=0.2, rim=0.15
        ),
        granules=(
            Granules(
                density=(0.42, 0.85, 0.17),
                per_um2=(1.2, 4.5),
                diameter_um=(0.2, 0.36),
                strength=(0.3, 0.9),
                over_nucleus=0.1,
            ),
        ),
        outline=Unevenness(elongation=0.2, waviness=0.014, ruffle=0.003),
    ),
    Appearance(
        name="metamyelocyte",
        share=0.35,
        diameter_um=(10.6, 13.6),
        nucleus_um=(7.8, 9.2),
        nucleus_shape=nucleus.kidney_nucleus,
        chromatin=_IG_CHROMATIN,
        cytoplasm=Cytoplasm(
            pale=(0.11, 0.18, 0.07), deep=(0.22, 0.25, 0.07), mottle=0.18, rim=0.12
        ),
        granules=(
            Granules(
                density=(0.38, 0.74, 0.16),
                per_um2=(0.8, 3.5),
                diameter_um=(0.2, 0.36),
                strength=(0.3, 1.0),
            ),
        ),
        outline=Unevenness(elongation=0.2, waviness=0.012, ruffle=0.003),
        ragged=0.5,
    ),
)
