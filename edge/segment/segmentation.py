"""From a frame to its cells."""

import math
from typing import Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.optics.red_cell_ruler import (
    FEWEST_RED_CELLS,
    measure_red_cell_diameter,
    median_whole_diameter,
)
from edge.segment.kinds import describe, tell_kind
from edge.segment.labels import Labels
from edge.segment.masks import box_of, open_mask
from edge.segment.nuclei import find_nuclei
from edge.segment.pixels import Pixels, sort_pixels
from edge.segment.platelets import find_small_pieces
from edge.segment.red_cells import fill_pallor, split_red_cells
from edge.segment.red_discs import Disc, draw_discs, find_red_discs, share_in_disc
from edge.segment.scale import WORK_PIXEL_SIZE_UM, to_px
from edge.segment.white_cells import grow_cytoplasm
from hemalens.classes import CellKind
from hemalens.preprocess import PBC_PIXEL_SIZE_UM, RED_CELL_DIAMETER_UM
from hemalens.records import Box, Detection, Segmentation

FINEST_PIXEL_SIZE_UM: Final = 0.02
COARSEST_PIXEL_SIZE_UM: Final = 0.5
"""Pixel sizes accepted. Segmentation is made for 0.05 to 0.2; a frame far outside
would be enlarged beyond sense or shrunk to nothing."""

BOX_MARGIN_UM: Final = 0.2
"""Boxes hold the faint rim the thresholds miss (measured on BCCD and PBC against the
TXL-PBC boxes, 2026-11)."""

RED_LIKE_SHARE: Final = 0.5
"""Share of a disc's cell that must be coloured like red cells for it to hold its
ground against cytoplasm; what looks like a disc there is part of the white cell."""

RED_CELL: Final = frozenset({CellKind.RED_CELL})


class _Found(NamedTuple):
    """A cell in work pixels."""

    box: Box
    kind: CellKind
    possible_kinds: frozenset[CellKind]


def segment(
    image: NDArray[np.uint8], pixel_size_um: float | None = None
) -> Segmentation:
    """Find the cells of a frame.

    Parameters
    ----------
    image : ndarray of shape (H, W, 3), uint8, RGB
        The frame, of any size and content.
    pixel_size_um : float, optional
        Micrometres per pixel at the specimen. Without it the frame's red cells are
        the ruler; with too few of them it is worked on as if from PBC.

    Returns
    -------
    Segmentation
        Stained objects first, then red cells, each with a box inside the frame.

    Raises
    ------
    ValueError
        When the image is no RGB image, or the pixel size lies outside 0.02 to 0.5.

    Examples
    --------
    >>> segment(np.full((480, 640, 3), 240, np.uint8)).detections
    ()
    """
    _check(image, pixel_size_um)
    if pixel_size_um is not None:
        detections = _find_cells(image, pixel_size_um)
        diameter_px = median_whole_diameter(detections)
    else:
        diameter_px = measure_red_cell_diameter(image)
        if diameter_px is not None:
            pixel_size_um = RED_CELL_DIAMETER_UM / diameter_px
        detections = _find_cells(image, pixel_size_um or PBC_PIXEL_SIZE_UM)
        red_cells = sum(cell.kind is CellKind.RED_CELL for cell in detections)
        if red_cells < FEWEST_RED_CELLS:
            pixel_size_um = diameter_px = None
    return Segmentation(
        detections=detections,
        pixel_size_um=pixel_size_um,
        red_cell_diameter_px=diameter_px,
    )


def _check(image: NDArray[np.uint8], pixel_size_um: float | None) -> None:
    if image.ndim != 3 or image.shape[2] != 3 or image.size == 0:
        raise ValueError(f"an image is (H, W, 3) and not empty, this is {image.shape}")
    if image.dtype != np.uint8:
        raise ValueError(f"an image is uint8, this is {image.dtype}")
    if pixel_size_um is not None and not (
        FINEST_PIXEL_SIZE_UM <= pixel_size_um <= COARSEST_PIXEL_SIZE_UM
    ):
        raise ValueError(
            f"a pixel size lies between {FINEST_PIXEL_SIZE_UM} and"
            f" {COARSEST_PIXEL_SIZE_UM} µm, not {pixel_size_um}"
        )


def _find_cells(
    image: NDArray[np.uint8], pixel_size_um: float
) -> tuple[Detection, ...]:
    height, width = image.shape[:2]
    shrink = pixel_size_um / WORK_PIXEL_SIZE_UM
    work_wh = (max(1, round(width * shrink)), max(1, round(height * shrink)))
    interpolation = cv2.INTER_AREA if shrink < 1 else cv2.INTER_LINEAR
    work_image = cv2.resize(image, work_wh, interpolation=interpolation)
    pixels = sort_pixels(np.asarray(work_image, np.uint8))
    found = [] if pixels is None else _find_in_pixels(pixels)
    ratio_xy = (width / work_wh[0], height / work_wh[1])
    return tuple(_to_frame(cell, ratio_xy, image.shape) for cell in found)


def _find_in_pixels(pixels: Pixels) -> list[_Found]:
    nuclei = find_nuclei(pixels)
    filled = fill_pallor(pixels.cells)
    on_cells = filled & (nuclei.label_image == 0)
    discs = find_red_discs(pixels.green, on_cells, pixels.levels.red_density)
    red_ground = _red_ground(discs, pixels)
    white_cells = grow_cytoplasm(nuclei, pixels, red_ground)
    is_white = white_cells.label_image > 0
    small = find_small_pieces(pixels, is_white)
    stained = _stained_objects(white_cells, pixels) + _stained_objects(small, pixels)

    is_small = (small.label_image > 0) & ~pixels.red_like
    red_cells = open_mask(filled & ~is_white & ~is_small, 0.4)
    discs = tuple(disc for disc in discs if share_in_disc(is_white, disc) <= 0.5)
    boxes = split_red_cells(discs, red_cells)
    return stained + [_Found(box, CellKind.RED_CELL, RED_CELL) for box in boxes]


def _red_ground(discs: tuple[Disc, ...], pixels: Pixels) -> NDArray[np.bool_]:
    """Mask the red cells that cytoplasm must not enter."""
    red = tuple(
        disc
        for disc in discs
        if share_in_disc(pixels.red_like, disc, pixels.cells) > RED_LIKE_SHARE
    )
    return draw_discs(red, pixels.cells.shape) & ~pixels.stained


def _stained_objects(labels: Labels, pixels: Pixels) -> list[_Found]:
    found = []
    for label in range(1, labels.count + 1):
        mask = labels.label_image == label
        kind, possible_kinds = tell_kind(describe(mask, pixels))
        found.append(_Found(box_of(mask), kind, possible_kinds))
    return found


def _to_frame(
    cell: _Found, ratio_xy: tuple[float, float], shape: tuple[int, ...]
) -> Detection:
    margin = to_px(BOX_MARGIN_UM)
    height, width = shape[:2]
    box = Box(
        max(0, math.floor((cell.box.left - margin) * ratio_xy[0])),
        max(0, math.floor((cell.box.top - margin) * ratio_xy[1])),
        min(width, math.ceil((cell.box.right + margin) * ratio_xy[0])),
        min(height, math.ceil((cell.box.bottom + margin) * ratio_xy[1])),
    )
    at_border = min(box.left, box.top, width - box.right, height - box.bottom) == 0
    return Detection(
        box=box,
        kind=cell.kind,
        possible_kinds=cell.possible_kinds,
        at_border=at_border,
    )
