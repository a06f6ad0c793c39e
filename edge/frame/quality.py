"""Whether a frame can be counted: its light, stain, focus and cells, measured.

A bad frame is left out with a reason the operator can read. An empty field in good
light is no bad frame: it counts, with no cell in it.
"""

import heapq
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.optics.background import Planes, density_planes, measure_glass
from calibration.optics.stain import (
    LEAST_CELL_DENSITY,
    measure_stain,
    nuclear_index_of_planes,
)
from edge.frame.blur import measure_blur_um
from hemalens.glass import Glass
from hemalens.preprocess import PBC_PIXEL_SIZE_UM

COARSE_PIXEL_SIZE_UM: Final = 0.6
COARSE_SIDE_PX: Final = 136
"""Light, stain and cells are measured on a frame reduced to this pixel size, and
further if it would still be larger: in a frame 200 µm wide a red cell has five pixels
across."""

LEAST_BACKGROUND_LEVEL: Final = 60.0
LEAST_GREEN_LEVEL: Final = 30.0
"""Darkest slide that still has grey levels enough to tell stains apart, in its
brightest colour and in green, which shows cells best: tinted glass may be dark there.
Real fields have 173 to 231 (measured on BCCD and PBC, 2026-11)."""

BLACK_LEVEL: Final = 12
MOST_BLACK_FRACTION: Final = 0.5
"""At most 0.005 of a real field is as dark as this level, the densest nuclei (measured
on BCCD and PBC, 2026-11): more of it is a shutter, a stop or a torn frame."""

CLIPPED_LEVEL: Final = 255
MOST_CLIPPED_FRACTION: Final = 0.5
"""Share of pixels with green at its end; cells that pale are lost in it."""

WELL_EXPOSED_DENSITY: Final = 0.1
"""Median density of what is no glass, from which glass at the codes' end costs no cell:
half of it is left of the palest red cells of PBC and BCCD (measured 2026-11)."""

LEAST_EXPOSED: Final = 0.1
"""Share of the field that must be left beside such glass: nuclei alone are not enough;
cells cover 0.26 and more of PBC's and BCCD's fields (measured 2026-11)."""

MOST_BLUR_UM: Final = 0.6
"""Real fields have 0.18 to 0.6, the most where a pixel is 0.18 µm or more; blurred by a
disc of 1 µm radius, as an objective of aperture 0.65 does 1.2 µm out of focus, nearly
all have 0.62 and more (measured on six microscopes, 2026-12)."""

LEAST_OF_SHARPEST: Final = 0.45
"""No field of six microscopes falls below this share of its set's sharpest but two
(measured 2026-12); the slides of one count differ less."""

LEAST_COVERED_FRACTION: Final = 0.03
LEAST_CONTRAST: Final = 0.05
"""With less of both a field is called empty: its focus cannot be told by cells that are
not there. Blank fields have a contrast of 0.025 at most, cells in focus 0.2 and more,
cells smeared over a radius of 7 µm 0.09 and more (measured on drawn blank fields, BCCD
and PBC, 2026-11)."""

CONTRAST_BLUR_PX: Final = 2.0
CONTRAST_PERCENTILES: Final = (5, 95)
"""Contrast is the range of smoothed density, of coarse pixels, that most lie in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameQuality:
    """What was measured of a frame's field.

    Parameters
    ----------
    glass : Glass
        The empty slide.
    background_level : float
        Its green level, 0 to 255.
    clipped_fraction, black_fraction : float
        Share of pixels whose green is at the upper end, or next to nothing.
    contrast : float
        Range of the green optical density, at a scale that defocus leaves.
    covered_fraction : float
        Share of the field that cells cover.
    stained_fraction : float
        Share that nuclei and platelets cover.
    red_density, stained_density : float or None
        Optical density (natural logarithm, green) of the median red cell's and of the
        median stained pixel. None where there are none.
    blur_um : float or None
        Standard deviation of the edges' blur. None where the frame shows no edge.
    """

    glass: Glass
    background_level: float
    clipped_fraction: float
    black_fraction: float
    contrast: float
    covered_fraction: float
    stained_fraction: float
    red_density: float | None
    stained_density: float | None
    blur_um: float | None

    @property
    def is_dark(self) -> bool:
        """Whether the light leaves too few grey levels."""
        brightest = max(self.background_level, *self.glass.colour)
        return (
            brightest < LEAST_BACKGROUND_LEVEL
            or self.background_level < LEAST_GREEN_LEVEL
        )

    @property
    def is_overexposed(self) -> bool:
        """Whether cells are lost in the light; glass alone may be at its end."""
        if self.clipped_fraction <= MOST_CLIPPED_FRACTION:
            return False
        is_pale = self.red_density is None or self.red_density < WELL_EXPOSED_DENSITY
        return is_pale or self.covered_fraction < LEAST_EXPOSED

    @property
    def is_empty(self) -> bool:
        """Whether the field shows next to no cells."""
        has_cells = self.covered_fraction >= LEAST_COVERED_FRACTION
        return not has_cells and self.contrast < LEAST_CONTRAST

    @property
    def sharpness_per_um(self) -> float | None:
        """Inverse of the blur, which grows with focus."""
        return None if self.blur_um is None else 1 / self.blur_um


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cover:
    contrast: float = 0.0
    covered_fraction: float = 0.0
    stained_fraction: float = 0.0
    red_density: float | None = None
    stained_density: float | None = None


def measure_quality(
    image: NDArray[np.uint8],
    pixel_size_um: float | None = None,
    field: NDArray[np.bool_] | None = None,
) -> FrameQuality:
    """Measure what a frame is worth, on a reduced copy.

    Parameters
    ----------
    image : ndarray of shape (H, W, 3), uint8, RGB
        The frame.
    pixel_size_um : float, optional
        Micrometres per pixel; PBC's where it is not known yet.
    field : ndarray of shape (H, W), bool, optional
        Where it shows the slide; all of it when not given.

    Returns
    -------
    FrameQuality

    Examples
    --------
    >>> quality = measure_quality(np.full((480, 640, 3), 240, np.uint8))
    >>> round(quality.background_level), quality.is_empty, quality.blur_um
    (240, True, None)
    """
    pixel_size_um = pixel_size_um or PBC_PIXEL_SIZE_UM
    coarse = _coarse(image, pixel_size_um)
    within = None if field is None else _coarse_field(field, coarse)
    glass = measure_glass(coarse, within)
    density = density_planes(coarse, within, glass)
    level = _background_level(coarse, density, within)
    cover = _Cover() if density is None else _measure_cover(density, within)
    green = np.ascontiguousarray(image[::6, ::6, 1])
    if field is not None:
        green = green[field[::6, ::6]]
    return FrameQuality(
        glass=glass,
        background_level=level,
        clipped_fraction=np.count_nonzero(green >= CLIPPED_LEVEL) / green.size,
        black_fraction=np.count_nonzero(green <= BLACK_LEVEL) / green.size,
        contrast=cover.contrast,
        covered_fraction=cover.covered_fraction,
        stained_fraction=cover.stained_fraction,
        red_density=cover.red_density,
        stained_density=cover.stained_density,
        blur_um=measure_blur_um(image, pixel_size_um, level, field),
    )


def _coarse(image: NDArray[np.uint8], pixel_size_um: float) -> NDArray[np.uint8]:
    height, width = image.shape[:2]
    shrink = min(
        1.0,
        pixel_size_um / COARSE_PIXEL_SIZE_UM,
        COARSE_SIDE_PX / max(height, width),
    )
    size_wh = (max(1, round(width * shrink)), max(1, round(height * shrink)))
    # Averaging all of a large frame takes ten times as long, and gives no other figure.
    thin_wh = (2 * size_wh[0], 2 * size_wh[1])
    thin = cv2.resize(image, thin_wh, interpolation=cv2.INTER_NEAREST)
    coarse = cv2.resize(thin, size_wh, interpolation=cv2.INTER_AREA)
    return np.asarray(coarse, np.uint8)


def _coarse_field(
    field: NDArray[np.bool_], coarse: NDArray[np.uint8]
) -> NDArray[np.bool_] | None:
    """Find the coarse pixels that show the slide alone; None where hardly any do."""
    percent = field.view(np.uint8) * np.uint8(100)
    within = cv2.resize(percent, coarse.shape[1::-1], interpolation=cv2.INTER_AREA)
    is_within = np.asarray(within == 100, np.bool_)
    return is_within if np.count_nonzero(is_within) >= _FEWEST_COARSE else None


_FEWEST_COARSE: Final = 64


def _background_level(
    coarse: NDArray[np.uint8],
    density: Planes | None,
    within: NDArray[np.bool_] | None,
) -> float:
    green = coarse[..., 1].astype(np.float32)
    if density is not None:
        green = np.exp(density[1]) * (green + 1) - 1
    shown = green if within is None else green[within]
    return float(np.percentile(shown, 90 if density is None else 50))


def _measure_cover(density: Planes, within: NDArray[np.bool_] | None) -> _Cover:
    red, green, blue = density
    contrast = _contrast(green, within)
    if within is not None:
        red, green, blue = (plane[within].reshape(-1, 1) for plane in density)
    index = nuclear_index_of_planes(red, green, blue)
    levels = measure_stain(green, blue, index)
    if levels is None:
        return _Cover(contrast=contrast)
    stained = index > levels.stained
    cells = (green > max(levels.cell, LEAST_CELL_DENSITY)) | stained
    return _Cover(
        contrast=contrast,
        covered_fraction=float(np.mean(cells)),
        stained_fraction=float(np.mean(stained)),
        red_density=levels.red_density,
        stained_density=float(np.median(green[stained])) if stained.any() else None,
    )


def _contrast(green: NDArray[np.float32], within: NDArray[np.bool_] | None) -> float:
    smooth = cv2.GaussianBlur(green, (0, 0), CONTRAST_BLUR_PX)
    shown = smooth if within is None else smooth[within]
    low, high = np.percentile(shown, CONTRAST_PERCENTILES)
    return float(high - low)


class SharpestSoFar:
    """Remembers how sharp the frames of a count have been.

    The sharpest but two is told: a scratch or a hair in one frame, sharper than any
    cell, must not make all others look blurred.
    """

    def __init__(self) -> None:
        self._sharpest: list[float] = []

    @property
    def sharpness_per_um(self) -> float | None:
        """Of the sharpest frame but two; None before there are three."""
        return self._sharpest[0] if len(self._sharpest) == 3 else None

    def learn(self, quality: FrameQuality) -> None:
        """Take in a frame that counts; empty ones tell nothing of focus."""
        if quality.sharpness_per_um is None or quality.is_empty:
            return
        heapq.heappush(self._sharpest, quality.sharpness_per_um)
        if len(self._sharpest) > 3:
            heapq.heappop(self._sharpest)

    def reason_to_leave_out(self, quality: FrameQuality) -> str | None:
        """Say why a frame cannot be counted among these; None for one that counts."""
        sharpest, sharpness = self.sharpness_per_um, quality.sharpness_per_um
        if quality.is_empty or sharpest is None or sharpness is None:
            return None
        if sharpness >= LEAST_OF_SHARPEST * sharpest:
            return None
        share = sharpness / sharpest
        return f"out of focus or moving: {share:.1f} of the sharpest frame so far"


def reason_to_leave_out(quality: FrameQuality) -> str | None:
    """Say why a frame cannot be counted, whatever the others show.

    Returns
    -------
    str or None
        A sentence for the operator. None for a frame that counts, an empty one
        included.
    """
    return _bad_light(quality) or _bad_focus(quality)


def _bad_light(quality: FrameQuality) -> str | None:
    if quality.black_fraction > MOST_BLACK_FRACTION:
        return f"black: {quality.black_fraction:.0%} of the frame has no light"
    if quality.is_dark:
        level = quality.background_level
        return f"too dark: the slide has grey level {level:.0f} of 255"
    if quality.is_overexposed:
        return f"overexposed: {quality.clipped_fraction:.0%} of the frame is clipped"
    return None


def _bad_focus(quality: FrameQuality) -> str | None:
    if quality.is_empty:
        return None
    if quality.blur_um is None:
        return "out of focus: there are shapes, but no edges"
    if quality.blur_um > MOST_BLUR_UM:
        return (
            f"out of focus or moving: edges are {quality.blur_um:.1f} µm wide, "
            f"{MOST_BLUR_UM:g} µm at most can be counted"
        )
    return None
