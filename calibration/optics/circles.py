"""Circles from edges: every edge pixel votes for the centre it bends around."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

CENTRE_TOLERANCE: Final = 0.2
"""Votes this far from a centre, in radii, still count for it: red cells are not quite
round (measured on BCCD and PBC, 2026-11)."""

EDGE_UNIT: Final = 1000.0
EDGE_LOW: Final = 40.0
EDGE_HIGH: Final = 90.0
"""Canny's thresholds on the gradient per pixel, a red cell's density being a thousand
units: the faintest rims of red cells still make edges (measured on BCCD and PBC,
2026-11)."""

ARC_RADIUS: Final = 1.1
ARC_TOLERANCE: Final = 0.4
ARC_FACING: Final = 0.8
"""Edges of a circle lie this far from its voted centre, in voted radii, which come out
small, and face the centre at least by this cosine."""

ROUND_TOLERANCE: Final = 0.25
"""Edges farther than this from the measured radius, in radii, are not the circle's."""

PIXELS_PER_RADIUS: Final = 4 * 2**0.5
"""An 8-connected circle has this many pixels for each pixel of its radius."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Edges:
    """Thin edges of a density image.

    Parameters
    ----------
    xy : ndarray of shape (N, 2), float32
        Pixel positions, row after row.
    inward_xy : ndarray of shape (N, 2), float32
        Unit vectors towards the denser side.
    shape : tuple of int
        Height and width of the image.
    """

    xy: NDArray[np.float32]
    inward_xy: NDArray[np.float32]
    shape: tuple[int, int]


def find_edges(density: NDArray[np.float32], contrast: float) -> Edges:
    """Find the thin edges of cells.

    Parameters
    ----------
    density : ndarray of shape (H, W), float32
        Smoothed optical density.
    contrast : float
        Density of a typical red cell.
    """
    dx, dy = (
        cv2.Sobel(density, cv2.CV_32F, order_x, 1 - order_x) / 8 for order_x in (1, 0)
    )
    unit = EDGE_UNIT / max(contrast, 1e-6)
    thin = cv2.Canny(
        np.clip(dx * unit, -32000, 32000).astype(np.int16),
        np.clip(dy * unit, -32000, 32000).astype(np.int16),
        EDGE_LOW,
        EDGE_HIGH,
        L2gradient=True,
    )
    y, x = np.nonzero(thin)
    gradient = np.stack([dx[y, x], dy[y, x]], axis=-1)
    length = np.linalg.norm(gradient, axis=1, keepdims=True)
    height, width = density.shape
    return Edges(
        xy=np.stack([x, y], axis=-1).astype(np.float32),
        inward_xy=(gradient / np.maximum(length, 1e-9)).astype(np.float32),
        shape=(height, width),
    )


def vote_best(
    edges: Edges, radii: Sequence[float], margin: int
) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """Vote for several radii; for each pixel the most votes, and whose they are.

    Parameters
    ----------
    edges : Edges
        From `find_edges`.
    radii : sequence of float
        Of the circles sought, in pixels.
    margin : int
        Pixels added on each side, for centres outside the frame.

    Returns
    -------
    best : ndarray of shape (H + 2 margin, W + 2 margin), float32
        Most votes of any radius, see `vote`.
    radius_index : ndarray of the same shape, int32
        Which radius has them.
    """
    best = vote(edges, radii[0], margin)
    radius_index = np.zeros(best.shape, np.int32)
    for index, radius in enumerate(radii[1:], start=1):
        votes = vote(edges, radius, margin)
        radius_index[votes > best] = index
        np.maximum(best, votes, out=best)
    return best, radius_index


def vote(edges: Edges, radius: float, margin: int) -> NDArray[np.float32]:
    """Count, for each pixel, the share of a circle around it that edges draw.

    Parameters
    ----------
    edges : Edges
        From `find_edges`.
    radius : float
        Of the circle sought, in pixels.
    margin : int
        Pixels added on each side, for centres outside the frame.

    Returns
    -------
    ndarray of shape (H + 2 margin, W + 2 margin), float32
        About 1 at the centre of a full circle.
    """
    height, width = (side + 2 * margin for side in edges.shape)
    centres = np.rint(edges.xy + radius * edges.inward_xy).astype(np.int64) + margin
    inside = np.all((centres >= 0) & (centres < (width, height)), axis=1)
    flat = centres[inside, 1] * width + centres[inside, 0]
    counts = np.bincount(flat, minlength=height * width).reshape(height, width)
    window = 2 * max(1, round(CENTRE_TOLERANCE * radius)) + 1
    votes = cv2.boxFilter(
        counts.astype(np.float32),
        cv2.CV_32F,
        (window, window),
        normalize=False,
        borderType=cv2.BORDER_CONSTANT,
    )
    return np.asarray(votes / (PIXELS_PER_RADIUS * radius), np.float32)


def refine_circle(
    edges: Edges, centre_xy: tuple[float, float], radius: float
) -> tuple[float, float]:
    """Measure a circle from the edges that bend around its centre.

    Parameters
    ----------
    edges : Edges
        From `find_edges`.
    centre_xy : tuple of float
        Centre found by voting, in pixels.
    radius : float
        Radius found by voting, in pixels.

    Returns
    -------
    radius : float
        Median distance of those edges.
    drawn_fraction : float
        Their number over that of the whole circle's pixels.
    """
    rows = np.searchsorted(
        edges.xy[:, 1], (centre_xy[1] - 1.5 * radius, centre_xy[1] + 1.5 * radius)
    )
    outward = edges.xy[rows[0] : rows[1]] - np.asarray(centre_xy, np.float32)
    inward = edges.inward_xy[rows[0] : rows[1]]
    distance = np.sqrt(np.einsum("ij,ij->i", outward, outward))
    facing = -np.einsum("ij,ij->i", outward, inward)
    is_near = np.abs(distance / radius - ARC_RADIUS) < ARC_TOLERANCE
    on_circle = is_near & (facing > ARC_FACING * distance)
    if not on_circle.any():
        return radius, 0.0
    measured = float(np.median(distance[on_circle]))
    away = np.abs(distance[on_circle] / measured - 1)
    count = int(np.count_nonzero(away < ROUND_TOLERANCE))
    return measured, count / (PIXELS_PER_RADIUS * measured)
