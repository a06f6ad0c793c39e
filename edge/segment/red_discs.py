"""Red cells as circles: what their edges draw, and what circles leave unexplained."""

import math
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.optics.circles import find_edges, refine_circle, vote_best
from edge.segment.masks import Window, depth_of, open_mask
from edge.segment.scale import to_px, to_px2
from hemalens.preprocess import RED_CELL_DIAMETER_UM

RADIUS_UM: Final = RED_CELL_DIAMETER_UM / 2

RADII_UM: Final = (2.3, 2.7, 3.1, 3.5, 3.9)
"""Radii voted for; each finds circles a fifth smaller to a third larger."""

SMALLEST_RADIUS_UM: Final = 1.9
LARGEST_RADIUS_UM: Final = 5.0
"""Limits of a red cell: microcytes, macrocytes."""

FULL_RADIUS_UM: Final = 3.4
"""Smaller circles count for less: they also fit into the ends of oval cells."""

LEAST_VOTE: Final = 0.35
LEAST_CLARITY: Final = 0.3
LEAST_FILLED: Final = 0.6
MOST_OVERLAP: Final = 0.4
"""What a circle needs to be a red cell: votes, the share of it drawn by edges, the
share filled by cell, and at most this share already explained by clearer circles
(measured on BCCD and PBC against the TXL-PBC boxes, 2026-11)."""

LEAST_IN_FRAME_UM2: Final = 2.5
"""Least part of a circle that must lie inside the frame."""

MOST_CIRCLES: Final = 2000
"""More than the red cells of any frame; keeps noise from taking forever."""

REST_DEPTH_UM: Final = 2.4
EDGE_REST_DEPTH_UM: Final = 1.35
"""Half width of an unexplained rest that is a red cell after all, inside and at the
frame's edge, where less of a cell may show (measured as above)."""

REST_RADIUS_UM: Final = 2.5
"""A rest counts as the core of a circle at least this large."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Disc:
    """A red cell as a circle in the work image; its centre may lie outside."""

    x: float
    y: float
    radius: float

    def window(self, shape: tuple[int, ...], stretch: float = 1.0) -> Window:
        """Bound the disc, or a wider one, inside an image."""
        reach = stretch * self.radius
        rows, columns = (
            slice(
                min(side, max(0, math.floor(at - reach))),
                min(side, max(0, math.ceil(at + reach) + 1)),
            )
            for at, side in ((self.y, shape[0]), (self.x, shape[1]))
        )
        return Window(rows=rows, columns=columns)

    def distance(self, window: Window) -> NDArray[np.float64]:
        """Measure how far from the centre the pixels of a window are, in radii."""
        y, x = np.ogrid[window.rows, window.columns]
        return np.asarray(np.hypot(x - self.x, y - self.y) / self.radius, np.float64)


def find_red_discs(
    green: NDArray[np.float32], cells: NDArray[np.bool_], red_density: float
) -> tuple[Disc, ...]:
    """Find the circles that red cells draw.

    Parameters
    ----------
    green : ndarray of shape (H, W), float32
        Smoothed green density.
    cells : ndarray of shape (H, W), bool
        On any cell, pale centres filled, nuclei left out.
    red_density : float
        Median green density of this frame's red cells.

    Returns
    -------
    tuple of Disc
        Clearest first.
    """
    edges = find_edges(np.minimum(green, 1.5 * red_density), red_density)
    margin = round(to_px(RADIUS_UM * 0.6))
    radii = [to_px(radius) for radius in RADII_UM]
    best, best_index = vote_best(edges, radii, margin)
    found = []
    for x, y in _peaks(best):
        centre = (float(x - margin), float(y - margin))
        radius, drawn = refine_circle(edges, centre, radii[int(best_index[y, x])])
        clarity = drawn * min(1.0, radius / to_px(FULL_RADIUS_UM))
        if clarity >= LEAST_CLARITY:
            found.append((clarity, _make_disc(centre, radius)))
    found.sort(key=lambda pair: -pair[0])
    return _explain([disc for _, disc in found], cells)


def _make_disc(centre_xy: tuple[float, float], radius: float) -> Disc:
    limits = to_px(SMALLEST_RADIUS_UM), to_px(LARGEST_RADIUS_UM)
    return Disc(x=centre_xy[0], y=centre_xy[1], radius=float(np.clip(radius, *limits)))


def _peaks(votes: NDArray[np.float32]) -> list[tuple[int, int]]:
    size = 2 * round(to_px(0.9)) + 1
    highest = cv2.dilate(votes, np.ones((size, size), np.uint8))
    y, x = np.nonzero((votes >= highest) & (votes >= LEAST_VOTE))
    order = np.argsort(-votes[y, x], kind="stable")[:MOST_CIRCLES]
    return list(zip(x[order].tolist(), y[order].tolist(), strict=True))


def _explain(found: list[Disc], cells: NDArray[np.bool_]) -> tuple[Disc, ...]:
    """Keep the discs that lie on cells no clearer disc has explained."""
    explained = np.zeros(cells.shape, np.bool_)
    kept = []
    for disc in found:
        window = disc.window(cells.shape)
        inside = disc.distance(window) <= 1
        area = np.count_nonzero(inside)
        if (
            area >= to_px2(LEAST_IN_FRAME_UM2)
            and np.count_nonzero(cells[window] & inside) >= LEAST_FILLED * area
            and np.count_nonzero(explained[window] & inside) <= MOST_OVERLAP * area
        ):
            explained[window] |= inside
            kept.append(disc)
    return tuple(kept)


def find_discs_of_rest(
    discs: tuple[Disc, ...], cells: NDArray[np.bool_]
) -> tuple[Disc, ...]:
    """Find red cells that draw no circle in what the circles leave unexplained.

    Parameters
    ----------
    discs : tuple of Disc
        From `find_red_discs`.
    cells : ndarray of shape (H, W), bool
        Red cells, pale centres filled.
    """
    rest = open_mask(cells & ~draw_discs(discs, cells.shape), 0.8)
    depth = depth_of(rest, margin=round(to_px(RADIUS_UM)))
    found = []
    for _ in range(MOST_CIRCLES):
        _, deepest, _, (x, y) = cv2.minMaxLoc(depth)
        if deepest < to_px(EDGE_REST_DEPTH_UM):
            break
        to_edge = min(x, y, cells.shape[1] - 1 - x, cells.shape[0] - 1 - y)
        if deepest >= to_px(REST_DEPTH_UM) or to_edge <= to_px(0.6):
            radius = np.clip(deepest, to_px(REST_RADIUS_UM), to_px(RADIUS_UM))
            found.append(Disc(x=float(x), y=float(y), radius=float(radius)))
        cv2.circle(depth, (x, y), round(1.2 * max(deepest, to_px(RADIUS_UM))), 0.0, -1)
    return tuple(found)


def draw_discs(discs: tuple[Disc, ...], shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Draw discs as a mask."""
    mask = np.zeros(shape, np.bool_)
    for disc in discs:
        window = disc.window(shape)
        mask[window] |= disc.distance(window) <= 1
    return mask


def share_in_disc(
    mask: NDArray[np.bool_], disc: Disc, of: NDArray[np.bool_] | None = None
) -> float:
    """Measure the share of a disc, or of the part of it on another mask, in a mask."""
    window = disc.window(mask.shape)
    inside = disc.distance(window) <= 1
    if of is not None:
        inside &= of[window]
    area = int(np.count_nonzero(inside))
    return int(np.count_nonzero(mask[window] & inside)) / max(1, area)
