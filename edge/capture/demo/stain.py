"""What stained matter does to light: optical densities, and how slides differ.

Densities are per channel (R, G, B), log10 of background over pixel: they add where
things lie above each other (Beer-Lambert). All were measured on PBC, 2026-11: medians
and k-means centres of 60 images a class, against each image's background.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Density = tuple[float, float, float]
"""Optical density in R, G, B."""

Plane = NDArray[np.float32]
"""One channel (H, W), or three (H, W, 3), of float32."""

RED_CELL: Final[Density] = (0.1, 0.136, 0.078)
NUCLEUS: Final[Density] = (0.61, 1.04, 0.2)

BACKGROUND_RGB: Final = (254.5, 228.0, 202.0)
"""Light through bare glass, camera levels: the 10th to 90th percentile of PBC spans
only 1 to 4 levels. Red is at the sensor's end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnStain:
    """How one slide came out of the stainer.

    Parameters
    ----------
    strength : float
        Factor on every density.
    tint : Density
        Factor a channel.
    red_cell_tint : Density
        Further factor a channel for red cells, whose pink follows the buffer's pH.
    light_rgb : tuple of float
        Camera levels of bare glass.
    """

    strength: float
    tint: Density
    red_cell_tint: Density
    light_rgb: tuple[float, float, float]


def slide_stain(rng: np.random.Generator) -> DrawnStain:
    """Draw a slide's stain: within the spread between PBC's images."""
    jitter = rng.normal(0, (0.02, 0.02, 0.03))
    red = rng.normal(0, (0.05, 0.04, 0.04))
    light = np.array(BACKGROUND_RGB) + rng.normal(0, (0.7, 1.0, 0.8))
    return DrawnStain(
        strength=float(np.clip(rng.normal(1, 0.04), 0.9, 1.1)),
        tint=_triple(np.clip(1 + jitter, 0.94, 1.06)),
        red_cell_tint=_triple(np.clip(1 + red, 0.88, 1.12)),
        light_rgb=_triple(light),
    )


def _triple(values: NDArray[np.float64]) -> Density:
    return float(values[0]), float(values[1]), float(values[2])
