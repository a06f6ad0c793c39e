"""Granules: many small discs strewn over part of a cell."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.capture.demo.stain import Density, Plane
from edge.capture.demo.texture import CANVAS_UM, grain, ramp

_SHIFT: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Granules:
    """One kind of granule.

    Parameters
    ----------
    density : Density
        Optical density of a fully stained granule.
    per_um2 : tuple of float
        Least and most granules per square micrometre of the area strewn.
    diameter_um : tuple of float
        Least and greatest diameter.
    strength : tuple of float
        Palest and darkest, as a fraction of `density`.
    over_nucleus : float
        Share of the granules above the nucleus that show.
    at_edge : float
        Further granules along the cell's edge, as a fraction of the others.
    carpet : float
        Cover between the granules, from those out of focus below.
    bare : tuple of float
        Least and greatest share of the cell that has none of these granules.
    """

    density: Density
    per_um2: tuple[float, float]
    diameter_um: tuple[float, float]
    strength: tuple[float, float] = (0.4, 1.0)
    over_nucleus: float = 0.0
    at_edge: float = 0.0
    carpet: float = 0.0
    bare: tuple[float, float] = (0.0, 0.0)


def granule_cover(
    rng: np.random.Generator,
    granules: Granules,
    cell_depth: Plane,
    nucleus_depth: Plane,
) -> Plane:
    """Strew granules over a cell.

    Parameters
    ----------
    cell_depth, nucleus_depth : ndarray of shape (H, W), float32
        Signed distances to the edges, positive inside, in micrometres.

    Returns
    -------
    ndarray of shape (H, W), float32
        How much of a full granule lies at each canvas pixel, 0 to 1.
    """
    per_um2 = rng.uniform(*granules.per_um2)
    zone = _zone(rng, granules, cell_depth)
    everywhere = (cell_depth > 0.5 * granules.diameter_um[0]) & (zone > 0.5)
    spots = _spots(rng, everywhere, per_um2)
    if granules.at_edge:
        edge = everywhere & (cell_depth < 0.75 * granules.diameter_um[1])
        spots = np.vstack([spots, _spots(rng, edge, per_um2 * granules.at_edge)])
    covered = nucleus_depth[spots[:, 0], spots[:, 1]] > -0.1
    spots = spots[~covered | (rng.random(len(spots)) < granules.over_nucleus)]
    cover = _stamped(rng, granules, spots, cell_depth.shape)
    if granules.carpet:
        under = np.float32(granules.carpet) * zone * ramp(cell_depth, 0.1, 0.4)
        cover = np.maximum(cover, under * (1 - ramp(nucleus_depth, -0.3, 0.1)))
    return cover


def _zone(rng: np.random.Generator, granules: Granules, cell_depth: Plane) -> Plane:
    """Where these granules lie, 0 to 1: all over, or but for some large patches."""
    share = rng.uniform(*granules.bare)
    shape = cell_depth.shape[0], cell_depth.shape[1]
    if share == 0:
        return np.ones(shape, np.float32)
    patches = grain(rng, shape, 5.0)
    inside = patches[cell_depth > 0]
    threshold = float(np.quantile(inside[::16], share))
    return ramp(patches, threshold - 0.25, threshold + 0.25)


def _spots(
    rng: np.random.Generator, where: NDArray[np.bool_], per_um2: float
) -> NDArray[np.intp]:
    """Choose canvas pixels (row, column) in an area."""
    places = np.flatnonzero(where)
    wanted = round(per_um2 * len(places) * CANVAS_UM**2)
    if wanted == 0 or len(places) == 0:
        return np.zeros((0, 2), np.intp)
    chosen = places[rng.integers(0, len(places), wanted)]
    return np.stack(np.unravel_index(chosen, where.shape), axis=1)


def _stamped(
    rng: np.random.Generator,
    granules: Granules,
    spots: NDArray[np.intp],
    shape: tuple[int, ...],
) -> Plane:
    cover = np.zeros(shape[:2], np.uint8)
    radii = rng.uniform(*granules.diameter_um, len(spots)) / 2 / CANVAS_UM * 2**_SHIFT
    levels = 255 * rng.uniform(*granules.strength, len(spots))
    places = spots * 2**_SHIFT + rng.integers(0, 2**_SHIFT, spots.shape)
    rows = zip(places.tolist(), radii.tolist(), levels.tolist(), strict=True)
    for (y, x), radius, level in rows:
        cv2.circle(
            cover, (x, y), round(radius), (level,), -1, cv2.LINE_AA, shift=_SHIFT
        )
    soft = cv2.GaussianBlur(cover, (0, 0), 1.2)
    return soft.astype(np.float32) / np.float32(255)
