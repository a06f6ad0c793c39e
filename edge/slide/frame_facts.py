"""What one frame tells of whether the slide is a blood smear, and of its scale."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge.frame.quality import FrameQuality
from hemalens.classes import CellKind
from hemalens.glass import Glass
from hemalens.records import Detection, Segmentation

FEWEST_RED_CELLS: Final = 5
"""Whole ones from which a frame tells of their spread and colours."""

MOST_RED_CELLS: Final = 20
"""Looked at for their colour: one frame is not the slide."""

MIDDLE: Final = np.linspace(-0.3, 0.3, 4)
CORNERS: Final = np.array([-0.48, 0.48])
"""Places of a red cell's box, in its sides, that lie in the cell, and beside it."""

SEEN_AS_CELLS: Final = 0.25
"""Share of what is denser than glass that boxes hold at least: in PBC and BCCD they
hold most of it, or more (measured 2026-11)."""

LEAST_STRUCTURE: Final = 0.1
"""Share of a field that must be denser than glass before so little is missed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameFacts:
    """What a frame tells of the slide.

    Parameters
    ----------
    ruler_um : float or None
        Micrometres per pixel by its red cells; None with too few, or where they were
        not asked.
    is_white_scale : bool
        Its scale is known by its white cells alone.
    is_blank : bool
        It shows nothing at all.
    is_missed : bool
        There is structure in it, and hardly anything was found.
    has_stained : bool
        Nucleated cells or platelets were found.
    red_cells_per_mm2 : float or None
        None without a scale.
    size_spread, colour_spread_deg, glass_beside : float or None
        Of the red cells: standard deviation of their widths, of the median, robust;
        angle between the colour of the median one's density and the others', median;
        density beside one, in its own. None with too few.
    covered_fraction : float
        Share of the field that is denser than glass.
    """

    ruler_um: float | None
    is_white_scale: bool
    is_blank: bool
    is_missed: bool
    has_stained: bool
    red_cells_per_mm2: float | None
    size_spread: float | None
    colour_spread_deg: float | None
    glass_beside: float | None
    covered_fraction: float


def facts_of(
    image: NDArray[np.uint8],
    found: Segmentation,
    quality: FrameQuality,
    *,
    pixel_size_um: float | None,
    ruler_um: float | None,
    is_scale_known: bool,
) -> FrameFacts:
    """Measure what a frame tells of the slide.

    Parameters
    ----------
    image : ndarray of shape (H, W, 3), uint8, RGB
        The frame.
    found : Segmentation
    quality : FrameQuality
    pixel_size_um : float or None
        What is worked with.
    ruler_um : float or None
        What its red cells say by themselves.
    is_scale_known : bool
        Without the frame: given, or settled by others.
    """
    scale = found.measured_scale
    is_white_scale = scale is not None and scale.kind is CellKind.WHITE_CELL
    reds = [one for one in found.detections if one.kind is CellKind.RED_CELL]
    whole = [one for one in reds if not one.at_border]
    colours = beside = None
    if len(whole) >= FEWEST_RED_CELLS:
        colours, beside = _colours(image, whole, quality.glass)
    return FrameFacts(
        ruler_um=ruler_um,
        is_white_scale=is_white_scale and not is_scale_known,
        is_blank=quality.is_empty and not found.detections,
        is_missed=_is_missed(image.shape[:2], found, quality),
        has_stained=len(reds) < len(found.detections),
        red_cells_per_mm2=_per_mm2(len(reds), image.shape[:2], pixel_size_um),
        size_spread=_size_spread(whole),
        colour_spread_deg=colours,
        glass_beside=beside,
        covered_fraction=quality.covered_fraction,
    )


def _is_missed(
    size_hw: tuple[int, ...], found: Segmentation, quality: FrameQuality
) -> bool:
    if not found.detections:
        return not quality.is_empty
    boxed_px = sum(math.prod(one.box.size_wh) for one in found.detections)
    structure = quality.covered_fraction
    return (
        structure >= LEAST_STRUCTURE
        and boxed_px < SEEN_AS_CELLS * structure * math.prod(size_hw)
    )


def _per_mm2(
    number: int, size_hw: tuple[int, ...], pixel_size_um: float | None
) -> float | None:
    if pixel_size_um is None:
        return None
    return 1e6 * number / (math.prod(size_hw) * pixel_size_um**2)


def _size_spread(whole: Sequence[Detection]) -> float | None:
    if len(whole) < FEWEST_RED_CELLS:
        return None
    widths = [math.sqrt(math.prod(one.box.size_wh)) for one in whole]
    low, middle, high = np.percentile(widths, [16, 50, 84])
    return float((high - low) / (2 * middle))


def _colours(
    image: NDArray[np.uint8], whole: Sequence[Detection], glass: Glass
) -> tuple[float, float]:
    """Measure how unlike red cells are in colour, and what is beside them."""
    some = whole[:: -(-len(whole) // MOST_RED_CELLS)]
    height, width = image.shape[:2]
    light = np.log(glass.at([one.box.centre_xy for one in some], (width, height)) + 1)
    inside = light - _mean_logarithms(image, some, MIDDLE)
    outside = light - _mean_logarithms(image, some, CORNERS)
    depth = np.maximum(np.linalg.norm(inside, axis=1), _LEAST_DEPTH)
    median = np.median(inside, axis=0)
    alike = inside @ median / (depth * max(_LEAST_DEPTH, np.linalg.norm(median)))
    angles = np.degrees(np.arccos(np.clip(alike, -1, 1)))
    beside = np.linalg.norm(outside, axis=1) / depth
    return float(np.median(angles)), float(np.median(beside))


def _mean_logarithms(
    image: NDArray[np.uint8], some: Sequence[Detection], places: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Average over a grid of places of each box (N, 3)."""
    centres = np.array([one.box.centre_xy for one in some])
    sizes = np.array([one.box.size_wh for one in some])
    grid = centres[:, :, np.newaxis] + sizes[:, :, np.newaxis] * places
    columns = np.clip(grid[:, 0], 0, image.shape[1] - 1).astype(np.intp)
    rows = np.clip(grid[:, 1], 0, image.shape[0] - 1).astype(np.intp)
    codes = image[rows[:, :, np.newaxis], columns[:, np.newaxis, :]]
    means = np.log(codes.astype(np.float64) + 1).mean(axis=(1, 2))
    return np.asarray(means, np.float64)


_LEAST_DEPTH: Final = 0.02
