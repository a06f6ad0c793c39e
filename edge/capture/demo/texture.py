"""Noise with a grain of known size: chromatin, mottled cytoplasm, ragged edges.

A grain is band-passed white noise, made once on a torus and then looked at through
windows at random places, so that a cell costs no filtering.
"""

import math
from functools import lru_cache
from typing import Final

import cv2
import numpy as np

from edge.capture.demo.stain import Plane

CANVAS_UM: Final = 0.05
"""Micrometres per pixel of the canvas on which stained cells are drawn: about twice
as fine as the frames they end up in."""

_TONE_SPREAD: Final = (0.07, 0.08, 0.08)
"""Standard deviation of the stains' fine unevenness, R, G, B: brings the fine contrast
and the correlation of R with G (0.86) to PBC's (measured on PBC, 2026-11)."""

_TORUS_PX: Final = 512
_TORUS_SEED: Final = 0x57A1
_GRAIN_STEP: Final = 1.12
"""Grains are made in steps of this factor, so that few tori are needed."""

_FINEST_PX: Final = 3.0
_COARSEST_PX: Final = 7.0
"""Coarser grains are made small and enlarged."""


def grain(rng: np.random.Generator, shape: tuple[int, int], grain_um: float) -> Plane:
    """Look through a window at noise whose blobs are about `grain_um` wide.

    Parameters
    ----------
    rng : numpy.random.Generator
        Chooses the window.
    shape : tuple of int
        (H, W) in canvas pixels.
    grain_um : float
        Typical width of a blob, in micrometres.

    Returns
    -------
    ndarray of shape (H, W), float32
        Mean 0, standard deviation 1, near normal.
    """
    grain_px = max(grain_um / CANVAS_UM, _FINEST_PX)
    torus = _torus(round(math.log(grain_px, _GRAIN_STEP)))
    top, left = (int(v) for v in rng.integers(0, _TORUS_PX, 2))
    rows = np.arange(top, top + shape[0]) % _TORUS_PX
    columns = np.arange(left, left + shape[1]) % _TORUS_PX
    window = torus[rows[:, None], columns[None, :]]
    return window if rng.random() < 0.5 else -window


@lru_cache(maxsize=40)
def _torus(step: int) -> Plane:
    """Make the noise of one grain: a difference of Gaussians."""
    grain_px, side = _GRAIN_STEP**step, _TORUS_PX
    while grain_px > _COARSEST_PX:
        grain_px, side = grain_px / 2, side // 2
    rng = np.random.default_rng([_TORUS_SEED, step])
    margin = int(4 * grain_px) + 4
    white = rng.standard_normal((side, side), np.float32)
    wrapped = np.pad(white, margin, mode="wrap")
    narrow = cv2.GaussianBlur(wrapped, (0, 0), 0.42 * grain_px)
    band = narrow - cv2.GaussianBlur(wrapped, (0, 0), 0.9 * grain_px)
    enlarged = cv2.resize(
        band,
        None,
        fx=_TORUS_PX / side,
        fy=_TORUS_PX / side,
        interpolation=cv2.INTER_CUBIC,
    )
    start = margin * _TORUS_PX // side
    torus = enlarged[start : start + _TORUS_PX, start : start + _TORUS_PX]
    torus = torus / torus.std()
    torus.flags.writeable = False
    return np.asarray(torus, np.float32)


def ramp(values: Plane, low: float, high: float) -> Plane:
    """Smooth step from 0 at `low` to 1 at `high`.

    Examples
    --------
    >>> ramp(np.array([0.0, 0.5, 1.0], np.float32), 0, 1).tolist()
    [0.0, 0.5, 1.0]
    """
    t = np.clip((values - np.float32(low)) / np.float32(high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def toned(rng: np.random.Generator, density: Plane) -> Plane:
    """Let azure (seen in red) and eosin (seen in green) vary on their own.

    Parameters
    ----------
    density : ndarray of shape (H, W, 3), float32
        Changed in place, and returned.
    """
    shape = density.shape[0], density.shape[1]
    for channel, spread in enumerate(_TONE_SPREAD):
        density[..., channel] *= 1 + np.float32(spread) * grain(rng, shape, 0.26)
    return density
