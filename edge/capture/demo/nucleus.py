"""Shapes of nuclei: discs strung along a path, melted together.

A nucleus is a list of discs, (x, y, radius) in micrometres from the cell's centre:
lobes joined by threads, a bent band, a kidney, or one round disc.
"""

from collections.abc import Callable
from itertools import pairwise
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.capture.demo.outline import depth_um, rotated
from edge.capture.demo.stain import Plane
from edge.capture.demo.texture import CANVAS_UM, grain

Discs = NDArray[np.float64]
"""(N, 3): x, y and radius, in micrometres."""

NucleusShape = Callable[[np.random.Generator, float, float], Discs]
"""Draws a nucleus for a cell radius and a nucleus's equivalent diameter, in µm."""

_SHIFT: Final = 4
_LOBES: Final = ((2, 0.3), (3, 0.42), (4, 0.22), (5, 0.06))
"""Lobes of segmented neutrophils and how often: Bain, Blood Cells, 6th edition (2022),
doi 10.1002/9781119820277."""


def round_nucleus(
    rng: np.random.Generator, cell_radius_um: float, diameter_um: float
) -> Discs:
    """Draw one round to oval nucleus, off centre as far as the cell leaves room."""
    radius = diameter_um / 2
    spread = radius * rng.uniform(0.0, 0.22)
    discs = np.zeros((7, 3))
    discs[:, 0] = np.linspace(-spread, spread, 7)
    discs[:, 2] = radius - spread * 0.6
    return _placed(rng, discs, cell_radius_um)


def leaning_nucleus(
    rng: np.random.Generator, cell_radius_um: float, diameter_um: float
) -> Discs:
    """Draw one oval to bean-shaped nucleus, leaning against the cell's edge."""
    discs = _arc(diameter_um, rng.uniform(0.6, 1.6), rng.uniform(0.7, 0.86))
    return _leaning(rng, discs, cell_radius_um)


def kidney_nucleus(
    rng: np.random.Generator, cell_radius_um: float, diameter_um: float
) -> Discs:
    """Dent a nucleus on one side and lean the other against the cell's edge."""
    discs = _arc(diameter_um, rng.uniform(1.7, 3.0), rng.uniform(0.56, 0.7))
    return _leaning(rng, discs, cell_radius_um)


def folded_nucleus(
    rng: np.random.Generator, cell_radius_um: float, diameter_um: float
) -> Discs:
    """Fold a monocyte's nucleus: kidney, horseshoe or unequal lobes."""
    discs = _arc(diameter_um, rng.uniform(1.6, 3.6), rng.uniform(0.5, 0.72))
    bumps = 1 + rng.normal(0, 0.07, len(discs))
    discs[:, 2] *= np.convolve(np.pad(bumps, 2, mode="edge"), np.ones(5) / 5, "valid")
    return _placed(rng, discs, cell_radius_um)


def band_nucleus(
    rng: np.random.Generator, cell_radius_um: float, diameter_um: float
) -> Discs:
    """Bend a band of near even width."""
    discs = _arc(diameter_um, rng.uniform(3.2, 4.7), rng.uniform(0.36, 0.43))
    middle = np.abs(np.linspace(-1, 1, len(discs)))
    discs[:, 2] *= 0.82 + rng.uniform(0.15, 0.4) * middle**2
    discs[:, 0] *= rng.uniform(0.8, 1.1)
    return _placed(rng, discs, cell_radius_um)


def _arc(diameter_um: float, bend: float, slim: float) -> Discs:
    """Bend a sausage of the wanted area over `bend` radians, its back towards +x.

    `slim` is its half width over the nucleus's equivalent radius.
    """
    area = np.pi * diameter_um**2 / 4
    half_width = diameter_um / 2 * slim
    length = max(0.4, (area - np.pi * half_width**2) / (2 * half_width))
    radius = length / bend
    t = np.linspace(-bend / 2, bend / 2, 25)
    discs = np.stack(
        [radius * np.cos(t), radius * np.sin(t), np.full(25, half_width)], axis=1
    )
    discs[:, :2] -= (discs[:, :2].min(axis=0) + discs[:, :2].max(axis=0)) / 2
    return discs


def segmented_nucleus(
    rng: np.random.Generator, cell_radius_um: float, diameter_um: float
) -> Discs:
    """Join two to five lobes by threads."""
    counts, weights = zip(*_LOBES, strict=True)
    lobes = int(rng.choice(counts, p=weights))
    return _lobed(rng, cell_radius_um, diameter_um, lobes, thread_um=(0.2, 0.55))


def bilobed_nucleus(
    rng: np.random.Generator, cell_radius_um: float, diameter_um: float
) -> Discs:
    """Join two lobes, seldom three: an eosinophil's."""
    lobes = 2 if rng.random() < 0.8 else 3
    return _lobed(rng, cell_radius_um, diameter_um, lobes, thread_um=(0.3, 0.9))


def _lobed(
    rng: np.random.Generator,
    cell_radius_um: float,
    diameter_um: float,
    lobes: int,
    *,
    thread_um: tuple[float, float],
) -> Discs:
    share = rng.dirichlet(np.full(lobes, 14.0))
    lobe_radius = diameter_um / 2 * np.sqrt(share * 0.98)
    centres = _lobe_centres(rng, cell_radius_um, lobe_radius)
    parts = [
        _lobe(rng, centre, radius, outward=np.arctan2(centre[1], centre[0]))
        for centre, radius in zip(centres, lobe_radius, strict=True)
    ]
    for first, second in pairwise(centres):
        t = np.linspace(0, 1, 16)[:, None]
        thread = np.full((16, 1), rng.uniform(*thread_um))
        parts.append(np.hstack([first + t * (second - first), thread]))
    return np.vstack(parts)


def _lobe_centres(
    rng: np.random.Generator, cell_radius_um: float, lobe_radius: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Place lobes along an arc inside the cell, neighbours just touching."""
    room = cell_radius_um - lobe_radius.max() - 0.35
    ring = min(room, cell_radius_um * rng.uniform(0.4, 0.62))
    angles = np.zeros(len(lobe_radius))
    for i in range(1, len(lobe_radius)):
        wanted = (lobe_radius[i - 1] + lobe_radius[i]) * rng.uniform(0.95, 1.22)
        angles[i] = angles[i - 1] + 2 * np.arcsin(min(0.95, wanted / (2 * ring)))
    if angles[-1] > 5.2:
        angles *= 5.2 / angles[-1]
    distance = ring * (1 + rng.normal(0, 0.1, len(angles)))
    distance = np.minimum(distance, room)
    centres = np.stack([distance * np.cos(angles), distance * np.sin(angles)], axis=1)
    centred = centres - 0.3 * centres.mean(axis=0)
    return rotated(centred, rng.uniform(0, 2 * np.pi))


def _lobe(
    rng: np.random.Generator,
    centre: NDArray[np.float64],
    radius: float,
    *,
    outward: float,
) -> Discs:
    """Shape one oval lobe, its long axis along the arc."""
    direction = outward + np.pi / 2 + rng.normal(0, 0.35)
    half = radius * rng.uniform(0.1, 0.42)
    t = np.linspace(-half, half, 6)
    sizes = np.full(6, radius - 0.55 * half)
    x, y = centre[0] + t * np.cos(direction), centre[1] + t * np.sin(direction)
    return np.stack([x, y, sizes], axis=1)


def _placed(rng: np.random.Generator, discs: Discs, cell_radius_um: float) -> Discs:
    """Turn a nucleus at random and move it off centre as far as there is room."""
    placed = discs.copy()
    placed[:, :2] = rotated(discs[:, :2], rng.uniform(0, 2 * np.pi))
    shift = _room_um(discs, cell_radius_um - 0.2) * np.sqrt(rng.random())
    direction = rng.uniform(0, 2 * np.pi)
    placed[:, :2] += shift * np.array([np.cos(direction), np.sin(direction)])
    return placed


def _leaning(rng: np.random.Generator, discs: Discs, cell_radius_um: float) -> Discs:
    """Move a nucleus's back against the cell's edge and turn both at random."""
    placed = discs.copy()
    back = float((discs[:, 0] + discs[:, 2]).max())
    placed[:, 0] += max(0.0, cell_radius_um - back) * rng.uniform(0.45, 1.0)
    placed[:, :2] = rotated(placed[:, :2], rng.uniform(0, 2 * np.pi))
    return placed


def _room_um(discs: Discs, cell_radius_um: float) -> float:
    reach = (np.hypot(discs[:, 0], discs[:, 1]) + discs[:, 2]).max()
    return max(0.0, cell_radius_um - float(reach))


def nucleus_depth_um(
    rng: np.random.Generator,
    discs: Discs,
    half_px: int,
    *,
    melt_um: float,
    ragged: float,
) -> Plane:
    """Melt discs into one nucleus on the canvas.

    Parameters
    ----------
    melt_um : float
        Blur that rounds the corners between discs.
    ragged : float
        Unevenness of the edge; 0.1 is smooth, 0.5 crumpled.

    Returns
    -------
    ndarray of shape (2 * half_px, 2 * half_px), float32
        Signed distance to the edge, positive inside, in micrometres.
    """
    mask = np.zeros((2 * half_px, 2 * half_px), np.uint8)
    fine = np.rint((discs / CANVAS_UM + [half_px, half_px, 0]) * 2**_SHIFT)
    for x, y, radius in fine.astype(int).tolist():
        cv2.circle(mask, (x, y), radius, (255,), -1, shift=_SHIFT)
    soft = cv2.GaussianBlur(mask, (0, 0), melt_um / CANVAS_UM).astype(np.float32) / 255
    if ragged:
        soft += np.float32(0.25 * ragged) * grain(rng, mask.shape[:2], 1.6)
    return depth_um((soft > 0.5).astype(np.uint8))
