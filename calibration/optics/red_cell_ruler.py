"""Nature's ruler: how wide the median red cell of a frame is, in pixels."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.optics.background import density_planes
from calibration.optics.circles import Edges, find_edges, refine_circles, vote_best
from calibration.optics.stain import cell_threshold, nuclear_index_of_planes
from hemalens.preprocess import RED_CELL_DIAMETER_UM

FINEST_PIXEL_SIZE_UM: Final = 0.045
COARSEST_PIXEL_SIZE_UM: Final = 0.22
"""Pixel sizes looked for: those of common microscopes, 0.05 to 0.2, and some slack."""

SMALLEST_DIAMETER_PX: Final = 14.0
"""The frame is shrunk until the smallest red cell looked for is this wide."""

MIDDLE_WH: Final = (800, 600)
"""Of a larger frame the middle is looked at first: even at the finest scale fifteen red
cells have room in it, and a count takes the median of several frames."""

RADII: Final = tuple(
    np.geomspace(
        SMALLEST_DIAMETER_PX / 2,
        SMALLEST_DIAMETER_PX / 2 * COARSEST_PIXEL_SIZE_UM / FINEST_PIXEL_SIZE_UM,
        28,
    ).tolist()
)
"""Radii voted for, in pixels of the shrunk frame, 6 % apart."""

LEAST_VOTE: Final = 0.45
"""Share of a circle that edges must draw before it is looked at more closely."""

CLEAR_CIRCLE: Final = 1.0
FAIR_CIRCLE: Final = 0.7
"""Drawn share of a circle that is certainly, or probably, one whole cell."""

FEWEST_RED_CELLS: Final = 3
"""With fewer the median may be any of them."""

MOST_CIRCLES: Final = 80
"""Enough for a median."""

STAIN_PERCENTILE: Final = 40
MOST_STAIN: Final = 2.0
STAIN_SLACK: Final = 0.05
"""Circles with more nuclear index in them than twice the lower circles' hold a nucleus
(measured on BCCD and PBC, 2026-11)."""

BOX_OVER_CIRCLE: Final = 1.1
"""Width of a red cell's box over that of the circle through its edges: cells are
ovals and boxes hold their faint rim (measured on BCCD and PBC against the TXL-PBC
boxes, 2026-11)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Circle:
    radius: float
    drawn_fraction: float
    stain: float


def measure_red_cell_diameter(image: NDArray[np.uint8]) -> float | None:
    """Measure the median red cell of a frame whose scale is unknown.

    Edges vote for circles of every radius from 0.045 to 0.22 µm per pixel; the
    median is taken over the circles that are drawn almost whole and hold no nucleus.

    Parameters
    ----------
    image : ndarray of shape (H, W, 3), uint8, RGB
        The frame.

    Returns
    -------
    float or None
        Diameter in frame pixels; None with too few red cells to tell.
    """
    height, width = image.shape[:2]
    columns, rows = min(width, MIDDLE_WH[0]), min(height, MIDDLE_WH[1])
    left, top = (width - columns) // 2, (height - rows) // 2
    middle = image[top : top + rows, left : left + columns]
    diameter_px = _measure(middle)
    if diameter_px is None and middle.shape != image.shape:
        return _measure(image)
    return diameter_px


def _measure(image: NDArray[np.uint8]) -> float | None:
    shrink = SMALLEST_DIAMETER_PX * COARSEST_PIXEL_SIZE_UM / RED_CELL_DIAMETER_UM
    height, width = (round(side * shrink) for side in image.shape[:2])
    if min(height, width) < SMALLEST_DIAMETER_PX:
        return None
    small = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
    density = density_planes(np.asarray(small, np.uint8))
    if density is None:
        return None
    red, green, blue = (
        np.asarray(cv2.GaussianBlur(plane, (0, 0), 1.0), np.float32)
        for plane in density
    )
    circles = _find_circles(green, nuclear_index_of_planes(red, green, blue))
    if len(circles) < FEWEST_RED_CELLS:
        return None
    return _median_radius(circles) * 2 * BOX_OVER_CIRCLE / shrink


def _find_circles(
    green: NDArray[np.float32], index: NDArray[np.float32]
) -> list[_Circle]:
    threshold = cell_threshold(green)
    if threshold is None:
        return []
    contrast = float(np.median(green[green > threshold]))
    edges = find_edges(np.minimum(green, 1.5 * contrast), contrast)
    stain = np.asarray(cv2.blur(index, (7, 7)), np.float32)
    return _strongest_circles(edges, stain)


def _strongest_circles(edges: Edges, stain: NDArray[np.float32]) -> list[_Circle]:
    centres, radii = _strongest_votes(*vote_best(edges, RADII, margin=0))
    measured, drawn = refine_circles(edges, centres, radii)
    is_fair = drawn >= FAIR_CIRCLE
    return [
        _Circle(
            radius=radius,
            drawn_fraction=fraction,
            stain=_most_within(stain, (x, y), round(radius / 2)),
        )
        for (x, y), radius, fraction in zip(
            centres[is_fair].astype(np.int64).tolist(),
            measured[is_fair].tolist(),
            drawn[is_fair].tolist(),
            strict=True,
        )
    ]


def _strongest_votes(
    best: NDArray[np.float32], radius_index: NDArray[np.uint8]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """List centres and radii, those with most votes first, none within another."""
    found = []
    for _ in range(MOST_CIRCLES):
        _, most, _, (x, y) = cv2.minMaxLoc(best)
        if most < LEAST_VOTE:
            break
        radius = RADII[int(radius_index[y, x])]
        found.append((x, y, radius))
        cv2.circle(best, (x, y), int(radius), 0.0, -1)
    table = np.array(found, np.float32).reshape(-1, 3)
    return table[:, :2], table[:, 2]


def _most_within(
    stain: NDArray[np.float32], at_xy: tuple[int, int], reach: int
) -> float:
    columns, rows = (slice(max(0, at - reach), at + reach + 1) for at in at_xy)
    return float(stain[rows, columns].max())


def _median_radius(circles: list[_Circle]) -> float:
    stains = [circle.stain for circle in circles]
    usual = float(np.percentile(stains, STAIN_PERCENTILE))
    most = MOST_STAIN * max(usual, 0.0) + STAIN_SLACK
    unstained = [circle for circle in circles if circle.stain <= most]
    clear = [c.radius for c in unstained if c.drawn_fraction >= CLEAR_CIRCLE]
    if len(clear) < FEWEST_RED_CELLS:
        unstained.sort(key=lambda circle: -circle.drawn_fraction)
        clear = [circle.radius for circle in unstained[:FEWEST_RED_CELLS]]
    return float(np.median(clear))
