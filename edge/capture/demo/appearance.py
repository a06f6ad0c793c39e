"""What a look of a nucleated cell is made of: the numbers the drawing follows."""

from dataclasses import dataclass
from typing import Final

from edge.capture.demo import nucleus
from edge.capture.demo.granules import Granules
from edge.capture.demo.outline import Unevenness
from edge.capture.demo.stain import Density

Span = tuple[float, float]
"""Least and greatest; drawn evenly between."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chromatin:
    """How a nucleus is stained.

    Parameters
    ----------
    dark, light : Density
        Of packed chromatin and of the gaps between.
    light_share : Span
        Share of the area that is gap.
    grain_um : Span
        Width of strands and gaps.
    softness : float
        0.2: gaps sharply cut out; 2: hardly told from the strands.
    membrane_um : float
        Width of the dark rim.
    """

    dark: Density
    light: Density
    light_share: Span
    grain_um: Span
    softness: float
    membrane_um: float = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Cytoplasm:
    """How the cell body is stained.

    Parameters
    ----------
    pale, deep : Density
        Each cell's colour lies between these, and varies over the cell.
    mottle : float
        Standard deviation of the fine texture, as a fraction.
    blotch : float
        Likewise of the coarse one.
    rim : float
        Excess of density at the cell's edge, as a fraction.
    """

    pale: Density
    deep: Density
    mottle: float = 0.12
    blotch: float = 0.1
    rim: float = 0.1


_ROUND: Final = Unevenness()


@dataclass(frozen=True, slots=True, kw_only=True)
class Appearance:
    """One look of a class.

    Parameters
    ----------
    name : str
        What haematologists call it.
    share : float
        How often, within the class.
    diameter_um, nucleus_um : Span
        Cell, and nucleus as the circle of equal area.
    vacuoles : Span
        Least and most; about a third of the cells have none.
    melt_um, ragged : float
        See `edge.capture.demo.nucleus.nucleus_depth_um`.
    """

    name: str
    share: float
    diameter_um: Span
    nucleus_um: Span
    nucleus_shape: nucleus.NucleusShape
    chromatin: Chromatin
    cytoplasm: Cytoplasm
    granules: tuple[Granules, ...] = ()
    vacuoles: Span = (0, 0)
    outline: Unevenness = _ROUND
    melt_um: float = 0.3
    ragged: float = 0.15
