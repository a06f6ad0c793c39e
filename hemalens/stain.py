"""Bring a slide's stain and light to those a model was trained on.

Every laboratory stains differently, and every camera sees it differently. A slide
brings its own standards: empty glass, red cells and nuclei. Taken as optical density,
where stain amounts add up (Beer-Lambert), the map that brings them to the training
slides' is a matrix for all pixels of the slide [1]_ [2]_: cells keep what tells them
apart.

References
----------
.. [1] Ruifrok, Johnston: Quantification of histochemical staining by color
   deconvolution. Analytical and Quantitative Cytology and Histology 23 (2001) 291.
.. [2] Macenko et al.: A method for normalizing histology slides for quantitative
   analysis. ISBI 2009, doi 10.1109/ISBI.2009.5193250. Their stain vectors come from
   the pixels at large; ours from cells that segmentation has named.
"""

from typing import Annotated, Final

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

LARGEST_GAIN: Final = 5.0
"""Of any colour's density: standards that hardly differ would blow up noise. The
palest slide seen, BCCD's, needs 3.8 (measured 2026-11)."""

CUT_OFF: Final = 254.5
"""Codes of glass from which the camera shows nothing but its end, 255."""

MOST_BEYOND: Final = 0.7
"""Density by which glass may lie beyond the end of the codes: about two stops, at which
nuclei alone are left of a slide."""

NEARLY_GLASS: Final = 2
"""Codes by which glass that is cut off may be darker than the slide's."""

Level = Annotated[float, Field(ge=0, le=255)]
Density = Annotated[float, Field(ge=-1, le=6)]
"""Natural logarithm of background over pixel, codes plus 1; slightly negative where a
camera shows a stain brighter than glass, as some do in blue."""


_Rgb = tuple[float, float, float]

NUCLEUS_FADING: Final[_Rgb] = (0.4, 0.6, 0.15)
RED_CELL_FADING: Final[_Rgb] = (0.25, 0.25, 0.2)
"""By what share densities, RGB, are deeper than they look, per micrometre of blur: it
mixes chromatin, and a red cell's rim, with what is paler. PBC's images blurred by 0.15
to 0.5 µm told these, nearly in proportion (measured 2026-11)."""


class SlideColours(BaseModel):
    """What the standards of a slide look like, RGB."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    background: tuple[Level, Level, Level]
    """Empty glass, in codes."""
    red_cell: tuple[Density, Density, Density] | None
    """Middle of the red cells; None with too few of them."""
    nucleus: tuple[Density, Density, Density]
    """Darkest part of the nucleated cells."""

    def in_focus(self, excess_um: float) -> "SlideColours":
        """Say what the standards would look like without a blur.

        Parameters
        ----------
        excess_um : float
            The blur, a standard deviation.
        """
        deeper = {"nucleus": _unfaded(self.nucleus, NUCLEUS_FADING, excess_um)}
        if self.red_cell is not None:
            deeper["red_cell"] = _unfaded(self.red_cell, RED_CELL_FADING, excess_um)
        return self.model_copy(update=deeper)


class StainReference(BaseModel):
    """The colours a model was trained on, and how far to bring a slide to them."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    colours: SlideColours
    strength: float = Field(ge=0, le=1)
    """0 leaves a slide its stain, 1 makes its standards equal the reference's."""

    @property
    def is_glass_alone(self) -> bool:
        """Whether nothing but the light is brought to the reference's.

        Each frame's own glass is enough for that, near each cell: nothing has to be
        learned of the slide, and what one frame shows changes no other's cells.
        """
        return self.strength == 0


class StainMap:
    """Recolours crops of one slide for one model.

    Parameters
    ----------
    slide : SlideColours
    reference : StainReference

    Examples
    --------
    >>> pale = SlideColours(
    ...     background=(200, 200, 200), red_cell=(0.1, 0.2, 0.1), nucleus=(0.5, 1, 0.1)
    ... )
    >>> dark = SlideColours(
    ...     background=(250, 230, 200), red_cell=(0.2, 0.3, 0.2), nucleus=(1, 2, 0.4)
    ... )
    >>> to_dark = StainMap(pale, StainReference(colours=dark, strength=1))
    >>> glass = np.full((1, 4, 4, 3), 200, np.uint8)
    >>> to_dark(glass)[0, 0, 0].tolist()
    [250, 230, 200]
    """

    def __init__(self, slide: SlideColours, reference: StainReference) -> None:
        wanted, strength = reference.colours, reference.strength
        beyond = np.zeros(3)
        if not reference.is_glass_alone:
            beyond = _beyond_the_codes(slide, wanted)
        whole = _density_matrix(slide, wanted, beyond)
        matrix = (strength * whole + (1 - strength) * np.eye(3)).T
        # With l = log(code + 1): l' = l' of glass - matrix (l of glass - l).
        glass = np.log(np.add(slide.background, 1)) + beyond
        offset = np.log(np.add(wanted.background, 1)) - matrix @ glass
        self._of_logarithms = np.column_stack([matrix, offset]).astype(np.float32)
        self._glass_from = np.subtract(slide.background, NEARLY_GLASS)
        self._glass_to = np.rint(wanted.background).astype(np.uint8)
        self._is_cut_off = bool(beyond.any())

    def __call__(self, crops: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Recolour crops (N, S, S, 3), uint8, RGB; the array given is left as it is."""
        count, height, width, _ = crops.shape
        if count == 0:
            return crops
        logarithms = cv2.LUT(crops.reshape(count * height, width, 3), _LOG_OF_CODE)
        mapped = cv2.transform(logarithms, self._of_logarithms, dst=logarithms)
        codes = cv2.convertScaleAbs(cv2.exp(mapped, dst=mapped), beta=-1)
        recoloured = np.asarray(codes, np.uint8).reshape(crops.shape)
        if self._is_cut_off:
            # By what is left of its light it would pass for a stain.
            is_glass = (crops >= self._glass_from).all(axis=-1)
            recoloured[is_glass] = self._glass_to
        return recoloured


def _beyond_the_codes(slide: SlideColours, wanted: SlideColours) -> NDArray[np.float64]:
    """Say by what density overexposed glass lies beyond the codes, in each colour.

    What lies between red cells and nuclei is not cut off, and says how deep the stain
    is; red cells so deep then tell where the glass is. 0 for colours that are not cut
    off, or where there are too few red cells.
    """
    if slide.red_cell is None or wanted.red_cell is None:
        return np.zeros(3)
    between = np.subtract(slide.nucleus, slide.red_cell)
    wanted_between = np.subtract(wanted.nucleus, wanted.red_cell)
    depth = between / np.maximum(wanted_between, _LEAST_BETWEEN)
    beyond = depth * np.array(wanted.red_cell) - np.array(slide.red_cell)
    is_cut_off = np.array(slide.background) >= CUT_OFF
    return np.where(is_cut_off, np.clip(beyond, 0, MOST_BEYOND), 0.0)


_LEAST_BETWEEN: Final = 0.1
"""Difference of nucleus and red cell from which a depth can be told."""

_LOG_OF_CODE: Final = np.log(np.arange(256, dtype=np.float32) + 1)


def _unfaded(density: _Rgb, fading: _Rgb, excess_um: float) -> _Rgb:
    red, green, blue = (
        one * (1 + share * excess_um)
        for one, share in zip(density, fading, strict=True)
    )
    return red, green, blue


def _density_matrix(
    slide: SlideColours, wanted: SlideColours, beyond: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Map row vectors of density: the standards onto those wanted.

    All of the slide's are deeper by what its glass lies beyond the codes. What no
    standard shows is deepened as the nuclei are. A slide without red cells is mapped by
    its nuclei alone.
    """
    both = slide.red_cell is not None and wanted.red_cell is not None
    of_slide = [slide.red_cell, slide.nucleus] if both else [slide.nucleus]
    of_wanted = [wanted.red_cell, wanted.nucleus] if both else [wanted.nucleus]
    standards, targets = np.array(of_slide) + beyond, np.array(of_wanted, float)
    amounts = np.linalg.pinv(standards)
    depth = np.linalg.norm(targets[-1]) / np.linalg.norm(standards[-1])
    rest = depth * (np.eye(3) - amounts @ standards)
    before, gains, after = np.linalg.svd(amounts @ targets + rest)
    limited = np.clip(gains, 1 / LARGEST_GAIN, LARGEST_GAIN)
    return np.asarray((before * limited) @ after, np.float64)
