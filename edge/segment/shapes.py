"""What objects measure on their maps: place, size, roundness, evidence."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge.segment.parting import FAINT, Parted
from hemalens.finder import BODY_SIZE

FULL: Final = 255 - FAINT
"""Probability, in 255, from which on a pixel weighs fully; between, it weighs by how
much of it the body covers."""

OUTLINE_PX: Final = 0.4
"""By how much the ellipses that a finder learns are drawn too large on each side:
OpenCV fills the pixels of an outline whole (measured on ideal maps, 2026-11)."""

BORDER_PX: Final = 0.5
"""An object whose box comes this near to the frame's edge is cut by it."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shapes:
    """Objects of one kind, in map pixels; coordinates are of edges.

    Parameters
    ----------
    box_xyxy : ndarray of shape (N, 4)
        Of the whole object, not clipped.
    diameter : ndarray of shape (N,)
        Of the circle that is as large: the geometric mean of an ellipse's axes.
    elongation : ndarray of shape (N,)
        Long over short axis.
    evidence : ndarray of shape (N, K)
        Mean of each map over the object, 0 to 1.
    is_cut : ndarray of shape (N,), bool
        By the frame's edge.
    """

    box_xyxy: NDArray[np.float64]
    diameter: NDArray[np.float64]
    elongation: NDArray[np.float64]
    evidence: NDArray[np.float64]
    is_cut: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.diameter)

    def of(self, chosen: NDArray[np.bool_]) -> "Shapes":
        """Return those that a mask chooses."""
        return Shapes(
            box_xyxy=self.box_xyxy[chosen],
            diameter=self.diameter[chosen],
            elongation=self.elongation[chosen],
            evidence=self.evidence[chosen],
            is_cut=self.is_cut[chosen],
        )


def measure(
    parted: Parted,
    body: NDArray[np.uint8],
    maps: NDArray[np.uint8],
    inside: NDArray[np.bool_],
    size_wh: tuple[float, float],
) -> Shapes:
    """Measure each object as the ellipse that its body is.

    An ellipse's box follows from its moments: they use every pixel, so that a box lies
    finer than the map's pixels, and an ellipse that lies askew has its own axes.

    Parameters
    ----------
    parted : Parted
        The objects' pixels.
    body : ndarray of shape (H, W), uint8
        The map they were parted on, 255 for 1.
    maps : ndarray of shape (H, W, K), uint8
        The maps whose mean is the evidence.
    inside : ndarray of shape (H, W), bool
        Within the field of view, but for its outermost pixels: what has pixels
        elsewhere is cut.
    size_wh : pair of float
        Of the frame, in map pixels; the maps may be larger.
    """
    width = body.shape[1]
    starts, at = parted
    if not len(starts):
        return _none(maps.shape[2])
    codes = body.ravel()[at].astype(np.float64)
    weight = np.clip((codes - FAINT) / (FULL - FAINT), 0.02, 1.0)
    y, x = np.divmod(at, width)
    area = np.add.reduceat(weight, starts)
    centre = [np.add.reduceat(weight * v, starts) / area for v in (x, y)]
    xx, yy, xy = (
        np.add.reduceat(weight * u * v, starts) / area - a * b
        for u, v, a, b in (
            (x, x, centre[0], centre[0]),
            (y, y, centre[1], centre[1]),
            (x, y, centre[0], centre[1]),
        )
    )
    # A pixel is a square and no point.
    xx, yy = xx + 1 / 12, yy + 1 / 12
    long, short = _axes(xx, yy, xy)
    seen = maps.reshape(-1, maps.shape[2])[at]
    evidence = np.add.reduceat(seen, starts, axis=0, dtype=np.float64)
    evidence /= 255 * np.diff(starts, append=len(at))[:, np.newaxis]
    half = _to_box(2 * np.sqrt(np.stack([xx, yy], axis=1)))
    middle = np.stack(centre, axis=1) + 0.5
    box = np.hstack([middle - half, middle + half])
    box, is_cut = _at_border(box, _extents(x, y, starts), size_wh)
    is_cut |= ~np.logical_and.reduceat(inside.ravel()[at], starts)
    return Shapes(
        box_xyxy=box,
        diameter=2 * np.sqrt(_to_box(2 * long) * _to_box(2 * short)),
        elongation=long / short,
        evidence=evidence,
        is_cut=is_cut,
    )


def _to_box(radius: NDArray[np.float64]) -> NDArray[np.float64]:
    """From a body's half width to its box's."""
    return np.maximum(radius - OUTLINE_PX, 0.5) / BODY_SIZE


def _none(maps: int) -> Shapes:
    empty = np.zeros(0)
    return Shapes(
        box_xyxy=np.zeros((0, 4)),
        diameter=empty,
        elongation=empty,
        evidence=np.zeros((0, maps)),
        is_cut=np.zeros(0, np.bool_),
    )


def _axes(
    xx: NDArray[np.float64], yy: NDArray[np.float64], xy: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the deviations along an ellipse's long and short axis."""
    mean, rest = (xx + yy) / 2, np.hypot((xx - yy) / 2, xy)
    return np.sqrt(mean + rest), np.sqrt(np.maximum(mean - rest, 1 / 12))


def _extents(
    x: NDArray[np.int64], y: NDArray[np.int64], starts: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Box the pixels of each object."""
    sides = [
        np.minimum.reduceat(x, starts),
        np.minimum.reduceat(y, starts),
        np.maximum.reduceat(x, starts) + 1,
        np.maximum.reduceat(y, starts) + 1,
    ]
    return np.stack(sides, axis=1).astype(np.float64)


def _at_border(
    box: NDArray[np.float64],
    extents: NDArray[np.float64],
    size_wh: tuple[float, float],
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Let objects that reach the frame's edge end there; more of them is not seen."""
    edge = np.array([0, 0, *size_wh])
    outward = np.array([-1, -1, 1, 1])
    reaches = outward * (box - edge) >= -BORDER_PX
    touches = outward * (extents - edge) > -1
    is_cut = reaches | touches
    return np.where(is_cut, edge, box), is_cut.any(axis=1)
