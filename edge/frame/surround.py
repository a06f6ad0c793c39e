"""What lies around a microscope's view: an eyepiece's rim, bars, cut corners."""

from typing import Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

DARK_FRACTION: Final = 0.22
"""Of the frame's light: darker than this, and touching the frame's edge, may be a
surround. Nuclei keep a quarter of the light in their brightest colour, the noisy rim of
a phone at an eyepiece a sixth at most (measured on phone pictures, PBC and BCCD,
2026-11)."""

RIM_FRACTION: Final = 0.55
"""Of the frame's light: the soft rim of the view is cut off up to here. Red cells keep
two thirds of the light in their brightest colour (measured on PBC, BCCD, 2026-11)."""

LEAST_LIGHT: Final = 40.0
"""Level of the light below which the frame is black all over."""

WHITE_LEVEL: Final = 251
"""A surround painted white is no darker in any colour."""

LEAST_SURROUND: Final = 0.004
"""Share of the frame; less is not looked for."""

LEAST_OUTSIDE: Final = 0.8
"""Share of a surround that lies outside the convex hull of what it surrounds. A view is
round or square; a nucleus cut by the frame's edge bulges into it, and a needle stands
in it."""

LEAST_FIELD: Final = 0.15
"""Share of the frame that is left; less is a torn or a black frame."""

MOST_ONE_SIDED: Final = 0.3
"""Share of the frame that may be missing at one side alone: more is a torn frame."""

LEAST_GLASS: Final = 0.3
LEAST_ROUND: Final = 0.96
"""A view in a white surround shows as much glass, as even as `GLASS_BAND`, and fills
its circle or its box as well as this: a large cell on saturated glass does neither."""

DARK_OF_GLASS: Final = 0.6
MOST_DARK: Final = 0.15
"""Nor is so much of a view as dark as this share of its glass, as a cell's nucleus is
of the cell."""

GLASS_BAND: Final = 6
"""Codes on both sides of the commonest level that are glass."""

RIM_MARGIN: Final = 0.012
"""Share of the frame's longer side that is cut off within a view's rim."""


class _Levels(NamedTuple):
    """Planes of a frame made small, each of shape (H, W), uint8."""

    brightest: NDArray[np.uint8]
    """The largest of a pixel's three codes."""
    darkest: NDArray[np.uint8]
    """The smallest."""


def find_view(small: NDArray[np.uint8]) -> NDArray[np.bool_] | None:
    """Find the part of a frame that the microscope shows.

    Parameters
    ----------
    small : ndarray of shape (H, W, 3), uint8, RGB
        The frame, some 250 pixels wide.

    Returns
    -------
    ndarray of shape (H, W), bool, or None
        None where the frame shows the field from edge to edge, or nothing at all.
    """
    red, green, blue = cv2.split(small)
    levels = _Levels(
        np.asarray(cv2.max(cv2.max(red, green), blue), np.uint8),
        np.asarray(cv2.min(cv2.min(red, green), blue), np.uint8),
    )
    if not _may_have_surround(levels):
        return None
    view = _in_the_dark(levels)
    if view is None:
        view = _in_white(levels)
    return None if view is None else _without_rim(view)


def _may_have_surround(levels: _Levels) -> bool:
    """Look at the corners alone, which no surround leaves out: that is quick."""
    height, width = levels.brightest.shape
    if min(height, width) < 32:
        return False
    corners = (slice(0, height, height - 1), slice(0, width, width - 1))
    dark = levels.brightest[corners].astype(np.float32) < LEAST_LIGHT * 2
    white = levels.darkest[corners] >= WHITE_LEVEL
    return bool(np.count_nonzero(dark) >= 2 or np.count_nonzero(white) == 4)


def _in_the_dark(levels: _Levels) -> NDArray[np.bool_] | None:
    smooth = cv2.blur(levels.brightest, (3, 3))
    light = float(np.percentile(smooth, 95))
    if light < LEAST_LIGHT:
        return None
    dark = _touching_the_edge(np.less(smooth, DARK_FRACTION * light))
    if not _surrounds(dark):
        return None
    lit = np.asarray(smooth >= RIM_FRACTION * light, np.bool_)
    return _accepted(_hull(_largest(lit & ~dark)))


def _in_white(levels: _Levels) -> NDArray[np.bool_] | None:
    white = _touching_the_edge(levels.darkest >= WHITE_LEVEL)
    if not _surrounds(white):
        return None
    view = _accepted(_hull(_largest(~white)))
    if view is None or not _is_round_or_square(view):
        return None
    inside = levels.darkest[_eroded(view, _margin(view))]
    common = int(np.bincount(inside, minlength=256)[:WHITE_LEVEL].argmax())
    glass = np.abs(inside.astype(np.int16) - common) <= GLASS_BAND
    dark = np.mean(inside < DARK_OF_GLASS * common)
    is_view = float(np.mean(glass)) >= LEAST_GLASS and float(dark) <= MOST_DARK
    return view if is_view else None


def _touching_the_edge(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Keep the pieces of a mask that touch the frame's edge."""
    _, pieces = cv2.connectedComponents(mask.view(np.uint8), connectivity=4)
    edge = np.concatenate([pieces[0], pieces[-1], pieces[:, 0], pieces[:, -1]])
    is_kept = np.zeros(int(pieces.max()) + 1, np.bool_)
    is_kept[edge] = True
    is_kept[0] = False
    return np.asarray(is_kept[pieces], np.bool_)


def _surrounds(surround: NDArray[np.bool_]) -> bool:
    """Tell a surround from cells and needles that the frame's edge cuts."""
    size = np.count_nonzero(surround)
    if size < LEAST_SURROUND * surround.size or size == surround.size:
        return False
    outside = surround & ~_hull(_largest(~surround))
    return bool(np.count_nonzero(outside) >= LEAST_OUTSIDE * size)


def _accepted(view: NDArray[np.bool_]) -> NDArray[np.bool_] | None:
    if float(np.mean(view)) < LEAST_FIELD or _is_torn(view):
        return None
    return view


def _is_torn(view: NDArray[np.bool_]) -> bool:
    """Tell a frame that broke off: much is missing, from one side to the other."""
    rows, columns = (np.asarray(view.any(axis=axis), np.bool_) for axis in (1, 0))
    for line in (rows, columns):
        before, after = int(line.argmax()), int(line[::-1].argmax())
        if abs(before - after) > MOST_ONE_SIDED * len(line):
            return True
    return False


def _is_round_or_square(view: NDArray[np.bool_]) -> bool:
    points = cv2.findNonZero(view.view(np.uint8))
    _, _, width, height = cv2.boundingRect(points)
    centre, radius = cv2.minEnclosingCircle(points)
    circle = np.zeros(view.shape, np.uint8)
    middle = (round(centre[0]), round(centre[1]))
    cv2.circle(circle, middle, round(radius), 1, -1)
    area = int(np.count_nonzero(view))
    disc = max(1, int(np.count_nonzero(circle)))
    fills = max(area / (int(width) * int(height)), area / disc)
    return bool(fills >= LEAST_ROUND)


def _largest(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    number, pieces, stats, _ = cv2.connectedComponentsWithStats(mask.view(np.uint8))
    if number < 2:
        return mask
    largest = 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())
    return np.asarray(pieces == largest, np.bool_)


def _hull(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    filled = np.zeros(mask.shape, np.uint8)
    points = cv2.findNonZero(mask.view(np.uint8))
    if points is not None:
        cv2.fillConvexPoly(filled, cv2.convexHull(points), 1)
    return filled.view(np.bool_)


def _margin(view: NDArray[np.bool_]) -> int:
    return max(1, round(RIM_MARGIN * float(max(view.shape))))


def _without_rim(view: NDArray[np.bool_]) -> NDArray[np.bool_]:
    return _eroded(view, _margin(view))


def _eroded(view: NDArray[np.bool_], margin: int) -> NDArray[np.bool_]:
    """Take a margin off, except where the view ends with the frame."""
    side = 2 * margin + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    eroded = cv2.erode(
        view.view(np.uint8), disc, borderType=cv2.BORDER_CONSTANT, borderValue=1
    )
    return np.asarray(eroded, np.uint8).view(np.bool_)
