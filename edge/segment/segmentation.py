"""From a frame to its cells."""

from functools import cache
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.optics.red_cell_ruler import measure_red_cell_diameter
from edge.bundles import open_finder
from edge.segment.finder import Finder
from edge.segment.found_cells import FoundCells, find_cells
from edge.segment.kinds import possible_kinds_of
from edge.segment.measured_scale import measure_scale, search_scale
from hemalens.classes import CellKind
from hemalens.finder import (
    OUTPUT_STRIDE,
    PIXEL_SIZE_UM,
    at_finder_scale,
    padded,
    standardise,
)
from hemalens.preprocess import PBC_PIXEL_SIZE_UM, RED_CELL_DIAMETER_UM
from hemalens.records import Box, Detection, MeasuredScale, Segmentation

FINEST_PIXEL_SIZE_UM: Final = 0.02
COARSEST_PIXEL_SIZE_UM: Final = 0.5
"""Pixel sizes accepted. Segmentation is made for 0.05 to 0.4; a frame far outside
would be enlarged beyond sense or shrunk to nothing."""

SEARCHED_PX: Final = 150_000
"""Codes looked at for each pixel size tried: of a larger frame its middle."""

FAR_OUTSIDE: Final = 1.25
"""Times beyond those limits at which a measured pixel size is not relied on."""

_RED: Final = frozenset({CellKind.RED_CELL})


def segment(
    image: NDArray[np.uint8],
    pixel_size_um: float | None = None,
    mask: NDArray[np.bool_] | None = None,
) -> Segmentation:
    """Find the cells of a frame.

    May be called by several threads at once.

    Parameters
    ----------
    image : ndarray of shape (H, W, 3), uint8, RGB
        The frame, of any size and content.
    pixel_size_um : float, optional
        Micrometres per pixel at the specimen. Without it the frame's red cells are
        the ruler, or its white cells; with neither it is worked on as if from PBC.
    mask : ndarray of shape (H, W), bool, optional
        True within the field of view; all of the frame when not given.

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
    used_um = pixel_size_um or _search(image, mask)
    found = _look(image, mask, used_um or PBC_PIXEL_SIZE_UM)
    scale = measure_scale(found, used_um or PBC_PIXEL_SIZE_UM)
    return Segmentation(
        detections=_detections(found, image.shape[1::-1]),
        pixel_size_um=pixel_size_um or _pixel_size_of(scale, used_um),
        red_cell_diameter_px=_red_cell_diameter_px(scale),
        measured_scale=scale,
    )


@cache
def _finder() -> Finder:
    """Open the shipped finder when it is first wanted."""
    return Finder(open_finder().model)


def _check(image: NDArray[np.uint8], pixel_size_um: float | None) -> None:
    if image.ndim != 3 or image.shape[2] != 3 or image.size == 0:
        raise ValueError(f"an image is (H, W, 3) and not empty, this is {image.shape}")
    if image.dtype != np.uint8:
        raise ValueError(f"an image is uint8, this is {image.dtype}")
    if pixel_size_um is not None and not _is_accepted(pixel_size_um):
        raise ValueError(
            f"a pixel size lies between {FINEST_PIXEL_SIZE_UM} and"
            f" {COARSEST_PIXEL_SIZE_UM} µm, not {pixel_size_um}"
        )


def _search(image: NDArray[np.uint8], mask: NDArray[np.bool_] | None) -> float | None:
    """Find the pixel size of a frame's middle."""

    def look(pixel_size_um: float) -> FoundCells:
        side = (SEARCHED_PX**0.5) * PIXEL_SIZE_UM / pixel_size_um
        window = _middle(image.shape[:2], round(side))
        part = None if mask is None else mask[window]
        return _look(image[window], part, pixel_size_um)

    diameter_px = measure_red_cell_diameter(image)
    guess_um = RED_CELL_DIAMETER_UM / diameter_px if diameter_px else None
    return search_scale(look, guess_um)


def _middle(size_hw: tuple[int, ...], most: int) -> tuple[slice, ...]:
    starts = [max(0, (side - most) // 2) for side in size_hw]
    return tuple(
        slice(start, start + min(side, most))
        for start, side in zip(starts, size_hw, strict=True)
    )


def _look(
    image: NDArray[np.uint8], mask: NDArray[np.bool_] | None, pixel_size_um: float
) -> FoundCells:
    """Find the cells of a frame of known scale."""
    scaled = at_finder_scale(image, pixel_size_um)
    height, width = scaled.shape[:2]
    if mask is not None:
        mask = _resized(mask, (width, height))
    codes = padded(standardise(scaled, mask))
    maps = _finder().maps(codes)
    size_wh = width / OUTPUT_STRIDE, height / OUTPUT_STRIDE
    return find_cells(maps, _inside(mask, maps.shape[:2]), size_wh)


def _resized(mask: NDArray[np.bool_], size_wh: tuple[int, int]) -> NDArray[np.bool_]:
    resized = cv2.resize(mask.view(np.uint8), size_wh, interpolation=cv2.INTER_NEAREST)
    return np.asarray(resized, np.uint8).view(np.bool_)


def _inside(
    mask: NDArray[np.bool_] | None, size_hw: tuple[int, ...]
) -> NDArray[np.bool_]:
    """Bring the field of view to the maps, less its outermost pixels."""
    if mask is None:
        return np.ones(size_hw, np.bool_)
    inside = np.zeros(size_hw, np.uint8)
    thinned = mask[::OUTPUT_STRIDE, ::OUTPUT_STRIDE]
    inside[: thinned.shape[0], : thinned.shape[1]] = thinned
    eroded = cv2.erode(inside, np.ones((3, 3), np.uint8))
    return np.asarray(eroded, np.uint8).view(np.bool_)


def _pixel_size_of(scale: MeasuredScale | None, used_um: float | None) -> float | None:
    """Return what red cells measure, else the size at which white cells are found.

    One a little outside what frames are worked on at is brought back; one far outside
    is none.
    """
    if scale is None:
        return None
    if scale.kind is not CellKind.RED_CELL and used_um is not None:
        return used_um
    measured_um = scale.pixel_size_um
    accepted_um = min(max(measured_um, FINEST_PIXEL_SIZE_UM), COARSEST_PIXEL_SIZE_UM)
    away = max(measured_um / accepted_um, accepted_um / measured_um)
    return accepted_um if away < FAR_OUTSIDE else None


def _is_accepted(pixel_size_um: float) -> bool:
    return FINEST_PIXEL_SIZE_UM <= pixel_size_um <= COARSEST_PIXEL_SIZE_UM


def _red_cell_diameter_px(scale: MeasuredScale | None) -> float | None:
    if scale is None or scale.kind is not CellKind.RED_CELL:
        return None
    return RED_CELL_DIAMETER_UM / scale.pixel_size_um


def _detections(cells: FoundCells, size_wh: tuple[int, ...]) -> tuple[Detection, ...]:
    kinds = possible_kinds_of(cells)
    kinds += [(CellKind.RED_CELL, _RED)] * len(cells.red)
    boxes = np.vstack([of.box_xyxy for of in (cells.white, cells.platelets, cells.red)])
    is_cut = np.hstack([of.is_cut for of in (cells.white, cells.platelets, cells.red)])
    ratio = np.array(size_wh) / cells.size_wh
    sides = np.rint(boxes * np.tile(ratio, 2)).astype(np.int64)
    sides[:, :2] = np.clip(sides[:, :2], 0, np.array(size_wh) - 1)
    sides[:, 2:] = np.clip(sides[:, 2:], sides[:, :2] + 1, size_wh)
    return tuple(
        Detection(box=Box(*box), kind=kind, possible_kinds=possible, at_border=cut)
        for box, (kind, possible), cut in zip(
            sides.tolist(), kinds, is_cut.tolist(), strict=True
        )
    )
