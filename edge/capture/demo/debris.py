"""Draw what is no cell: stain deposits and smudges. The truth does not know them."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from edge.capture.demo.stain import Plane
from edge.capture.demo.texture import CANVAS_UM, grain, ramp

_DEPOSIT: Final = (0.45, 0.75, 0.18)
_SMUDGE: Final = (0.1, 0.2, 0.06)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DebrisPlan:
    """Something decided, not yet drawn.

    Parameters
    ----------
    radius_um : float
        Of the area it is strewn over.
    smudge : bool
        A pale smear of burst matter, otherwise a few dark specks.
    """

    radius_um: float
    smudge: bool


def plan_debris(rng: np.random.Generator) -> DebrisPlan:
    """Choose specks mostly, a smudge now and then."""
    smudge = bool(rng.random() < 0.15)
    reach = (3.0, 6.0) if smudge else (0.2, 1.2)
    return DebrisPlan(radius_um=rng.uniform(*reach), smudge=smudge)


def draw_debris(rng: np.random.Generator, plan: DebrisPlan) -> Plane:
    """Draw on a canvas, centred.

    Returns
    -------
    ndarray of shape (S, S, 3), float32
        Optical density, R, G, B.
    """
    half_px = int(np.ceil((plan.radius_um + 0.8) / CANVAS_UM))
    cover, colour = (
        _smudge(rng, plan, half_px) if plan.smudge else _specks(rng, plan, half_px)
    )
    return np.asarray(cover[..., None] * np.array(colour, np.float32), np.float32)


def _specks(
    rng: np.random.Generator, plan: DebrisPlan, half_px: int
) -> tuple[Plane, tuple[float, float, float]]:
    cover = np.zeros((2 * half_px, 2 * half_px), np.uint8)
    for _ in range(int(rng.integers(1, 6))):
        x, y = np.rint(half_px + rng.normal(0, 0.4, 2) * plan.radius_um / CANVAS_UM)
        radius = round(rng.uniform(0.08, 0.22) / CANVAS_UM)
        cv2.circle(cover, (int(x), int(y)), radius, (255,), -1, cv2.LINE_AA)
    soft = cv2.GaussianBlur(cover, (0, 0), 1.5).astype(np.float32) / 255
    return np.asarray(soft, np.float32), _DEPOSIT


def _smudge(
    rng: np.random.Generator, plan: DebrisPlan, half_px: int
) -> tuple[Plane, tuple[float, float, float]]:
    steps = (np.arange(2 * half_px, dtype=np.float32) - half_px) * CANVAS_UM
    distance = np.hypot(steps[None, :], steps[:, None] * rng.uniform(1, 2))
    shape = (2 * half_px, 2 * half_px)
    ragged = distance / plan.radius_um + 0.25 * grain(rng, shape, 2.5)
    cover = 1 - ramp(np.asarray(ragged, np.float32), 0.3, 0.9)
    reach = np.asarray(distance / plan.radius_um, np.float32)
    inside = 1 - ramp(reach, 0.8, 1.0)
    cover = cover * inside * np.clip(1 + 0.4 * grain(rng, shape, 0.6), 0, 2)
    return np.asarray(cover, np.float32), _SMUDGE
