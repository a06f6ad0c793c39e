"""Why a slide as a whole is outside what its model was validated on."""

import math
from collections.abc import Sequence
from typing import Final

from hemalens.stain import SlideColours, StainReference

STAIN_FACTOR: Final = 2.0
"""How much deeper or paler nuclei may be than the model's own: what strong augmentation
reaches in 95 % of the crops, rounded up. `mobilenetv2` was trained with it; `cnn`, with
less, is doubted no sooner."""

FINEST_UM: Final = 0.05
COARSEST_UM: Final = 0.2
"""Pixel sizes that segmentation was made for."""

CLIPPED: Final = 253.0
"""Codes of glass from which a colour may be cut off: the stain is then told by nuclei
and red cells alone (`hemalens.stain`), and what is as pale as glass is lost. Of PBC a
stop and a half brighter `cnn` calls 11 of 100 cells more wrong (measured 2026-11)."""

LARGEST_SHARE_UNLIKE: Final = 0.1
"""Ten times what validation images show; set by us."""

_ADVICE: Final = (
    "the model was not validated on such slides: review every cell, "
    "or correct it with 'hemalens adapt'"
)


def domain_warnings(
    colours: SlideColours | None,
    reference: StainReference | None,
    pixel_size_um: float | None,
    unlike_share: float | None = None,
) -> tuple[str, ...]:
    """Compare a slide with those of the model.

    Parameters
    ----------
    colours : SlideColours or None
        Of the slide; None where they were not measured.
    reference : StainReference or None
        Of the model's own slides.
    pixel_size_um : float or None
        Micrometres per pixel.
    unlike_share : float, optional
        Of its cells, those unlike any the model was trained on.

    Returns
    -------
    tuple of str
        A sentence each, with what to do; empty on a slide like the model's own.
    """
    doubts = []
    if colours is not None and reference is not None:
        depth = _depth(colours.nucleus) / _depth(reference.colours.nucleus)
        if not 1 / STAIN_FACTOR <= depth <= STAIN_FACTOR:
            factor, how = (depth, "deeper") if depth > 1 else (1 / depth, "paler")
            doubts.append(
                f"Nuclei are stained {factor:.1f} times {how} than the model's own; "
                f"{_ADVICE}"
            )
    if colours is not None and min(colours.background) >= CLIPPED:
        doubts.append(
            "Empty glass is overexposed in every colour, and the pale parts of cells "
            "with it: take a shorter exposure or less light, and count anew"
        )
    if pixel_size_um is not None and not FINEST_UM <= pixel_size_um <= COARSEST_UM:
        doubts.append(
            f"A pixel is {pixel_size_um:.3f} µm, outside {FINEST_UM} to {COARSEST_UM}: "
            "take another objective, or another size of the camera's frames"
        )
    if unlike_share is not None and unlike_share > LARGEST_SHARE_UNLIKE:
        doubts.append(
            f"{100 * unlike_share:.0f} % of the cells are unlike any the model was "
            f"trained on; {_ADVICE}"
        )
    return tuple(doubts)


def _depth(density: Sequence[float]) -> float:
    return max(1e-6, math.hypot(*density))
