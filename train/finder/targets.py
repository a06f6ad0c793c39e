"""From objects to the maps the finder learns, and what each pixel of them weighs."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from hemalens.finder import BODY_SIZE, CORE_SIZE, SMALLEST_PLATELET_RADIUS, Map
from train.finder.fields import Kind

MAPS_OF: Final = {
    Kind.WHITE: (Map.WHITE_BODY, Map.WHITE_CORE),
    Kind.RED: (Map.RED_BODY, Map.RED_CORE),
    Kind.PLATELET: (Map.PLATELET,),
}
"""A kind's maps, the body first."""
SURROUNDINGS: Final = 1.15
"""An object's surroundings, of its size: known to be free of others, or a seam."""
SURE_SIZE: Final = 0.7
"""What of an object of guessed size surely belongs to it, of that size."""
SEAM_WEIGHT: Final = 3.0
"""Where surroundings of two objects of a kind overlap: what parts touching cells
(Ronneberger, Fischer, Brox: U-Net. MICCAI 2015, arXiv 1505.04597, section 3)."""
PLATELET_WEIGHT: Final = 3.0
"""Of a platelet's own pixels: they are so few that nothing else would be learned."""
OTHER_KIND_WEIGHT: Final = 0.5
"""Of an unlabelled kind where an object of another kind lies."""
_SHIFT: Final = 4
"""Binary places of OpenCV's coordinates."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Targets:
    """What the maps should be, and the weight of each of their pixels.

    Parameters
    ----------
    maps, weights : ndarray of shape (H, W, 5), float32
    """

    maps: NDArray[np.float32]
    weights: NDArray[np.float32]


def draw_targets(
    placed: NDArray[np.float32],
    size_hw: tuple[int, int],
    background: tuple[float, float, float],
    *,
    outlined: bool = True,
) -> Targets:
    """Draw each object's ellipses.

    Parameters
    ----------
    placed : ndarray of shape (N, 6), float32
        Kind, centre x, centre y, width, height, turn in degrees; in output pixels,
        coordinates of edges.
    size_hw : tuple of int
        Of the maps.
    background : tuple of float
        As of `Field`.
    outlined : bool
        As of `Field`.
    """
    maps = np.zeros((*size_hw, len(Map)), np.float32)
    weights = np.zeros_like(maps)
    for kind, channels in MAPS_OF.items():
        of_kind = placed[placed[:, 0] == kind]
        near = _overlaps(of_kind, size_hw, SURROUNDINGS)
        body_size = BODY_SIZE if outlined else SURE_SIZE
        least = SMALLEST_PLATELET_RADIUS if kind is Kind.PLATELET else 0.0
        body = _drawn(of_kind, size_hw, body_size, least)
        known = np.where(near > 0, 1.0, background[kind])
        known[near > 1] = SEAM_WEIGHT
        if not outlined:
            known[(near > 0) & (body == 0)] = 0.0
        if kind is Kind.PLATELET:
            known[body > 0] = PLATELET_WEIGHT
        for channel in channels:
            drawn = body
            if channel is not channels[0]:
                drawn = _drawn(of_kind, size_hw, CORE_SIZE)
            maps[..., channel] = drawn
            weights[..., channel] = known
    _weigh_other_kinds(maps, weights)
    return Targets(maps=maps, weights=weights)


def _weigh_other_kinds(maps: NDArray[np.float32], weights: NDArray[np.float32]) -> None:
    """Let a white cell say that no red cell lies there, and the other way round."""
    white, red = maps[..., Map.WHITE_BODY] > 0, maps[..., Map.RED_CORE] > 0
    for where, channels in (
        (white, (Map.RED_BODY, Map.RED_CORE, Map.PLATELET)),
        (red, (Map.WHITE_BODY, Map.WHITE_CORE, Map.PLATELET)),
    ):
        for channel in channels:
            layer = weights[..., channel]
            layer[where] = np.maximum(layer[where], OTHER_KIND_WEIGHT)


def _overlaps(
    placed: NDArray[np.float32], size_hw: tuple[int, int], factor: float
) -> NDArray[np.uint8]:
    """Count the ellipses over each pixel."""
    count = np.zeros(size_hw, np.uint8)
    layer = np.zeros(size_hw, np.uint8)
    for one in placed:
        layer.fill(0)
        _ellipse(layer, one, factor, 0.0)
        count += layer
    return count


def _drawn(
    placed: NDArray[np.float32],
    size_hw: tuple[int, int],
    factor: float,
    least: float = 0.0,
) -> NDArray[np.uint8]:
    layer = np.zeros(size_hw, np.uint8)
    for one in placed:
        _ellipse(layer, one, factor, least)
    return layer


def _ellipse(
    layer: NDArray[np.uint8], one: NDArray[np.float32], factor: float, least: float
) -> None:
    unit = 1 << _SHIFT
    # A pixel's centre lies half a pixel behind its edge.
    centre = tuple(round(float(v - 0.5) * unit) for v in one[1:3])
    axes = tuple(
        max(1, round(max(float(v) * factor / 2, least) * unit)) for v in one[3:5]
    )
    cv2.ellipse(layer, centre, axes, float(one[5]), 0, 360, 1, -1, shift=_SHIFT)
