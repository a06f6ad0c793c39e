"""Who may lie beside whom."""

import math
from collections.abc import Sequence
from typing import Final

import numpy as np

from edge.capture.demo.slide_object import SlideObject

_GAP_UM: Final = 0.5
_RED_APART_UM: Final = 3.4
"""Red cells overlap, but never so far that two look like one."""

_FARTHEST_PUSH_UM: Final = 2.6
"""A red cell that would have to move farther is left out."""


def clear(
    centre: tuple[float, float],
    radius: float,
    placed: Sequence[SlideObject],
    gap_um: float = _GAP_UM,
) -> bool:
    """Check whether an object of this radius keeps its distance from all others."""
    return all(
        math.dist(centre, other.centre_um) >= radius + other.radius_um + gap_um
        for other in placed
    )


def apart(centre: tuple[float, float], cells: Sequence[SlideObject]) -> bool:
    """Check whether a red cell shows beside those there, however it overlaps them."""
    return all(math.dist(centre, cell.centre_um) > _RED_APART_UM for cell in cells)


def pushed_aside(
    rng: np.random.Generator,
    centre: tuple[float, float],
    radius: float,
    obstacles: Sequence[SlideObject],
) -> tuple[float, float] | None:
    """Move a red cell off the stained cells, or give it up where that is far."""
    x, y = centre
    overlap_um = 0.6 * rng.random() ** 2
    for _ in range(2):
        for other in obstacles:
            dx, dy = x - other.centre_um[0], y - other.centre_um[1]
            distance = math.hypot(dx, dy) or 1e-6
            push = other.radius_um + radius - overlap_um - distance
            if push > _FARTHEST_PUSH_UM:
                return None
            if push > 0:
                x, y = x + push * dx / distance, y + push * dy / distance
    return x, y
