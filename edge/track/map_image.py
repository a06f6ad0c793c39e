"""What the map compares: a frame made small, without its light."""

import math
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32]

LONGEST_SIDE_PX: Final = 256
FINEST_PIXEL_SIZE_UM: Final = 0.2
"""A frame is reduced to this side, but no finer: red cells stay 5 to 40 pixels wide, a
placing within a tenth of a pixel is far finer than cells need, and a thousand images
kept take 40 to 50 MB."""

_DEEPEST: Final = 0.25
"""Optical density from which all is alike: nuclei, six times as dense as red cells,
would else decide alone whether two frames match."""

_BAND_UM: Final = 7.5
"""Standard deviation of what is taken for uneven light: a red cell's diameter."""

_LEAST_CONTRAST: Final = 0.015
"""Standard deviation of the optical density below which a frame shows nothing to
compare; bare glass of the simulated slide has 0.003, PBC's monolayer 0.05 to 0.08
(measured 2026-11)."""

_LEAST_FINENESS_PER_UM: Final = 0.36
"""Slope of the optical density over its standard deviation, below which all is blurred
beyond use. Sharp frames have 0.5 (a map image of 1.6 µm a pixel) to 1.6, with a blur of
2 µm (standard deviation) 0.36 to 0.44, of 3 µm 0.31 to 0.38 (PBC, BCCD, the simulated
slide, 2026-11)."""

_DARKEST_MEDIAN: Final = 25
"""Median camera level of a frame too dark to compare."""

_AVERAGED_PX: Final = 2.5
"""Pixels of the frame, each way, that a pixel of the map is averaged from."""

_GLASS_QUANTILE: Final = 0.9
"""Of the levels: bare glass, wherever it takes up a tenth of the frame."""

_CODES_PER_DENSITY: Final = 127 / _DEEPEST


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MapImage:
    """A reduced frame.

    Parameters
    ----------
    codes : ndarray of shape (H, W), uint8
        Band-passed optical density in green, 128 for none.
    is_featureless : bool
        Dark, blank, or blurred beyond use.
    """

    codes: NDArray[np.uint8]
    is_featureless: bool


def map_size_wh(size_wh: tuple[int, int], pixel_size_um: float) -> tuple[int, int]:
    """Compute how large a frame is when reduced.

    Examples
    --------
    >>> map_size_wh((1920, 1080), 0.1)
    (256, 144)
    >>> map_size_wh((300, 200), 0.1)
    (150, 100)
    """
    longest_px = max(size_wh)
    shrink = min(LONGEST_SIDE_PX / longest_px, pixel_size_um / FINEST_PIXEL_SIZE_UM, 1)
    width, height = (max(8, round(side * shrink)) for side in size_wh)
    return width, height


def reduce_frame(image: NDArray[np.uint8], pixel_size_um: float) -> MapImage:
    """Make a frame small and rid it of its light.

    Parameters
    ----------
    image : ndarray of shape (H, W, 3), uint8, RGB
    pixel_size_um : float
        Micrometres per pixel.
    """
    height, width = image.shape[:2]
    size_wh = map_size_wh((width, height), pixel_size_um)
    # Averaging some pixels of many is quick, and as good for a map.
    step = max(1, int(height / size_wh[1] / _AVERAGED_PX))
    green = np.ascontiguousarray(image[::step, ::step, 1])
    small = np.asarray(
        cv2.resize(green, size_wh, interpolation=cv2.INTER_AREA), np.uint8
    )
    levels = np.cumsum(np.bincount(small.ravel(), minlength=256)) / small.size
    if int(np.searchsorted(levels, 0.5)) < _DARKEST_MEDIAN:
        return MapImage(codes=np.full_like(small, 128), is_featureless=True)
    glass = int(np.searchsorted(levels, _GLASS_QUANTILE))
    density = _density(small, glass)
    map_pixel_um = pixel_size_um * width / size_wh[0]
    band = _band(density, map_pixel_um)
    codes = np.clip(np.rint(128 + _CODES_PER_DENSITY * band), 0, 255)
    return MapImage(
        codes=codes.astype(np.uint8),
        is_featureless=_is_featureless(band, map_pixel_um),
    )


def _is_featureless(band: Plane, map_pixel_um: float) -> bool:
    contrast = float(band.std())
    if contrast < _LEAST_CONTRAST:
        return True
    across, down = band[1:-1, 2:] - band[1:-1, :-2], band[2:, 1:-1] - band[:-2, 1:-1]
    slope = math.sqrt(float(np.mean(across * across) + np.mean(down * down))) / 2
    return slope / map_pixel_um < _LEAST_FINENESS_PER_UM * contrast


def _density(green: NDArray[np.uint8], glass: int) -> Plane:
    """Compute the optical density against bare glass, cut at `_DEEPEST`."""
    levels = np.log10(np.arange(256, dtype=np.float32) + 1)
    table = np.minimum(np.log10(glass + 1) - levels, _DEEPEST)
    return np.asarray(cv2.LUT(green, table.astype(np.float32)), np.float32)


def _band(density: Plane, map_pixel_um: float) -> Plane:
    """Subtract what changes slowly over the frame."""
    shape_wh = density.shape[1], density.shape[0]
    quarter_wh = (max(2, shape_wh[0] // 4), max(2, shape_wh[1] // 4))
    quarter = cv2.resize(density, quarter_wh, interpolation=cv2.INTER_AREA)
    sigma = max(0.8, _BAND_UM / (4 * map_pixel_um))
    slow = cv2.GaussianBlur(quarter, (0, 0), sigma, borderType=cv2.BORDER_REFLECT)
    smooth = cv2.resize(slow, shape_wh, interpolation=cv2.INTER_LINEAR)
    return np.asarray(density - smooth, np.float32)
