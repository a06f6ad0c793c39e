"""Draw a nucleated cell: body, nucleus, granules and vacuoles, layer upon layer."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from edge.capture.demo.appearance import Appearance, Chromatin, Cytoplasm
from edge.capture.demo.granules import granule_cover
from edge.capture.demo.nucleus import nucleus_depth_um
from edge.capture.demo.outline import (
    Points,
    canvas_half_px,
    depth_um,
    draw_outline,
    filled,
)
from edge.capture.demo.stain import Plane
from edge.capture.demo.texture import CANVAS_UM, grain, ramp, toned

_EDGE_UM: Final = 0.1
"""Half the width over which a drawn edge fades, below the optics' own blur."""

_FINE_CONTRAST: Final = 0.2
"""Standard deviation of the finest chromatin texture, as a share of the difference
between strand and gap (measured on PBC, 2026-11)."""

_PACKING: Final = (-0.3, 1.4)
"""How far single grains may be paler than a gap and darker than a strand."""

_DEPTH: Final = (0.92, 1.06)
"""How deeply single cells of one slide take the stain, as a factor on the density."""

_AZURE: Final = (0.92, 1.06)
"""Likewise a nucleus in red light alone: from purple to navy."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WhiteCellPlan:
    """A cell decided, not yet drawn.

    Parameters
    ----------
    outline : ndarray of shape (N, 2), float64
        About the cell's centre, in micrometres.
    radius_um : float
        Of the circle of equal area.
    """

    appearance: Appearance
    outline: Points
    radius_um: float


def plan_white_cell(
    rng: np.random.Generator, appearances: tuple[Appearance, ...]
) -> WhiteCellPlan:
    """Choose a look and a size, and draw the outline."""
    shares = [appearance.share for appearance in appearances]
    appearance = appearances[int(rng.choice(len(appearances), p=shares))]
    radius_um = rng.uniform(*appearance.diameter_um) / 2
    outline = draw_outline(rng, radius_um, appearance.outline)
    return WhiteCellPlan(appearance=appearance, outline=outline, radius_um=radius_um)


def draw_white_cell(rng: np.random.Generator, plan: WhiteCellPlan) -> Plane:
    """Draw a cell on its canvas.

    Returns
    -------
    ndarray of shape (S, S, 3), float32
        Optical density, R, G, B, at `CANVAS_UM` micrometres a pixel, the cell's
        centre in the middle.
    """
    look = plan.appearance
    half_px = canvas_half_px(plan.outline)
    cell_depth = depth_um(filled(plan.outline, half_px))
    nucleus_um = rng.uniform(*look.nucleus_um)
    nucleus_um = min(nucleus_um, 1.86 * plan.radius_um)
    discs = look.nucleus_shape(rng, plan.radius_um, nucleus_um)
    nucleus_depth = nucleus_depth_um(
        rng, discs, half_px, melt_um=look.melt_um, ragged=look.ragged
    )
    nucleus_depth = np.minimum(nucleus_depth, cell_depth - np.float32(0.1))
    density = _body(rng, look.cytoplasm, cell_depth)
    vacuoles = _vacuoles(rng, look, cell_depth, nucleus_depth)
    density *= (1 - 0.85 * vacuoles)[..., None]
    _lay(
        density,
        _chromatin(rng, look.chromatin, nucleus_depth),
        ramp(nucleus_depth, -_EDGE_UM, _EDGE_UM) * (1 - vacuoles),
    )
    for granules in look.granules:
        cover = granule_cover(rng, granules, cell_depth, nucleus_depth)
        _lay(density, np.array(granules.density, np.float32), cover * (1 - vacuoles))
    density *= np.float32(rng.uniform(*_DEPTH))
    return toned(rng, density)


def _lay(density: Plane, upper: Plane, cover: Plane) -> None:
    """Lay one matter in another's place, in place."""
    density += cover[..., None] * (upper - density)


def _body(rng: np.random.Generator, cytoplasm: Cytoplasm, cell_depth: Plane) -> Plane:
    shape = cell_depth.shape[0], cell_depth.shape[1]
    amount = 1 + np.float32(0.8 * cytoplasm.mottle) * grain(rng, shape, 0.26)
    amount += np.float32(0.6 * cytoplasm.mottle) * grain(rng, shape, 0.7)
    amount += np.float32(cytoplasm.blotch) * grain(rng, shape, 2.5)
    amount += np.float32(cytoplasm.rim) * ramp(-cell_depth, -0.7, -0.1)
    amount = np.clip(amount, 0.2, 3) * ramp(cell_depth, -_EDGE_UM, _EDGE_UM)
    deepness = np.clip(rng.random() + np.float32(0.3) * grain(rng, shape, 4.0), 0, 1)
    pale, deep = (np.array(v, np.float32) for v in (cytoplasm.pale, cytoplasm.deep))
    colour = pale + deepness[..., None] * (deep - pale)
    return np.asarray(amount[..., None] * colour, np.float32)


def _chromatin(rng: np.random.Generator, chromatin: Chromatin, depth: Plane) -> Plane:
    shape = depth.shape[0], depth.shape[1]
    texture = grain(rng, shape, rng.uniform(*chromatin.grain_um))
    texture = texture + np.float32(0.35) * grain(rng, shape, 2.5)
    share = rng.uniform(*chromatin.light_share)
    threshold = float(np.quantile(texture[::4, ::4], share))
    packed = ramp(
        texture, threshold - chromatin.softness, threshold + chromatin.softness
    )
    packed += np.float32(_FINE_CONTRAST) * grain(rng, shape, 0.24)
    membrane = 1 - ramp(depth, chromatin.membrane_um, chromatin.membrane_um + 0.25)
    packed += membrane * np.maximum(1 - packed, 0)
    packed = np.clip(packed, *_PACKING)
    dark, light = (np.array(v, np.float32) for v in (chromatin.dark, chromatin.light))
    colour = light + packed[..., None] * (dark - light)
    colour[..., 0] *= np.float32(rng.uniform(*_AZURE))
    return np.asarray(colour, np.float32)


def _vacuoles(
    rng: np.random.Generator, look: Appearance, cell_depth: Plane, nucleus: Plane
) -> Plane:
    """Find the cover of round holes in the cytoplasm, some biting into the nucleus."""
    cover = np.zeros(cell_depth.shape[:2], np.uint8)
    least, most = look.vacuoles
    places = np.argwhere((cell_depth > 0.6) & (nucleus < 0.2))
    wanted = int(max(0, rng.uniform(least - 0.5 * most, most))) if len(places) else 0
    for y, x in places[rng.integers(0, max(1, len(places)), wanted)].tolist():
        radius = round(rng.uniform(0.2, 0.75) / CANVAS_UM)
        cv2.circle(cover, (x, y), radius, (255,), -1, cv2.LINE_AA)
    soft = cv2.GaussianBlur(cover, (0, 0), 1.5)
    return np.asarray(soft.astype(np.float32) / 255, np.float32)
