"""Red cells as circles: what their edges draw, and what circles leave unexplained."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.optics.circles import find_edges, refine_circles, vote_best
from edge.segment.discs import (
    SAMPLES,
    Discs,
    draw_circle,
    draw_discs,
    flatten,
    make_discs,
    sample_places,
)
from edge.segment.masks import as_uint8, depth_of, open_mask
from edge.segment.scale import COARSE, to_px, to_px2
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

PEAK_DISTANCE_UM: Final = 0.9
"""Peaks of the votes lie farther apart than this."""

REST_NECK_UM: Final = 0.8
"""What is thinner than twice this is no rest but a rim."""

REST_DEPTH_UM: Final = 2.4
EDGE_REST_DEPTH_UM: Final = 0.8
"""Half width of an unexplained rest that is a red cell after all, inside and at the
frame's edge, where less of a cell may show (measured as above)."""

MOST_LEANING: Final = 0.42
"""Share of a cut rest's outline that lies on cells already explained: more of it makes
the rest an oval's end, not a cell of its own (measured as above)."""

REST_RADIUS_UM: Final = 2.5
"""A rest counts as the core of a circle at least this large."""


def _to_coarse(length_um: float) -> float:
    return to_px(length_um) / COARSE


def find_red_discs(
    green: NDArray[np.float32], cells: NDArray[np.bool_], red_density: float
) -> Discs:
    """Find the circles that red cells draw.

    Parameters
    ----------
    green : ndarray of shape (H, W), float32
        Smoothed green density, coarse.
    cells : ndarray of shape (H, W), bool
        On any cell, pale centres filled, nuclei left out; coarse.
    red_density : float
        Median green density of this frame's red cells.

    Returns
    -------
    Discs
        Clearest first.
    """
    edges = find_edges(np.minimum(green, np.float32(1.5 * red_density)), red_density)
    margin = round(_to_coarse(RADIUS_UM * 0.6))
    radii = np.array([_to_coarse(radius) for radius in RADII_UM], np.float32)
    best, best_index = vote_best(edges, radii.tolist(), margin)
    x, y = _peaks(best)
    centres = np.stack([x - margin, y - margin], axis=-1).astype(np.float32)
    measured, drawn = refine_circles(edges, centres, radii[best_index[y, x]])
    clarity = drawn * np.minimum(1.0, measured / _to_coarse(FULL_RADIUS_UM))
    order = np.argsort(-clarity, kind="stable")
    clear = order[clarity[order] >= LEAST_CLARITY]
    limits = _to_coarse(SMALLEST_RADIUS_UM), _to_coarse(LARGEST_RADIUS_UM)
    discs = Discs(xy=centres, radius=np.clip(measured, *limits))
    return _explain(discs[clear], cells)


def _peaks(votes: NDArray[np.float32]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    size = 2 * round(_to_coarse(PEAK_DISTANCE_UM)) + 1
    highest = cv2.dilate(votes, np.ones((size, size), np.uint8))
    y, x = np.nonzero((votes >= highest) & (votes >= LEAST_VOTE))
    strongest = np.argsort(-votes[y, x], kind="stable")[:MOST_CIRCLES]
    return x[strongest], y[strongest]


def _explain(discs: Discs, cells: NDArray[np.bool_]) -> Discs:
    """Keep the discs that lie on cells no clearer disc has explained."""
    height, width = cells.shape
    places = sample_places(discs, (height, width))
    in_frame = np.count_nonzero(places < cells.size, axis=1)
    filled = np.count_nonzero(flatten(cells)[places], axis=1)
    area = in_frame * np.pi * np.square(discs.radius) / SAMPLES
    is_candidate = filled >= LEAST_FILLED * in_frame
    is_candidate &= area >= to_px2(LEAST_IN_FRAME_UM2) / COARSE**2
    candidates = np.flatnonzero(is_candidate)
    allowed = (MOST_OVERLAP * in_frame).tolist()
    circles = discs.circles()
    explained = np.zeros(cells.size + 1, np.uint8)
    canvas = explained[:-1].reshape(height, width)
    kept = []
    for which in candidates.tolist():
        overlap = np.count_nonzero(np.take(explained, places[which]))
        if overlap <= allowed[which]:
            draw_circle(canvas, circles[which])
            kept.append(which)
    return discs[np.array(kept, np.int64)]


def find_discs_of_rest(discs: Discs, cells: NDArray[np.bool_]) -> Discs:
    """Find red cells that draw no circle in what the circles leave unexplained.

    Parameters
    ----------
    discs : Discs
        From `find_red_discs`.
    cells : ndarray of shape (H, W), bool
        Red cells, pale centres filled; coarse.
    """
    height, width = cells.shape
    explained = draw_discs(discs, (height, width))
    rest = open_mask(cells & ~explained, round(_to_coarse(REST_NECK_UM)))
    depth = depth_of(rest, margin=round(_to_coarse(RADIUS_UM)))
    found = []
    for _ in range(MOST_CIRCLES):
        _, deepest, _, (x, y) = cv2.minMaxLoc(depth)
        if deepest < _to_coarse(EDGE_REST_DEPTH_UM):
            break
        to_edge = min(x, y, width - 1 - x, height - 1 - y)
        is_cut = to_edge <= _to_coarse(0.6)
        if deepest >= _to_coarse(REST_DEPTH_UM) or (
            is_cut and _share_on(explained, rest, (x, y)) <= MOST_LEANING
        ):
            least, most = _to_coarse(REST_RADIUS_UM), _to_coarse(RADIUS_UM)
            found.append((float(x), float(y), min(most, max(least, deepest))))
        clear = round(1.2 * max(deepest, _to_coarse(RADIUS_UM)))
        cv2.circle(depth, (x, y), clear, 0.0, cv2.FILLED)
    return make_discs(found)


def _share_on(
    explained: NDArray[np.bool_], rest: NDArray[np.bool_], at_xy: tuple[int, int]
) -> float:
    """Measure the share of a rest's outline that lies on explained cells."""
    reach = round(_to_coarse(RADIUS_UM))
    rows, columns = (slice(max(0, at - reach), at + reach + 1) for at in at_xy[::-1])
    _, label_image = cv2.connectedComponents(as_uint8(rest[rows, columns]))
    mine = label_image == label_image[at_xy[1] - rows.start, at_xy[0] - columns.start]
    grown = cv2.dilate(mine.view(np.uint8), np.ones((5, 5), np.uint8)).view(np.bool_)
    beside = grown & ~mine
    on = np.count_nonzero(explained[rows, columns] & beside)
    return on / max(1, int(np.count_nonzero(beside)))
