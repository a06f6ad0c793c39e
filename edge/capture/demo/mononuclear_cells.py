"""How cells with one undivided nucleus look: lymphocytes, monocytes, erythroblasts.

Sizes and densities were measured on PBC, 2026-11 (60 to 80 images a class); shapes and
granules follow Bain, Blood Cells, 6th edition (2022), doi 10.1002/9781119820277.
"""

from typing import Final

from edge.capture.demo import nucleus
from edge.capture.demo.appearance import Appearance, Chromatin, Cytoplasm
from edge.capture.demo.granules import Granules
from edge.capture.demo.outline import Unevenness

_LYMPHOCYTE_CHROMATIN: Final = Chromatin(
    dark=(0.60, 1.06, 0.21),
    light=(0.34, 0.47, 0.18),
    light_share=(0.22, 0.42),
    grain_um=(0.28, 0.45),
    softness=1.4,
    membrane_um=0.25,
)
LYMPHOCYTES: Final = (
    Appearance(
        name="small",
        share=0.75,
        diameter_um=(8.6, 10.0),
        nucleus_um=(8.1, 9.0),
        nucleus_shape=nucleus.round_nucleus,
        chromatin=_LYMPHOCYTE_CHROMATIN,
        cytoplasm=Cytoplasm(
            pale=(0.24, 0.27, 0.065), deep=(0.38, 0.42, 0.09), mottle=0.28, blotch=0.3
        ),
        outline=Unevenness(elongation=0.2, waviness=0.018, ruffle=0.008),
    ),
    Appearance(
        name="large",
        share=0.25,
        diameter_um=(9.8, 11.6),
        nucleus_um=(8.3, 9.3),
        nucleus_shape=nucleus.round_nucleus,
        chromatin=_LYMPHOCYTE_CHROMATIN,
        cytoplasm=Cytoplasm(
            pale=(0.18, 0.2, 0.05), deep=(0.3, 0.32, 0.07), mottle=0.24, blotch=0.2
        ),
        granules=(
            Granules(
                density=(0.4, 0.6, 0.14), per_um2=(0.0, 0.5), diameter_um=(0.2, 0.35)
            ),
        ),
        outline=Unevenness(elongation=0.25, waviness=0.025, ruffle=0.006),
    ),
)

MONOCYTES: Final = (
    Appearance(
        name="monocyte",
        share=1.0,
        diameter_um=(12.8, 16.6),
        nucleus_um=(9.6, 12.0),
        nucleus_shape=nucleus.folded_nucleus,
        chromatin=Chromatin(
            dark=(0.5, 0.94, 0.165),
            light=(0.28, 0.44, 0.13),
            light_share=(0.32, 0.52),
            grain_um=(0.26, 0.38),
            softness=1.0,
            membrane_um=0.16,
        ),
        cytoplasm=Cytoplasm(
            pale=(0.17, 0.19, 0.055), deep=(0.26, 0.3, 0.075), mottle=0.18, blotch=0.15
        ),
        granules=(
            Granules(
                density=(0.3, 0.5, 0.12),
                per_um2=(0.2, 1.5),
                diameter_um=(0.16, 0.28),
                strength=(0.3, 0.8),
            ),
        ),
        vacuoles=(0, 12),
        outline=Unevenness(elongation=0.3, waviness=0.026, ruffle=0.005),
        ragged=0.6,
    ),
)

ERYTHROBLASTS: Final = (
    Appearance(
        name="orthochromatic",
        share=0.35,
        diameter_um=(6.6, 9.8),
        nucleus_um=(4.8, 6.2),
        nucleus_shape=nucleus.round_nucleus,
        chromatin=Chromatin(
            dark=(0.66, 1.09, 0.23),
            light=(0.53, 0.77, 0.22),
            light_share=(0.1, 0.3),
            grain_um=(0.6, 1.0),
            softness=1.2,
        ),
        cytoplasm=Cytoplasm(
            pale=(0.13, 0.18, 0.08), deep=(0.27, 0.31, 0.1), mottle=0.08, rim=0.1
        ),
        outline=Unevenness(elongation=0.15, waviness=0.025, ruffle=0.006),
    ),
    Appearance(
        name="polychromatic",
        share=0.45,
        diameter_um=(7.6, 10.6),
        nucleus_um=(5.6, 7.2),
        nucleus_shape=nucleus.round_nucleus,
        chromatin=Chromatin(
            dark=(0.66, 1.06, 0.24),
            light=(0.28, 0.44, 0.21),
            light_share=(0.04, 0.16),
            grain_um=(0.42, 0.62),
            softness=0.6,
            membrane_um=0.2,
        ),
        cytoplasm=Cytoplasm(
            pale=(0.19, 0.25, 0.08), deep=(0.31, 0.35, 0.1), mottle=0.09, rim=0.2
        ),
        outline=Unevenness(elongation=0.15, waviness=0.025, ruffle=0.006),
    ),
    Appearance(
        name="basophilic",
        share=0.2,
        diameter_um=(9.4, 11.8),
        nucleus_um=(6.8, 8.4),
        nucleus_shape=nucleus.round_nucleus,
        chromatin=Chromatin(
            dark=(0.64, 1.05, 0.23),
            light=(0.28, 0.44, 0.20),
            light_share=(0.14, 0.28),
            grain_um=(0.38, 0.55),
            softness=0.6,
            membrane_um=0.2,
        ),
        cytoplasm=Cytoplasm(
            pale=(0.31, 0.35, 0.095), deep=(0.42, 0.49, 0.12), mottle=0.12, rim=0.3
        ),
        outline=Unevenness(elongation=0.1, waviness=0.02, ruffle=0.004),
    ),
)
