"""What the microscope and camera make of a field: light, focus, sharpening, noise."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.capture.demo.stain import Plane

_SHARP_UM: Final = 0.07
"""Blur of a field in focus, standard deviation at the specimen."""

_DEFOCUS_UM: Final = 0.025
_SHARPENING: Final = 1.0
"""The camera's own edge enhancement: with `_SHARPENING_UM` it gives nuclei the edges
and the fine contrast of PBC's (measured on PBC, 2026-11)."""

_SHARPENING_UM: Final = 0.12
_STRAY: Final = (0.02, 0.03, 0.02)
"""Light reaching the sensor past the darkest matter, as a fraction of bare glass in R,
G, B: PBC's densest nuclei end at an optical density of 1.08 in green (measured on PBC,
2026-11)."""

_NOISE_LEVELS: Final = 0.85
"""Standard deviation of bare glass after removing slow changes (measured on PBC,
2026-11)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lamp:
    """Uneven illumination of one microscope, as fractions of the light.

    Parameters
    ----------
    vignette : float
        Loss in the frame's corners.
    slope_x, slope_y : float
        Change from the frame's middle to its edge.
    """

    vignette: float
    slope_x: float
    slope_y: float


def draw_lamp(rng: np.random.Generator) -> Lamp:
    """Choose a slide's illumination."""
    slopes = rng.uniform(-0.012, 0.012, 2)
    return Lamp(
        vignette=rng.uniform(0.005, 0.035),
        slope_x=float(slopes[0]),
        slope_y=float(slopes[1]),
    )


def illumination(lamp: Lamp, shape: tuple[int, int]) -> Plane:
    """Light reaching each pixel, about 1 in the middle, shape (H, W)."""
    y = np.linspace(-1, 1, shape[0], dtype=np.float32)[:, None]
    x = np.linspace(-1, 1, shape[1], dtype=np.float32)[None, :]
    slope = lamp.slope_x * x + lamp.slope_y * y
    return np.asarray(1 + slope - lamp.vignette * (x**2 + y**2) / 2, np.float32)


def expose(
    rng: np.random.Generator,
    density: Plane,
    light: Plane,
    pixel_size_um: float,
) -> NDArray[np.uint8]:
    """Photograph a field.

    Parameters
    ----------
    density : ndarray of shape (H, W, 3), float32
        Optical density, R, G, B.
    light : ndarray of shape (H, W, 3), float32
        Camera levels of bare glass.

    Returns
    -------
    ndarray of shape (H, W, 3), uint8, RGB
    """
    passed = cv2.exp(density * np.float32(-np.log(10)))
    stray = np.array(_STRAY, np.float32)
    bare = (passed * (1 - stray) + stray) * light
    blur_um = _SHARP_UM + _DEFOCUS_UM * abs(rng.normal())
    seen = cv2.GaussianBlur(bare, (0, 0), max(0.2, blur_um / pixel_size_um))
    soft = cv2.GaussianBlur(seen, (0, 0), max(0.4, _SHARPENING_UM / pixel_size_um))
    sharp = cv2.addWeighted(seen, 1 + _SHARPENING, soft, -_SHARPENING, 0)
    noisy = cv2.add(sharp, _noise(rng, sharp.shape))
    return np.asarray(np.clip(np.rint(noisy), 0, 255), np.uint8)


def _noise(rng: np.random.Generator, shape: tuple[int, ...]) -> Plane:
    """Make sensor noise, half of it common to the channels, as after demosaicing.

    A channel's own half is the common one from elsewhere in the frame: as good as
    independent, and much faster to come by.
    """
    height, width = shape[:2]
    common = rng.standard_normal((height, width), np.float32)
    common *= np.float32(_NOISE_LEVELS / np.sqrt(2))
    shifts = rng.integers(8, (height - 8, width - 8), (3, 2))
    channels = [common + np.roll(common, tuple(shift), (0, 1)) for shift in shifts]
    return np.asarray(cv2.merge(channels), np.float32)
