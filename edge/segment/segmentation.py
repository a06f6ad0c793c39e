"""From a frame to its cells."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from calibration.optics.background import to_density
from calibration.optics.red_cell_ruler import (
    check_against_boxes,
    measure_red_cell_diameter,
    median_whole_diameter,
)
from edge.segment.discs import Discs, draw_discs, share_in_discs
from edge.segment.kinds import describe, is_smudge, tell_kind
from edge.segment.masks import open_mask
from edge.segment.nuclei import find_nuclei
from edge.segment.pieces import Piece, draw_pieces
from edge.segment.pixels import CoarsePixels, Pixels, coarsen, sort_pixels
from edge.segment.platelets import find_small_pieces
from edge.segment.red_cells import fill_pallor, split_red_cells
from edge.segment.red_discs import find_red_discs
from edge.segment.scale import halve, halve_mask, resize_to_work, to_px
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

RED_BOX_MARGIN_UM: Final = 0.15
"""Those of red cells lie on the coarse image's pixels, of which a half-covered one
counts: a quarter of a work pixel too wide already."""

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
        worked_um = RED_CELL_DIAMETER_UM / diameter_px if diameter_px else None
        detections = _find_cells(image, worked_um or PBC_PIXEL_SIZE_UM)
        diameter_px = check_against_boxes(diameter_px, detections)
        pixel_size_um = RED_CELL_DIAMETER_UM / diameter_px if diameter_px else None
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
    pixels = sort_pixels(resize_to_work(image, pixel_size_um))
    if pixels is None:
        return ()
    height, width = image.shape[:2]
    work_height, work_width = pixels.cells.shape
    ratio_xy = (width / work_width, height / work_height)
    return _to_frame(_find_in_pixels(pixels), ratio_xy, (width, height))


def _find_in_pixels(pixels: Pixels) -> list[_Found]:
    nuclei = find_nuclei(pixels)
    coarse = coarsen(pixels)
    filled = fill_pallor(coarse.cells)
    on_cells = filled & ~halve_mask(draw_pieces(nuclei, pixels.cells.shape))
    green = to_density(halve(pixels.green))
    discs = find_red_discs(green, on_cells, pixels.levels.red_density)
    red_ground = _red_ground(discs, coarse)
    white_cells = grow_cytoplasm(nuclei, coarse, red_ground)
    is_white = draw_pieces(white_cells, pixels.cells.shape)
    small = find_small_pieces(pixels, is_white)
    stained = _stained_objects((*white_cells, *small), pixels)

    is_small = draw_pieces(small, pixels.cells.shape) & ~pixels.red_like
    coarse_white = halve_mask(is_white)
    red_cells = open_mask(filled & ~coarse_white & ~halve_mask(is_small), 1)
    discs = discs[share_in_discs(coarse_white, discs) <= 0.5]
    boxes = split_red_cells(discs, red_cells)
    return stained + [_Found(box, CellKind.RED_CELL, RED_CELL) for box in boxes]


def _red_ground(discs: Discs, coarse: CoarsePixels) -> NDArray[np.bool_]:
    """Mask the red cells that cytoplasm must not enter."""
    share = share_in_discs(coarse.red_like, discs, coarse.cells)
    height, width = coarse.cells.shape
    red = draw_discs(discs[share > RED_LIKE_SHARE], (height, width))
    return red & ~coarse.stained


def _stained_objects(pieces: tuple[Piece, ...], pixels: Pixels) -> list[_Found]:
    measured = [(piece.box, describe(piece, pixels)) for piece in pieces]
    return [
        _Found(box, *tell_kind(stained))
        for box, stained in measured
        if not is_smudge(stained)
    ]


def _to_frame(
    found: Sequence[_Found], ratio_xy: tuple[float, float], size_wh: tuple[int, int]
) -> tuple[Detection, ...]:
    is_red = np.array([cell.kind is CellKind.RED_CELL for cell in found], np.bool_)
    margin = to_px(1) * np.where(is_red, RED_BOX_MARGIN_UM, BOX_MARGIN_UM)[:, None]
    boxes = np.array([cell.box for cell in found], np.float64).reshape(-1, 4)
    corners = np.hstack([boxes[:, :2] - margin, boxes[:, 2:] + margin]) * (2 * ratio_xy)
    corners = np.hstack([np.floor(corners[:, :2]), np.ceil(corners[:, 2:])])
    inside = np.clip(corners, 0, 2 * size_wh).astype(np.int64)
    at_border = np.any(inside == (0, 0, *size_wh), axis=1)
    return tuple(
        Detection(
            box=Box(*sides),
            kind=cell.kind,
            possible_kinds=cell.possible_kinds,
            at_border=is_cut,
        )
        for cell, sides, is_cut in zip(
            found, inside.tolist(), at_border.tolist(), strict=True
        )
    )
