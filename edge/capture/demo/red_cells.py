"""Draw red cells: pink discs, pale in the middle, round to oval."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.capture.demo.stain import Plane
from hemalens.preprocess import RED_CELL_DIAMETER_UM

_DIAMETER_SD_UM: Final = 0.42
"""The 10th to 90th percentile of PBC's red cells is 70 to 88 px of 0.095 µm; part of
that is between patients (TXL-PBC boxes)."""

_ANGLES: Final = 128
_RADII: Final = 160
_PROFILE_END: Final = 1.25
_EDGE_UM: Final = 0.16
_WAVES: Final = np.arange(2, 8)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RedCellPlan:
    """A red cell decided, not yet drawn.

    Parameters
    ----------
    radii_um : ndarray of shape (128,), float32
        Distance of the edge from the centre, by angle from 0 to 2π.
    amount : float
        Haemoglobin, as a factor on the density.
    pallor : float
        Share of the density missing in the middle.
    pallor_reach : float
        Where the pallor ends, as a fraction of the radius.
    """

    radii_um: NDArray[np.float32]
    amount: float
    pallor: float
    pallor_reach: float

    def bounds_um(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom about the centre, in micrometres."""
        angles = np.arange(_ANGLES) * (2 * np.pi / _ANGLES)
        x, y = self.radii_um * np.cos(angles), self.radii_um * np.sin(angles)
        return float(x.min()), float(y.min()), float(x.max()), float(y.max())


def plan_red_cell(rng: np.random.Generator) -> RedCellPlan:
    """Choose size, shape and filling."""
    radius = (RED_CELL_DIAMETER_UM + _DIAMETER_SD_UM * rng.normal()) / 2
    angles = np.arange(_ANGLES) * (2 * np.pi / _ANGLES)
    amplitudes = np.array([0.035, 0.016, 0.011, 0.007, 0.005, 0.004])
    amplitudes = amplitudes * rng.normal(size=6)
    phases = rng.uniform(0, 2 * np.pi, 6)
    waves = amplitudes @ np.cos(_WAVES[:, None] * angles + phases[:, None])
    return RedCellPlan(
        radii_um=np.asarray(radius * (1 + waves), np.float32),
        amount=float(np.clip(rng.normal(0.95, 0.07), 0.75, 1.15)),
        pallor=float(np.clip(rng.normal(0.5, 0.3), 0.05, 0.95)),
        pallor_reach=float(rng.uniform(0.45, 0.75)),
    )


def draw_red_cell(
    plan: RedCellPlan,
    offset_px: tuple[float, float],
    half_px: int,
    pixel_size_um: float,
) -> Plane:
    """Draw how much red cell lies at each frame pixel.

    Parameters
    ----------
    offset_px : tuple of float
        Centre (x, y) of the cell from the middle of the square.
    half_px : int
        Half the side of the square, in frame pixels.

    Returns
    -------
    ndarray of shape (2 * half_px, 2 * half_px), float32
        Amount: 1 is a full red cell's density.
    """
    steps = (np.arange(2 * half_px, dtype=np.float32) + 0.5 - half_px) * pixel_size_um
    x = np.broadcast_to(steps - offset_px[0] * pixel_size_um, (2 * half_px,) * 2)
    y = np.broadcast_to(steps - offset_px[1] * pixel_size_um, (2 * half_px,) * 2).T
    x, y = np.ascontiguousarray(x, np.float32), np.ascontiguousarray(y, np.float32)
    distance, angle = cv2.cartToPolar(x, y)
    sector = (angle * np.float32(_ANGLES / (2 * np.pi))).astype(np.intp) % _ANGLES
    relative = distance / plan.radii_um[sector]
    step = (relative * np.float32(_RADII / _PROFILE_END)).astype(np.intp)
    profile = _profile(plan)
    return np.asarray(profile[np.minimum(step, _RADII - 1)], np.float32)


def _profile(plan: RedCellPlan) -> Plane:
    """Amount from the centre outward, by fractions of the radius."""
    t = (np.arange(_RADII) + 0.5) * (_PROFILE_END / _RADII)
    edge = _EDGE_UM / float(plan.radii_um.mean())
    body = 1 - np.clip((t - 1 + edge) / (2 * edge), 0, 1)
    body = body * body * (3 - 2 * body)
    hollow = np.clip(1 - t / plan.pallor_reach, 0, 1)
    hollow = 1 - (1 - hollow) ** 2.5
    shade = 1.06 - plan.pallor * hollow - 0.1 * (1 - t) * (t < 1)
    return np.asarray(plan.amount * body * shade, np.float32)
