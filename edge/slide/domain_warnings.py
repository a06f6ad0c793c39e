"""Why a slide as a whole is outside what its model was validated on.

Or why it may be no blood smear, or not of the scale that it was counted with.
"""

import math
from collections.abc import Sequence
from typing import Final

from edge.slide.slide_facts import SlideFacts
from hemalens.preprocess import RED_CELL_DIAMETER_UM
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

CONTRADICTED: Final = 0.25
"""Of a pixel size, by which red cells may contradict it: they are 15 % smaller or
larger in disease."""

UNSURE: Final = 0.2
"""Spread of the rulers over the frames; BCCD's have 0.06, PBC's 0.09 (measured
2026-11)."""

MOST_RED_CELLS_PER_MM2: Final = 30_000.0
"""Half as many again as fit side by side; BCCD has at most 20,200, PBC 21,700 (measured
2026-11)."""

MOST_SIZE_SPREAD: Final = 0.25
"""Of the red cells' widths; the most uneven frame has 0.24 in BCCD, 0.19 in PBC and in
chula_rbc12's anaemias (measured 2026-11)."""

MOST_COLOUR_SPREAD_DEG: Final = 35.0
"""Red cells of one smear are of one colour: within 3° in PBC, 6° in BCCD, 7° through a
phone, 25° in chula_wbc's median field, whose light is dim and falls off in colour
(measured 2026-12)."""

MOST_BESIDE: Final = 1.0
FEWEST_FRAMES_BESIDE: Final = 2
"""Density beside the red cells, in their own: 0.39 in BCCD's median field, 0.35 in
PBC's, 0.88 in chula_wbc's, where glass is told badly; single crowded images of PBC
reach 0.9, so more than one must say so (measured 2026-12)."""

MOST_COVERED: Final = 0.85
"""Share of a field that is denser than glass; the fullest have 0.68 in BCCD, 0.66 in
PBC, 0.74 through a phone (measured 2026-11)."""

FEWEST_BLANK: Final = 3

_ADVICE: Final = (
    "the model was not validated on such slides: review every cell, "
    "or correct it with 'hemalens adapt'"
)


def domain_warnings(
    colours: SlideColours | None,
    reference: StainReference | None,
    pixel_size_um: float | None,
    unlike_share: float | None = None,
    seen: SlideFacts | None = None,
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
    seen : SlideFacts, optional
        What its frames told.

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
    if seen is not None:
        doubts += _doubts_of_scale(seen, pixel_size_um)
        doubts += _doubts_of_emptiness(seen)
        doubts += _doubts_of_red_cells(seen)
    return tuple(doubts)


def _doubts_of_scale(seen: SlideFacts, pixel_size_um: float | None) -> list[str]:
    doubts = []
    ruler_um = seen.ruler_um
    if pixel_size_um is not None and ruler_um is not None:
        ratio = pixel_size_um / ruler_um
        if not 1 - CONTRADICTED <= ratio <= 1 / (1 - CONTRADICTED):
            doubts.append(
                f"Red cells contradict the pixel size of {pixel_size_um:.3f} µm: by it "
                f"they would be {ratio * RED_CELL_DIAMETER_UM:.1f} µm wide; by their "
                f"usual {RED_CELL_DIAMETER_UM} µm a pixel is {ruler_um:.3f} µm. "
                "Check the objective and --pixel-size-um, and count anew"
            )
    if seen.other_size is not None and ruler_um is not None:
        doubts.append(
            f"Frames seem to be of different magnification: {ruler_um:.3f} and "
            f"{seen.other_size:.3f} µm per pixel by their red cells; count them apart"
        )
    elif seen.ruler_spread is not None and seen.ruler_spread > UNSURE:
        doubts.append(
            "The red cells say something else of the pixel size in every frame "
            f"({100 * seen.ruler_spread:.0f} % apart): give --pixel-size-um"
        )
    if seen.is_white_scale:
        doubts.append(
            "White cells alone told the pixel size, and they vary: give --pixel-size-um"
        )
    if pixel_size_um is None and seen.has_stained:
        doubts.append(
            "The pixel size is a guess: it was not given, and there were too few red "
            "cells to tell it; give --pixel-size-um"
        )
    return doubts


def _doubts_of_emptiness(seen: SlideFacts) -> list[str]:
    doubts = []
    if seen.missed:
        doubts.append(
            f"{seen.missed} of {seen.frames} frames show structure in which next to no "
            "cells were found: too pale, too blurred or no smear; look at them"
        )
    if seen.blank == seen.frames >= FEWEST_BLANK:
        doubts.append("No frame shows a cell: is this the smear?")
    if seen.covered_fraction is not None and seen.covered_fraction > MOST_COVERED:
        doubts.append(
            "Fields show no empty glass to tell the light by: go to a thinner part of "
            "the smear"
        )
    return doubts


def _doubts_of_red_cells(seen: SlideFacts) -> list[str]:
    doubts = []
    number, sizes = seen.red_cells_per_mm2, seen.size_spread
    if number is not None and number > MOST_RED_CELLS_PER_MM2:
        doubts.append(
            f"More red cells were found than have room ({number:.0f} a mm²): what was "
            "found may be none, or the pixel size is wrong"
        )
    if sizes is not None and sizes > MOST_SIZE_SPREAD:
        doubts.append(
            f"Red cells differ in size by {100 * sizes:.0f} %, more than in any smear "
            "known here: what was found may be none"
        )
    colours, beside = seen.colour_spread_deg, seen.glass_beside
    if colours is not None and colours > MOST_COLOUR_SPREAD_DEG:
        doubts.append(
            "What was found as red cells is of many colours: this seems to be no "
            "blood smear"
        )
    is_close = beside is not None and beside > MOST_BESIDE
    if is_close and seen.red_cell_frames >= FEWEST_FRAMES_BESIDE:
        doubts.append(
            "There is no empty glass beside the red cells: this may be a section, or "
            "too thick a part of the smear"
        )
    return doubts


def _depth(density: Sequence[float]) -> float:
    return max(1e-6, math.hypot(*density))
