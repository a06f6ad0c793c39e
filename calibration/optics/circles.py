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

RIM_REACH: Final = ARC_RADIUS + ARC_TOLERANCE
MEDIAN_BINS: Final = 80
"""Bins of the distances a median is taken of: each a hundredth of a radius."""

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
    first : ndarray of shape (H, W + 1), int32
        How many edges lie before each pixel, row after row.
    """

    xy: NDArray[np.float32]
    inward_xy: NDArray[np.float32]
    first: NDArray[np.int32]

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width of the image."""
        return self.first.shape[0], self.first.shape[1] - 1


def find_edges(density: NDArray[np.float32], contrast: float) -> Edges:
    """Find the thin edges of cells.

    Parameters
    ----------
    density : ndarray of shape (H, W), float32
        Smoothed optical density.
    contrast : float
        Density of a typical red cell.
    """
    unit = EDGE_UNIT / max(contrast, 1e-6) / 8
    dx, dy = (
        np.clip(cv2.Sobel(density, cv2.CV_32F, x, 1 - x) * unit, -32000, 32000)
        for x in (1, 0)
    )
    # 8-bit codes in place of these would make edges of their own, and a few rulers
    # wrong.
    thin = np.asarray(
        cv2.Canny(
            dx.astype(np.int16),
            dy.astype(np.int16),
            EDGE_LOW,
            EDGE_HIGH,
            L2gradient=True,
        ),
        np.uint8,
    )
    at = np.flatnonzero(thin)
    y, x = np.divmod(at.astype(np.int32), np.int32(thin.shape[1]))
    gradient = np.stack([dx.ravel()[at], dy.ravel()[at]], axis=-1)
    length = np.sqrt(np.einsum("ij,ij->i", gradient, gradient))[:, None]
    return Edges(
        xy=np.stack([x, y], axis=-1).astype(np.float32),
        inward_xy=(gradient / np.maximum(length, 1e-9)).astype(np.float32),
        first=_count_before(thin),
    )


def _count_before(thin: NDArray[np.uint8]) -> NDArray[np.int32]:
    height, width = thin.shape
    padded = np.zeros((height, width + 1), np.bool_)
    padded[:, 1:] = thin
    return np.cumsum(padded.ravel(), dtype=np.int32).reshape(padded.shape)


def vote_best(
    edges: Edges, radii: Sequence[float], margin: int
) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
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
    radius_index : ndarray of the same shape, uint8
        Which radius has them.
    """
    best = vote(edges, radii[0], margin)
    radius_index = np.zeros(best.shape, np.uint8)
    for index, radius in enumerate(radii[1:], start=1):
        votes = vote(edges, radius, margin)
        # OpenCV's true is 255; an index is larger than those before it.
        is_more = cv2.compare(votes, best, cv2.CMP_GT)
        cv2.max(radius_index, np.minimum(is_more, np.uint8(index)), dst=radius_index)
        cv2.max(best, votes, dst=best)
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
    centres = edges.xy + np.float32(radius) * edges.inward_xy
    x, y = np.ascontiguousarray((centres + np.float32(margin + 0.5)).T)
    ranges = [0.0, float(height), 0.0, float(width)]
    counts = cv2.calcHist([y, x], [0, 1], None, [height, width], ranges)
    window = 2 * max(1, round(CENTRE_TOLERANCE * radius)) + 1
    votes = cv2.boxFilter(
        counts,
        cv2.CV_32F,
        (window, window),
        normalize=False,
        borderType=cv2.BORDER_CONSTANT,
    )
    votes = np.asarray(votes, np.float32)
    votes /= np.float32(PIXELS_PER_RADIUS * radius)
    return votes


def refine_circles(
    edges: Edges, centres_xy: NDArray[np.float32], radii: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Measure circles from the edges that bend around their centres.

    Parameters
    ----------
    edges : Edges
        From `find_edges`.
    centres_xy : ndarray of shape (N, 2), float32
        Centres found by voting, in pixels.
    radii : ndarray of shape (N,), float32
        Radii found by voting, in pixels.

    Returns
    -------
    measured : ndarray of shape (N,), float32
        Median distance of those edges; the voted radius where there are none.
    drawn_fraction : ndarray of shape (N,), float32
        Their number over that of the whole circle's pixels.
    """
    owner, edge = _edges_around(edges, centres_xy, RIM_REACH * radii)
    outward = np.take(edges.xy, edge, axis=0) - np.take(centres_xy, owner, axis=0)
    distance = np.sqrt(np.einsum("ij,ij->i", outward, outward))
    inward = np.take(edges.inward_xy, edge, axis=0)
    facing = -np.einsum("ij,ij->i", outward, inward)
    relative = distance / radii[owner]
    on_circle = np.abs(relative - ARC_RADIUS) < ARC_TOLERANCE
    on_circle &= facing > ARC_FACING * distance
    owner, relative = owner[on_circle], relative[on_circle]
    median = _median_by_owner(owner, relative, len(radii))
    is_round = np.abs(relative / median[owner] - 1) < ROUND_TOLERANCE
    count = np.bincount(owner[is_round], minlength=len(radii))
    measured = (median * radii).astype(np.float32)
    return measured, (count / (PIXELS_PER_RADIUS * measured)).astype(np.float32)


def _edges_around(
    edges: Edges, centres_xy: NDArray[np.float32], reach: NDArray[np.float32]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pair each circle with the edges within reach: circle's index, edge's index."""
    height, width = edges.shape
    most = int(np.ceil(reach.max(initial=0)))
    rows = np.rint(centres_xy[:, 1:]).astype(np.int64) + np.arange(-most, most + 1)
    chord = np.square(reach)[:, None] - np.square(rows - centres_xy[:, 1:])
    is_crossed = (chord >= 0) & (rows >= 0) & (rows < height)
    circle, _ = np.nonzero(is_crossed)
    row, half = rows[is_crossed], np.sqrt(chord[is_crossed])
    x = centres_xy[circle, 0]
    left = np.clip(np.ceil(x - half), 0, width).astype(np.int64)
    right = np.clip(np.floor(x + half) + 1, 0, width).astype(np.int64)
    start, stop = edges.first[row, left], edges.first[row, right]
    count = np.maximum(stop - start, 0)
    before = np.cumsum(count) - count
    edge = np.arange(count.sum()) + np.repeat(start - before, count)
    return np.repeat(circle, count), edge


def _median_by_owner(
    owner: NDArray[np.int64], relative: NDArray[np.float32], owners: int
) -> NDArray[np.float64]:
    """Take the median of each owner's values, from a fine histogram; 1 of none."""
    low, high = ARC_RADIUS - ARC_TOLERANCE, ARC_RADIUS + ARC_TOLERANCE
    step = (high - low) / MEDIAN_BINS
    bins = np.clip((relative - low) / step, 0, MEDIAN_BINS - 1).astype(np.int64)
    histogram = np.bincount(
        owner * MEDIAN_BINS + bins, minlength=owners * MEDIAN_BINS
    ).reshape(owners, MEDIAN_BINS)
    upto = np.cumsum(histogram, axis=1)
    half = upto[:, -1:] / 2
    at = np.argmax(upto >= np.maximum(half, 0.5), axis=1)
    each = np.arange(owners)
    inside = np.maximum(histogram[each, at], 1)
    share = (half[:, 0] - (upto[each, at] - histogram[each, at])) / inside
    return np.where(half[:, 0] > 0, low + (at + share) * step, 1.0)
