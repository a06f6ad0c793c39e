"""Cell outlines: circles made uneven by a few waves around the edge."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.capture.demo.stain import Plane
from edge.capture.demo.texture import CANVAS_UM

Points = NDArray[np.float64]
"""Vertices (N, 2), x and y in micrometres from the cell's centre."""

OUTLINE_POINTS: Final = 240
_SHIFT: Final = 4
MARGIN_UM: Final = 0.8
"""Room on the canvas around an outline, for blur and protruding granules."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unevenness:
    """How far an outline strays from a circle.

    Parameters
    ----------
    elongation : float
        Largest excess of length over width, as a fraction.
    waviness : float
        Slow waves (3 to 6 around the edge), standard deviation as a fraction of
        the radius.
    ruffle : float
        Quick waves (9 to 30), likewise.
    """

    elongation: float = 0.1
    waviness: float = 0.015
    ruffle: float = 0.0


def draw_outline(
    rng: np.random.Generator, radius_um: float, unevenness: Unevenness
) -> Points:
    """Draw an outline about the origin.

    Returns
    -------
    ndarray of shape (OUTLINE_POINTS, 2), float64
        Micrometres; encloses about the area of a circle of `radius_um`.
    """
    angles = np.linspace(0, 2 * np.pi, OUTLINE_POINTS, endpoint=False)
    radii = np.ones(OUTLINE_POINTS)
    radii += _waves(rng, angles, range(3, 7), unevenness.waviness)
    radii += _waves(rng, angles, range(9, 31), unevenness.ruffle)
    stretch = np.sqrt(1 + rng.uniform(0, unevenness.elongation))
    x = radius_um * radii * np.cos(angles) * stretch
    y = radius_um * radii * np.sin(angles) / stretch
    return rotated(np.stack([x, y], axis=1), rng.uniform(0, 2 * np.pi))


def _waves(
    rng: np.random.Generator, angles: NDArray[np.float64], counts: range, sd: float
) -> NDArray[np.float64]:
    if sd == 0:
        return np.zeros_like(angles)
    k = np.array(counts)
    amplitudes = rng.normal(0, sd * np.sqrt(2 / len(k)), len(k))
    phases = rng.uniform(0, 2 * np.pi, len(k))
    return np.asarray(amplitudes @ np.cos(k[:, None] * angles + phases[:, None]))


def rotated(points: Points, angle: float) -> Points:
    """Turn points about the origin, by radians."""
    cosine, sine = np.cos(angle), np.sin(angle)
    return np.asarray(points @ np.array([[cosine, sine], [-sine, cosine]]))


def reach_um(outline: Points) -> float:
    """Distance of the outline's farthest point from the centre."""
    return float(np.hypot(outline[:, 0], outline[:, 1]).max())


def canvas_half_px(outline: Points) -> int:
    """Half the side of a square canvas, centred on the cell, that holds it."""
    return int(np.ceil((np.abs(outline).max() + MARGIN_UM) / CANVAS_UM))


def filled(outline: Points, half_px: int) -> NDArray[np.uint8]:
    """Rasterize an outline on the canvas.

    Returns
    -------
    ndarray of shape (2 * half_px, 2 * half_px), uint8
        1 inside.
    """
    mask = np.zeros((2 * half_px, 2 * half_px), np.uint8)
    vertices = np.rint((outline / CANVAS_UM + half_px) * 2**_SHIFT).astype(np.int32)
    cv2.fillPoly(mask, [vertices], (1,), shift=_SHIFT)
    return mask


def depth_um(mask: NDArray[np.uint8]) -> Plane:
    """Signed distance to the edge of a mask, positive inside, in micrometres."""
    inside = cv2.distanceTransform(mask, cv2.DIST_L2, 3)
    outside = cv2.distanceTransform(1 - mask, cv2.DIST_L2, 3)
    return np.asarray((inside - outside) * np.float32(CANVAS_UM), np.float32)
