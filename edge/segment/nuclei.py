"""Nuclei: dark stained pieces, the lobes of one cell together, touching cells apart."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.segment.labels import Labels, nearest_label, renumber
from edge.segment.masks import (
    close_mask,
    depth_of,
    fill_holes,
    open_mask,
    outline_of,
    window_around,
)
from edge.segment.pixels import Pixels
from edge.segment.scale import to_px, to_px2

LEAST_PIECE_UM2: Final = 1.0
"""Smaller dark pieces are granules or noise."""

LEAST_NUCLEUS_UM2: Final = 9.0
"""Dark area of the smallest nucleus; PBC's smallest erythroblast has 16 (measured on
PBC, 2026-11)."""

MOST_NUCLEUS_UM2: Final = 600.0
"""Twice the dark area of the largest cells: beyond it is no cell but a shadow or a
clot (measured on BCCD and PBC, 2026-11)."""

MOST_YELLOW: Final = 0.65
"""Blue over green density of a nucleus at most; stain has 0.36 at most, black dirt and
print 1 (measured on BCCD and PBC, 2026-11)."""

MOST_OUTLINE: Final = 200
"""Points of an outline that are compared: enough for a gap's width."""

MOST_PIECES: Final = 60
"""The largest ones: no real field holds more, noise and text do."""

LOBE_GAP_UM: Final = 1.8
LOBES_EXTENT_UM: Final = 14.5
LOBES_AREA_UM2: Final = 130.0
"""Limits to the gap between the lobes of one nucleus, to their common extent and to
their area (measured on BCCD and PBC, 2026-11)."""

BRIDGE_SHARE: Final = 0.8
"""Share of the line between two lobes that must lie on a cell."""

SPLIT_LEAST_UM2: Final = 30.0
"""Smallest nucleus of two that touch; lobes of one nucleus are smaller."""

SPLIT_NECK: Final = 0.72
"""Two nuclei touch where the neck is below this share of the lesser one's width."""

HOLE_UM2: Final = 12.0
"""Largest pale spot inside a nucleus: vacuoles, and the middle of a ring."""


def find_nuclei(pixels: Pixels) -> Labels:
    """Group the dark pixels into nuclei, all lobes of a nucleus under one number.

    Giant platelets in frames without nuclei come along; `kinds` tells them apart.
    """
    cleaned = fill_holes(close_mask(pixels.dark, 0.2), HOLE_UM2)
    pieces = _split_touching(_label_pieces(open_mask(cleaned, 0.3)))
    groups = _group_lobes(pieces, pixels.cells)
    grouped = groups[pieces.label_image]
    areas = np.bincount(grouped.ravel())
    blue, green = (
        np.bincount(grouped.ravel(), pixels.density[..., channel].ravel())
        for channel in (2, 1)
    )
    is_nucleus = (
        (areas >= to_px2(LEAST_NUCLEUS_UM2))
        & (areas <= to_px2(MOST_NUCLEUS_UM2))
        & (blue <= MOST_YELLOW * green)
    )
    return renumber(grouped, is_nucleus)


def _label_pieces(mask: NDArray[np.bool_]) -> Labels:
    count, label_image, stats, _ = cv2.connectedComponentsWithStats(
        mask.astype(np.uint8), connectivity=8
    )
    areas = stats[:, cv2.CC_STAT_AREA].copy()
    areas[0] = 0
    largest = np.argsort(-areas, kind="stable")[:MOST_PIECES]
    is_kept = np.zeros(count, np.bool_)
    is_kept[largest] = areas[largest] >= to_px2(LEAST_PIECE_UM2)
    return renumber(np.asarray(label_image, np.int32), is_kept)


def _split_touching(pieces: Labels) -> Labels:
    label_image = pieces.label_image.copy()
    count = pieces.count
    for label in range(1, pieces.count + 1):
        piece = label_image == label
        if np.count_nonzero(piece) < to_px2(2 * SPLIT_LEAST_UM2):
            continue
        window = window_around(piece, 2)
        second = _second_nucleus(piece[window])
        if second is not None:
            count += 1
            label_image[window][second] = count
    return Labels(label_image=label_image, count=count)


def _second_nucleus(piece: NDArray[np.bool_]) -> NDArray[np.bool_] | None:
    """Find the lesser of two nuclei that touch by a neck."""
    depth = np.where(piece, depth_of(piece, margin=8), np.float32(0))
    for neck in np.linspace(0.15, SPLIT_NECK, 8) * depth.max():
        cores = _deep_cores(depth, neck)
        if cores.count < 2:
            continue
        _, nearest = nearest_label(cores.label_image)
        sizes = np.bincount(nearest[piece], minlength=cores.count + 1)
        second, first = np.argsort(sizes)[-2:]
        if min(sizes[first], sizes[second]) >= to_px2(SPLIT_LEAST_UM2):
            return np.asarray(piece & (nearest == second), np.bool_)
    return None


def _deep_cores(depth: NDArray[np.float32], neck: float) -> Labels:
    """Cut at a neck; keep the parts that are much wider than it."""
    count, labels = cv2.connectedComponents((depth > neck).astype(np.uint8))
    label_image = np.asarray(labels, np.int32)
    widest = np.zeros(count, np.float32)
    np.maximum.at(widest, label_image, depth)
    return renumber(label_image, widest * SPLIT_NECK >= neck)


def _group_lobes(pieces: Labels, cells: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Join pieces, nearest first; returns the group of each number, 0 for 0."""
    outlines = [
        _thin_out(outline_of(pieces.label_image == label))
        for label in range(1, pieces.count + 1)
    ]
    areas = np.bincount(pieces.label_image.ravel(), minlength=pieces.count + 1)
    group = np.arange(pieces.count + 1, dtype=np.int32)
    for _, a, b in sorted(_bridges(outlines, cells)):
        members = np.flatnonzero((group == group[a]) | (group == group[b]))
        together = np.concatenate([outlines[k - 1] for k in members])
        _, radius = cv2.minEnclosingCircle(together.astype(np.float32))
        is_compact = 2 * radius <= to_px(LOBES_EXTENT_UM)
        if is_compact and areas[members].sum() <= to_px2(LOBES_AREA_UM2):
            group[members] = group[a]
    return group


def _thin_out(outline: NDArray[np.int32]) -> NDArray[np.int32]:
    return outline[:: -(-len(outline) // MOST_OUTLINE)]


def _bridges(
    outlines: list[NDArray[np.int32]], cells: NDArray[np.bool_]
) -> list[tuple[float, int, int]]:
    """List the pairs near enough to be lobes of one nucleus: (gap, number, number)."""
    bridges = []
    for a, first in enumerate(outlines):
        for b, second in enumerate(outlines[:a]):
            if not _may_touch(first, second):
                continue
            offsets = first[:, None].astype(np.float32) - second[None]
            distances = np.einsum("abi,abi->ab", offsets, offsets)
            i, j = np.unravel_index(np.argmin(distances), distances.shape)
            line = np.rint(np.linspace(first[i], second[j], 9)).astype(np.int64)
            gap = float(np.sqrt(distances[i, j]))
            on_cell = cells[line[:, 1], line[:, 0]].mean()
            if gap <= to_px(LOBE_GAP_UM) and on_cell >= BRIDGE_SHARE:
                bridges.append((gap, a + 1, b + 1))
    return bridges


def _may_touch(first: NDArray[np.int32], second: NDArray[np.int32]) -> bool:
    low = np.maximum(first.min(axis=0), second.min(axis=0))
    high = np.minimum(first.max(axis=0), second.max(axis=0))
    return bool(np.all(low - high <= to_px(LOBE_GAP_UM)))
