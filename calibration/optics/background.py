"""The light behind the cells, and what the cells take away from it."""

import math
from functools import lru_cache
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.optics.halving import shrink_to
from hemalens.glass import Glass, surface_terms

Planes = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]
"""Red, green and blue, each of shape (H, W)."""

CodePlanes = tuple[NDArray[np.int16], NDArray[np.int16], NDArray[np.int16]]
"""The same in codes."""

CODES_PER_DENSITY: Final = 4096
"""Optical density in whole numbers: an eighth of the step between the two brightest
grey levels, and room for seven times the density of a black pixel."""

COARSE_SIDE_PX: Final = 64
"""The surface has six coefficients a channel: 64 pixels across fix them."""

UPPER_WEIGHT: Final = 0.98
"""Weight of pixels above the surface in the first, asymmetric fit; cells cover up to
two thirds of a frame and lie below (measured on BCCD and PBC, 2026-11)."""

FIRST_TOLERANCE: Final = 0.08
LEAST_TOLERANCE: Final = 0.02
"""Log-intensity band around the surface that counts as background, at first and at
last: camera noise and shading of empty slide (measured on BCCD and PBC, 2026-11)."""

LEAST_LIGHT: Final = 24.0
"""Grey level below which a background is no light to see cells by."""

NEGATIVE_LIMIT: Final = -0.2
"""Glare is brighter than the background; more than this of it tells nothing."""


def optical_density(image: NDArray[np.uint8]) -> NDArray[np.float32] | None:
    """Measure how much of the background's light each pixel takes away.

    Parameters
    ----------
    image : ndarray of shape (H, W, 3), uint8, RGB
        The frame.

    Returns
    -------
    ndarray of shape (H, W, 3), float32, RGB, or None
        Natural logarithm of background over pixel: 0 on empty slide. None where the
        frame is too dark to tell.
    """
    planes = density_planes(image)
    if planes is None:
        return None
    return np.asarray(cv2.merge(planes), np.float32).reshape(image.shape)


def density_planes(
    image: NDArray[np.uint8],
    field: NDArray[np.bool_] | None = None,
    glass: Glass | None = None,
) -> Planes | None:
    """Measure optical density, as `density_codes` does, channel by channel."""
    codes = density_codes(image, field, glass)
    if codes is None:
        return None
    red, green, blue = map(to_density, codes)
    return red, green, blue


def to_density(codes: NDArray[np.int16]) -> NDArray[np.float32]:
    """Turn codes into optical densities."""
    return np.multiply(codes, np.float32(1 / CODES_PER_DENSITY), dtype=np.float32)


def density_codes(
    image: NDArray[np.uint8],
    field: NDArray[np.bool_] | None = None,
    glass: Glass | None = None,
) -> CodePlanes | None:
    """Measure optical density in codes, which take half the memory of floats.

    Parameters
    ----------
    image : ndarray of shape (H, W, 3), uint8, RGB
        The frame.
    field : ndarray of shape (H, W), bool, optional
        Where it shows the slide; elsewhere it is taken for empty slide.
    glass : Glass, optional
        Of the frame, where it was measured before.

    Returns
    -------
    tuple of three ndarray of shape (H, W), int16, or None
        Red, green, blue; `CODES_PER_DENSITY` for 1.
    """
    light = _coarse_light(image, glass or measure_glass(image, field))
    if math.exp(float(light[..., 1].max())) < LEAST_LIGHT:
        return None
    light_codes = np.rint(CODES_PER_DENSITY * light).astype(np.int16)
    red, green, blue = (_density(image, light_codes, channel) for channel in range(3))
    if field is not None:
        for plane in (red, green, blue):
            plane[~field] = 0
    return red, green, blue


def _density(
    image: NDArray[np.uint8], light_codes: NDArray[np.int16], channel: int
) -> NDArray[np.int16]:
    log_level = cv2.LUT(cv2.extractChannel(image, channel), _LOG_CODE_OF_LEVEL)
    size_wh = (image.shape[1], image.shape[0])
    light = cv2.resize(cv2.extractChannel(light_codes, channel), size_wh)
    density = np.asarray(cv2.subtract(light, log_level, dst=light), np.int16)
    return np.maximum(density, _LEAST_CODE, out=density)


def estimate_log_background(
    image: NDArray[np.uint8], field: NDArray[np.bool_] | None = None
) -> NDArray[np.float32]:
    """Fit a smooth surface to the empty slide between the cells.

    A quadratic surface is first pushed to the upper envelope of the green channel by
    asymmetric least squares [1]_, then fitted in all channels to the pixels near it.

    Parameters
    ----------
    image : ndarray of shape (H, W, 3), uint8, RGB
        The frame.
    field : ndarray of shape (H, W), bool, optional
        Where it shows the slide; the surface goes on elsewhere.

    Returns
    -------
    ndarray of shape (H, W, 3), float32, RGB
        Natural logarithm of the background's grey level, plus 1.

    References
    ----------
    .. [1] Eilers: A perfect smoother. Analytical Chemistry 75 (2003) 3631,
       doi 10.1021/ac034173t.
    """
    height, width = image.shape[:2]
    light = _coarse_light(image, measure_glass(image, field))
    full = cv2.resize(light, (width, height))
    return np.asarray(full, np.float32).reshape(height, width, 3)


def measure_glass(
    image: NDArray[np.uint8], field: NDArray[np.bool_] | None = None
) -> Glass:
    """Measure the colour of a frame's empty glass, wherever in it.

    Parameters
    ----------
    image : ndarray of shape (H, W, 3), uint8, RGB
        The frame; one made small tells the same.
    field : ndarray of shape (H, W), bool, optional
        Where it shows the slide.

    Returns
    -------
    Glass
        Where cells cover all, the brightest of what is there.
    """
    coarse_wh = _coarse_wh(image)
    coarse = shrink_to(image, coarse_wh)
    levels = _LOG_OF_LEVEL[coarse.reshape(-1, 3)].astype(np.float64)
    terms = _surface_terms(coarse_wh[1], coarse_wh[0])
    if field is not None:
        inside = _wholly_inside(field, coarse_wh).ravel()
        terms, levels = terms[inside], levels[inside]
    is_background = _near_surface(terms, levels[:, 1])
    surface = _fit(terms, levels, is_background.astype(np.float64))
    return Glass(surface=surface, share=float(np.mean(is_background)))


def _coarse_light(image: NDArray[np.uint8], glass: Glass) -> NDArray[np.float32]:
    """Return a frame's background, as coarse as it was fitted."""
    columns, rows = _coarse_wh(image)
    surface = _surface_terms(rows, columns) @ glass.surface
    surface = np.clip(surface, 0, _MOST_LOG_LEVEL).reshape(rows, columns, 3)
    return np.asarray(surface, np.float32)


def _coarse_wh(image: NDArray[np.uint8]) -> tuple[int, int]:
    height, width = image.shape[:2]
    shrink = min(1.0, COARSE_SIDE_PX / max(height, width))
    return max(1, round(width * shrink)), max(1, round(height * shrink))


def _wholly_inside(
    field: NDArray[np.bool_], coarse_wh: tuple[int, int]
) -> NDArray[np.bool_]:
    """Find the coarse pixels of which the field covers all; all pixels if none."""
    percent = field.view(np.uint8) * np.uint8(100)
    inside = shrink_to(percent, coarse_wh) == 100
    return np.asarray(inside if inside.any() else ~inside, np.bool_)


_LOG_OF_LEVEL: Final = np.log(np.arange(256, dtype=np.float32) + 1)
_MOST_LOG_LEVEL: Final = float(_LOG_OF_LEVEL[-1])
_LOG_CODE_OF_LEVEL: Final = np.rint(CODES_PER_DENSITY * _LOG_OF_LEVEL).astype(np.int16)
_LEAST_CODE: Final = np.int16(round(CODES_PER_DENSITY * NEGATIVE_LIMIT))


@lru_cache(maxsize=4)
def _surface_terms(height: int, width: int) -> NDArray[np.float64]:
    y, x = np.meshgrid(
        np.linspace(-1, 1, height), np.linspace(-1, 1, width), indexing="ij"
    )
    terms = surface_terms(x.ravel(), y.ravel())
    terms.flags.writeable = False
    return terms


def _fit(
    terms: NDArray[np.float64],
    levels: NDArray[np.float64],
    weights: NDArray[np.float64],
) -> NDArray[np.float64]:
    weighted = terms.T * weights
    normal = weighted @ terms + 1e-6 * len(terms) * np.eye(terms.shape[1])
    solved = np.linalg.solve(normal, weighted @ levels)
    return np.asarray(solved, np.float64)


def _asymmetric(residuals: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(residuals > 0, UPPER_WEIGHT, 1 - UPPER_WEIGHT)


def _near_surface(
    terms: NDArray[np.float64], levels: NDArray[np.float64]
) -> NDArray[np.bool_]:
    weights = np.ones(len(levels))
    residuals = levels
    for _ in range(15):
        residuals = levels - terms @ _fit(terms, levels, weights)
        before, weights = weights, _asymmetric(residuals)
        if np.array_equal(before, weights):
            break
    near = np.abs(residuals) < FIRST_TOLERANCE
    for _ in range(3):
        if np.count_nonzero(near) < 2 * terms.shape[1]:
            return np.ones(len(levels), np.bool_)
        residuals = levels - terms @ _fit(terms, levels, near.astype(np.float64))
        spread = 1.48 * float(np.median(np.abs(residuals[near])))
        near = np.abs(residuals) < max(LEAST_TOLERANCE, 2.5 * spread)
    return near
