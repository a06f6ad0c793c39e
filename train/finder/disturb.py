"""Other stains, lights, lenses and cameras, drawn for one crop.

Colours change in optical density, as a stain's amount does; light, lens and camera
follow in the order light takes them. All of it is a few OpenCV calls.
"""

from functools import cache
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

Crop = NDArray[np.float32]
"""RGB of shape (S, S, 3), 0 to 255."""

_DENSITY: Final = -np.log((np.arange(256, dtype=np.float32) + 1.0) / 256.0)
_NOISE: Final = np.random.default_rng(0).standard_normal(1 << 20, np.float32)
"""Noise is cut out of it: to draw it for each crop takes longer than all the rest."""


def disturbed(
    crop: NDArray[np.uint8], glass: NDArray[np.float32], random: np.random.Generator
) -> NDArray[np.uint8]:
    """Draw another look of a crop.

    Parameters
    ----------
    crop : ndarray of shape (S, S, 3), uint8, RGB
    glass : ndarray of shape (3,), float32
        Its bare glass.
    random : Generator
    """
    seen = crop.astype(np.float32)
    if random.random() < 0.92:
        seen = _restained(crop, glass, random)
    seen *= _unevenness(crop.shape[0], random)
    seen = _through_lens(seen, random)
    return _by_camera(seen, random)


def _restained(
    crop: NDArray[np.uint8], glass: NDArray[np.float32], random: np.random.Generator
) -> Crop:
    density = np.asarray(cv2.LUT(crop, _DENSITY), np.float32)
    density += np.log((glass + 1.0) / 256.0)
    amount = random.normal(0, 0.3) + random.normal(0, 0.3, 3)
    mixing = np.exp(amount)[:, np.newaxis] * (
        np.eye(3) + random.normal(0, 0.12, (3, 3)) * (1 - np.eye(3))
    )
    mixed = np.asarray(cv2.transform(density, mixing.astype(np.float32)), np.float32)
    seen = np.exp(-mixed) * _light(random)
    return np.asarray(np.clip(seen, 0, 255), np.float32)


def _light(random: np.random.Generator) -> NDArray[np.float32]:
    """Draw the colour of bare glass: near white, or of strongly tinted light."""
    colour = np.exp(random.normal(0, 0.08, 3))
    if random.random() < 0.3:
        colour *= random.uniform(0.15, 1.0, 3)
    level = random.uniform(90, 262)
    return np.asarray(colour / colour.max() * level, np.float32)


def _unevenness(side: int, random: np.random.Generator) -> Crop:
    """Draw a slope of the light and the lens's vignette, of colours of their own."""
    y, x = _places(side)
    turn = random.uniform(0, 2 * np.pi)
    slope = np.cos(turn, dtype=np.float32) * x + np.sin(turn, dtype=np.float32) * y
    left, top = (float(place) for place in random.uniform(-0.6, 0.6, 2))
    far = (x - left) ** 2 + (y - top) ** 2
    amounts = np.array([0.45, -0.35]) * random.random(2) ** 2
    coloured = amounts * np.exp(random.normal(0, 0.5, (3, 2)))
    layers = np.stack([slope.ravel(), far.ravel()]).astype(np.float32)
    uneven = np.exp(coloured.astype(np.float32) @ layers).T.reshape(side, side, 3)
    return np.asarray(uneven / np.maximum(1.0, uneven.mean(axis=(0, 1))), np.float32)


@cache
def _places(side: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return rows (S, 1) and columns (1, S), from -1 to 1."""
    along = np.linspace(-1, 1, side, dtype=np.float32)
    return along[:, np.newaxis], along[np.newaxis]


def _through_lens(seen: Crop, random: np.random.Generator) -> Crop:
    """Defocus, sharpen, or veil."""
    what = random.random()
    if what < 0.5:
        blur = random.uniform(0.3, 1.8) ** 1.2
        seen = np.asarray(cv2.GaussianBlur(seen, (0, 0), blur), np.float32)
    elif what < 0.65:
        soft = cv2.GaussianBlur(seen, (0, 0), random.uniform(0.6, 1.5))
        seen = seen + float(random.uniform(0.3, 1.5)) * (seen - soft)
    if random.random() < 0.3:
        share = float(random.uniform(0, 0.5))
        seen = (1 - share) * seen + share * seen.mean(axis=(0, 1))
    return np.asarray(seen, np.float32)


def _by_camera(seen: Crop, random: np.random.Generator) -> NDArray[np.uint8]:
    """Gamma, noise, codes and JPEG."""
    seen = np.clip(seen, 0, 255)
    if random.random() < 0.4:
        power = float(np.exp(random.normal(0, 0.25)))
        seen = np.float32(255) * cv2.pow(seen / np.float32(255), power)
    if random.random() < 0.6:
        spread = float(8 * random.random() ** 2)
        start = random.integers(_NOISE.size - seen.size)
        noise = _NOISE[start : start + seen.size].reshape(seen.shape)
        if random.random() < 0.4:
            noise = 2.2 * cv2.GaussianBlur(noise, (0, 0), 0.8)
        seen = seen + spread * noise
    codes = np.clip(np.rint(seen), 0, 255).astype(np.uint8)
    if random.random() < 0.35:
        quality = int(random.integers(35, 95))
        done, packed = cv2.imencode(".jpg", codes, [cv2.IMWRITE_JPEG_QUALITY, quality])
        if done:
            codes = np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8)
    return codes
