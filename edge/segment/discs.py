"""Circles on the coarse image: what lies in them, and drawing them."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

SUBPIXEL_BITS: Final = 4
"""Circles are drawn to a sixteenth of a pixel."""

SAMPLES: Final = 96
"""Points spread evenly over a disc that its content is read from: shares come out
within 0.03."""


def _sunflower(count: int) -> NDArray[np.float32]:
    """Spread points evenly over the unit disc, by the golden angle."""
    k = np.arange(count) + 0.5
    radius, angle = np.sqrt(k / count), k * np.pi * (3 - 5**0.5)
    xy = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=-1)
    return np.asarray(xy, np.float32)


_POINTS_XY: Final = _sunflower(SAMPLES)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Discs:
    """Red cells as circles in the coarse image; a centre may lie outside.

    Parameters
    ----------
    xy : ndarray of shape (N, 2), float32
        Centres.
    radius : ndarray of shape (N,), float32
    """

    xy: NDArray[np.float32]
    radius: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.radius)

    def __getitem__(self, which: NDArray[np.bool_] | NDArray[np.int64]) -> "Discs":
        return Discs(xy=self.xy[which], radius=self.radius[which])

    def __add__(self, other: "Discs") -> "Discs":
        return Discs(
            xy=np.concatenate([self.xy, other.xy]),
            radius=np.concatenate([self.radius, other.radius]),
        )

    def circles(self) -> list[tuple[tuple[int, int], int]]:
        """Centres and radii as `draw_circle` takes them."""
        unit = 1 << SUBPIXEL_BITS
        xy = np.rint(self.xy * unit).astype(np.int64).tolist()
        radius = np.rint(self.radius * unit).astype(np.int64).tolist()
        return [((x, y), r) for (x, y), r in zip(xy, radius, strict=True)]


def draw_circle(canvas: NDArray[np.uint8], circle: tuple[tuple[int, int], int]) -> None:
    """Draw a disc, filled with ones."""
    centre, radius = circle
    cv2.circle(canvas, centre, radius, 1, cv2.FILLED, shift=SUBPIXEL_BITS)


def make_discs(xy_radius: list[tuple[float, float, float]]) -> Discs:
    """Make discs of a list of x, y and radius."""
    table = np.array(xy_radius, np.float32).reshape(-1, 3)
    return Discs(xy=table[:, :2], radius=table[:, 2])


def draw_discs(discs: Discs, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Draw discs as a mask."""
    canvas = np.zeros(shape, np.uint8)
    for circle in discs.circles():
        draw_circle(canvas, circle)
    return canvas.view(np.bool_)


def sample_places(discs: Discs, shape: tuple[int, int]) -> NDArray[np.int64]:
    """Spread points over each disc.

    Returns
    -------
    ndarray of shape (N, SAMPLES), int64
        Pixels as positions in the flattened image; one past its end outside it.
    """
    height, width = shape
    points = discs.xy[:, None] + discs.radius[:, None, None] * _POINTS_XY
    x, y = np.rint(points).astype(np.int64).transpose(2, 0, 1)
    outside = (x < 0) | (x >= width) | (y < 0) | (y >= height)
    return np.where(outside, height * width, y * width + x)


def flatten(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Flatten a mask, with nothing past its end: what `sample_places` points into."""
    return np.append(mask.ravel(), np.False_)


def share_in_discs(
    mask: NDArray[np.bool_], discs: Discs, of: NDArray[np.bool_] | None = None
) -> NDArray[np.float64]:
    """Measure the share of each disc, as far as it is in the frame, in a mask.

    Parameters
    ----------
    mask : ndarray of shape (H, W), bool
    discs : Discs
    of : ndarray of shape (H, W), bool, optional
        Only the part of each disc on this mask counts.
    """
    places = sample_places(discs, (mask.shape[0], mask.shape[1]))
    counted = flatten(np.ones_like(mask) if of is None else of)[places]
    inside = flatten(mask)[places] & counted
    return np.asarray(inside.sum(axis=1) / np.maximum(1, counted.sum(axis=1)))
