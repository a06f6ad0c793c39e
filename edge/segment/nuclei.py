"""Nuclei: dark stained pieces, the lobes of one cell together, touching cells apart."""

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.segment.masks import (
    close_mask,
    depth_of,
    distance_to,
    fill_holes,
    open_mask,
    outline_of,
    to_radius,
)
from edge.segment.pieces import (
    Piece,
    are_near,
    draw_in,
    find_pieces,
    join,
    largest,
    on_coarse,
    take_piece,
)
from edge.segment.pixels import Pixels
from edge.segment.scale import COARSE, double_mask, halve_mask, to_px, to_px2

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
MOST_PIECES_PER_PX: Final = 1e-4
"""The largest ones, in a small frame and by a larger one's area in work pixels: no real
field holds more, noise and text do."""

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

CONVEX: Final = 0.965
"""What fills this share of its convex hull has no such neck: two equal discs that have
fill 0.955 of it."""

HOLE_UM2: Final = 12.0
"""Largest pale spot inside a nucleus: vacuoles, and the middle of a ring."""


def find_nuclei(pixels: Pixels) -> tuple[Piece, ...]:
    """Group the dark pixels into nuclei, all lobes of a nucleus in one piece.

    Giant platelets in frames without nuclei come along; `kinds` tells them apart.
    """
    cleaned = fill_holes(close_mask(pixels.dark, to_radius(0.2)), HOLE_UM2)
    found = find_pieces(open_mask(cleaned, to_radius(0.3)), to_px2(LEAST_PIECE_UM2))
    most = max(MOST_PIECES, round(MOST_PIECES_PER_PX * pixels.dark.size))
    whole = largest(found, most)
    pieces = [part for piece in whole for part in _split_touching(piece)]
    groups = _group_lobes(pieces, pixels.cells)
    nuclei = (join(group) for group in groups)
    return tuple(nucleus for nucleus in nuclei if _is_nucleus(nucleus, pixels))


def _is_nucleus(piece: Piece, pixels: Pixels) -> bool:
    if not to_px2(LEAST_NUCLEUS_UM2) <= piece.area <= to_px2(MOST_NUCLEUS_UM2):
        return False
    return pixels.yellowness_of(piece.window, piece.mask) <= MOST_YELLOW


def _split_touching(piece: Piece) -> list[Piece]:
    if piece.area < to_px2(2 * SPLIT_LEAST_UM2) or _is_convex(piece.mask):
        return [piece]
    box = on_coarse(piece.box)
    whole = draw_in(box, [piece])
    coarse_second = _second_nucleus(halve_mask(whole))
    if coarse_second is None:
        return [piece]
    second = double_mask(coarse_second)
    parts = (take_piece(m, box) for m in (whole & ~second, whole & second))
    return [part for part in parts if part is not None]


def _is_convex(mask: NDArray[np.bool_]) -> bool:
    outline = outline_of(mask)
    hull_area = cv2.contourArea(cv2.convexHull(outline))
    return bool(cv2.contourArea(outline) >= CONVEX * hull_area)


def _second_nucleus(piece: NDArray[np.bool_]) -> NDArray[np.bool_] | None:
    """Find the lesser of two nuclei that touch by a neck; in the coarse image."""
    depth = np.where(piece, depth_of(piece, margin=4), np.float32(0))
    for neck in np.linspace(0.15, SPLIT_NECK, 8) * depth.max():
        cores = _deep_cores(depth, neck)
        if len(cores) < 2:
            continue
        nearest = np.argmin([distance_to(core) for core in cores], axis=0)
        sizes = np.bincount(nearest[piece], minlength=len(cores))
        second, first = np.argsort(sizes)[-2:]
        least = to_px2(SPLIT_LEAST_UM2) / COARSE**2
        if min(sizes[first], sizes[second]) >= least:
            return np.asarray(nearest == second, np.bool_)
    return None


def _deep_cores(depth: NDArray[np.float32], neck: float) -> list[NDArray[np.bool_]]:
    """Cut at a neck; keep the parts that are much wider than it."""
    count, label_image = cv2.connectedComponents((depth > neck).view(np.uint8))
    if count <= 2:
        return []
    cores = (label_image == label for label in range(1, count))
    return [core for core in cores if depth[core].max() * SPLIT_NECK >= neck]


def _group_lobes(
    pieces: Sequence[Piece], cells: NDArray[np.bool_]
) -> list[list[Piece]]:
    """Join pieces, nearest first, as long as they may be one nucleus."""
    outlines = [_thin_out(_outline_in_frame(piece)) for piece in pieces]
    groups = {k: [k] for k in range(len(pieces))}
    group_of = list(range(len(pieces)))
    for _, a, b in sorted(_bridges(pieces, outlines, cells)):
        first, second = group_of[a], group_of[b]
        if first == second:
            continue
        members = groups[first] + groups[second]
        area = sum(pieces[k].area for k in members)
        _, radius = cv2.minEnclosingCircle(
            np.concatenate([outlines[k] for k in members])
        )
        if area <= to_px2(LOBES_AREA_UM2) and 2 * radius <= to_px(LOBES_EXTENT_UM):
            groups[first] = members
            for k in groups.pop(second):
                group_of[k] = first
    return [[pieces[k] for k in members] for members in groups.values()]


def _outline_in_frame(piece: Piece) -> NDArray[np.int32]:
    return outline_of(piece.mask) + np.array([piece.box.left, piece.box.top], np.int32)


def _thin_out(outline: NDArray[np.int32]) -> NDArray[np.int32]:
    return outline[:: -(-len(outline) // MOST_OUTLINE)]


def _bridges(
    pieces: Sequence[Piece],
    outlines: Sequence[NDArray[np.int32]],
    cells: NDArray[np.bool_],
) -> list[tuple[float, int, int]]:
    """List the pairs near enough to be lobes of one nucleus: (gap, index, index)."""
    most = to_px(LOBE_GAP_UM)
    bridges = []
    for a, first in enumerate(outlines):
        for b, second in enumerate(outlines[:a]):
            if not are_near(pieces[a].box, pieces[b].box, most):
                continue
            gap, line = _shortest_line(first, second)
            on_cell = cells[line[:, 1], line[:, 0]].mean()
            if gap <= most and on_cell >= BRIDGE_SHARE:
                bridges.append((gap, a, b))
    return bridges


def _shortest_line(
    first: NDArray[np.int32], second: NDArray[np.int32]
) -> tuple[float, NDArray[np.int64]]:
    """Measure the gap between two outlines; and list nine pixels across it."""
    across, down = (
        np.subtract.outer(first[:, axis], second[:, axis]).astype(np.float32)
        for axis in (0, 1)
    )
    squares = across * across + down * down
    i, j = np.unravel_index(np.argmin(squares), squares.shape)
    line = np.rint(np.linspace(first[i], second[j], 9)).astype(np.int64)
    return float(np.sqrt(squares[i, j])), line
