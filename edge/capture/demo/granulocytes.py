"""How mature granulocytes look: neutrophils, eosinophils, basophils.

Sizes and densities were measured on PBC, 2026-11 (60 to 80 images a class); shapes and
granules follow Bain, Blood Cells, 6th edition (2022), doi 10.1002/9781119820277.
"""

from typing import Final

from edge.capture.demo import nucleus
from edge.capture.demo.appearance import Appearance, Chromatin, Cytoplasm
from edge.capture.demo.granules import Granules
from edge.capture.demo.outline import Unevenness
from edge.capture.demo.stain import NUCLEUS

_PACKED: Final = Chromatin(
    dark=NUCLEUS,
    light=(0.28, 0.36, 0.14),
    light_share=(0.14, 0.3),
    grain_um=(0.42, 0.6),
    softness=0.9,
    membrane_um=0.3,
)
_NEUTROPHIL_BODY: Final = Cytoplasm(
    pale=(0.085, 0.14, 0.055), deep=(0.135, 0.215, 0.072), mottle=0.26, blotch=0.08
)
_NEUTROPHIL_GRANULES: Final = (
    Granules(
        density=(0.23, 0.36, 0.1),
        per_um2=(1.0, 3.5),
        diameter_um=(0.18, 0.34),
        strength=(0.2, 0.7),
    ),
    Granules(
        density=(0.36, 0.66, 0.15),
        per_um2=(0.15, 1.2),
        diameter_um=(0.18, 0.36),
        strength=(0.4, 1.0),
    ),
)

NEUTROPHILS: Final = (
    Appearance(
        name="segmented",
        share=0.58,
        diameter_um=(11.3, 14.2),
        nucleus_um=(7.1, 8.3),
        nucleus_shape=nucleus.segmented_nucleus,
        chromatin=_PACKED,
        cytoplasm=_NEUTROPHIL_BODY,
        granules=_NEUTROPHIL_GRANULES,
        melt_um=0.22,
        ragged=0.3,
    ),
    Appearance(
        name="band",
        share=0.42,
        diameter_um=(11.3, 14.2),
        nucleus_um=(7.1, 8.3),
        nucleus_shape=nucleus.band_nucleus,
        chromatin=_PACKED,
        cytoplasm=_NEUTROPHIL_BODY,
        granules=_NEUTROPHIL_GRANULES,
        ragged=0.35,
    ),
)

_EOSINOPHIL_CHROMATIN: Final = Chromatin(
    dark=(0.60, 1.08, 0.18),
    light=(0.28, 0.36, 0.12),
    light_share=(0.2, 0.4),
    grain_um=(0.36, 0.5),
    softness=0.9,
    membrane_um=0.3,
)
_EOSINOPHIL_BODY: Final = Cytoplasm(
    pale=(0.09, 0.11, 0.04), deep=(0.14, 0.18, 0.06), blotch=0.12, rim=0.0
)
_EOSINOPHIL_GRANULES: Final = (
    Granules(
        density=(0.14, 0.42, 0.21),
        per_um2=(7.0, 10.0),
        diameter_um=(0.28, 0.5),
        strength=(0.3, 1.25),
        over_nucleus=0.03,
        carpet=0.6,
        bare=(0.0, 0.22),
    ),
    Granules(
        density=(0.25, 0.58, 0.2),
        per_um2=(0.3, 0.8),
        diameter_um=(0.35, 0.58),
        strength=(0.4, 1.0),
        at_edge=7.0,
    ),
)
EOSINOPHILS: Final = (
    Appearance(
        name="bilobed",
        share=0.8,
        diameter_um=(11.8, 14.0),
        nucleus_um=(7.4, 8.6),
        nucleus_shape=nucleus.bilobed_nucleus,
        chromatin=_EOSINOPHIL_CHROMATIN,
        cytoplasm=_EOSINOPHIL_BODY,
        granules=_EOSINOPHIL_GRANULES,
        vacuoles=(0, 3),
        outline=Unevenness(elongation=0.2, waviness=0.012, ruffle=0.005),
        ragged=0.3,
    ),
    Appearance(
        name="unsegmented",
        share=0.2,
        diameter_um=(11.8, 14.0),
        nucleus_um=(7.4, 8.6),
        nucleus_shape=nucleus.band_nucleus,
        chromatin=_EOSINOPHIL_CHROMATIN,
        cytoplasm=_EOSINOPHIL_BODY,
        granules=_EOSINOPHIL_GRANULES,
        vacuoles=(0, 3),
        outline=Unevenness(elongation=0.2, waviness=0.012, ruffle=0.005),
        ragged=0.35,
    ),
)

BASOPHILS: Final = (
    Appearance(
        name="granular",
        share=1.0,
        diameter_um=(10.4, 13.2),
        nucleus_um=(7.2, 9.2),
        nucleus_shape=nucleus.folded_nucleus,
        chromatin=Chromatin(
            dark=(0.55, 0.88, 0.20),
            light=(0.28, 0.36, 0.16),
            light_share=(0.25, 0.45),
            grain_um=(0.34, 0.5),
            softness=1.0,
            membrane_um=0.2,
        ),
        cytoplasm=Cytoplasm(
            pale=(0.17, 0.32, 0.11), deep=(0.23, 0.36, 0.085), mottle=0.2, blotch=0.15
        ),
        granules=(
            Granules(
                density=(0.62, 1.2, 0.2),
                per_um2=(3.0, 6.0),
                diameter_um=(0.3, 0.56),
                strength=(0.6, 1.0),
                over_nucleus=0.55,
                at_edge=0.8,
            ),
        ),
        outline=Unevenness(elongation=0.25, waviness=0.025, ruffle=0.012),
        ragged=0.4,
    ),
)
