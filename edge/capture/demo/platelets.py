"""Draw platelets: small, granular, with a frayed pale-blue edge."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from edge.capture.demo.outline import (
    Points,
    Unevenness,
    canvas_half_px,
    depth_um,
    draw_outline,
    filled,
)
from edge.capture.demo.stain import Plane
from edge.capture.demo.texture import grain, ramp, toned

_DIAMETER_UM: Final = (4.6, 0.2)
"""Median and logarithmic spread, with `_LIMITS_UM`: PBC's centred platelets measure
4.4 to 6.7 µm, those beside other cells about 3 µm (measured on PBC, 2026-11)."""

_LIMITS_UM: Final = (2.8, 6.8)
_HYALOMERE: Final = ((0.11, 0.12, 0.04), (0.22, 0.24, 0.07))
"""Palest and deepest rim, a greyish blue."""

_GRANULOMERE: Final = ((0.22, 0.32, 0.08), (0.47, 0.95, 0.16))
"""Between the granules, and a granule."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PlateletPlan:
    """A platelet decided, not yet drawn; its outline is about its centre, in µm."""

    outline: Points


def plan_platelet(rng: np.random.Generator) -> PlateletPlan:
    """Choose a size and draw the outline."""
    median, spread = _DIAMETER_UM
    diameter = float(np.clip(median * np.exp(rng.normal(0, spread)), *_LIMITS_UM))
    frayed = Unevenness(elongation=0.25, waviness=0.03, ruffle=rng.uniform(0, 0.02))
    return PlateletPlan(outline=draw_outline(rng, diameter / 2, frayed))


def draw_platelet(rng: np.random.Generator, plan: PlateletPlan) -> Plane:
    """Draw a platelet on its canvas.

    Returns
    -------
    ndarray of shape (S, S, 3), float32
        Optical density, R, G, B, at the canvas's scale, centred.
    """
    half_px = canvas_half_px(plan.outline)
    depth = depth_um(filled(plan.outline, half_px))
    shape = depth.shape[0], depth.shape[1]
    depth += np.float32(0.08) * grain(rng, shape, 0.6)
    rim, between, granule = _colours(rng)
    cover = ramp(depth, -0.2, 0.3) * np.clip(1 + 0.3 * grain(rng, shape, 0.4), 0, 2)
    density = cover[..., None] * rim
    core = ramp(depth - np.float32(rng.uniform(0.0, 0.45)), -0.1, 0.5)
    density += core[..., None] * (between - density)
    threshold = rng.uniform(-1.9, -0.3)
    mass = grain(rng, shape, rng.uniform(0.24, 0.36))
    mass = mass + np.float32(0.6) * grain(rng, shape, 0.9)
    granules = ramp(mass, threshold, threshold + 2.4)
    density += (core * granules)[..., None] * (granule - density)
    return toned(rng, np.asarray(density, np.float32))


def _colours(rng: np.random.Generator) -> tuple[Plane, Plane, Plane]:
    """Choose the rim, the ground between the granules and the granules."""
    pale, deep = (np.array(v, np.float32) for v in _HYALOMERE)
    rim = pale + np.float32(rng.random()) * (deep - pale)
    between, granule = (np.array(v, np.float32) for v in _GRANULOMERE)
    return rim, between, granule * np.float32(rng.uniform(0.85, 1.1))
