"""Cells of the field alone: nothing around it, nothing that was drawn into it."""

from dataclasses import replace
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from hemalens.glass import Glass
from hemalens.records import Detection, Segmentation

LARGEST_MARK: Final = 0.01
"""Share of the frame up to which a piece is a mark in the field, and not its
surround."""

MIDDLE: Final = 0.7
"""Share of a box's sides that a round cell covers up to the corners."""

MOST_HIDDEN: Final = 0.15
"""Share of a cell's middle that may be hidden by a scale bar across it."""

BEYOND: Final = 1.1
MOST_BEYOND: Final = 0.1
"""Size of the oval through what lies just beyond a cell, in its own, and the share of
it outside the field from which on the field's edge cuts the cell."""

_ANGLES: Final = np.linspace(0, 2 * np.pi, 32, endpoint=False)


def painted(
    image: NDArray[np.uint8], field: NDArray[np.bool_], glass: Glass
) -> NDArray[np.uint8]:
    """Paint what is not the field: marks like what lies beside them, the rest as glass.

    Parameters
    ----------
    image : ndarray of shape (H, W, 3), uint8, RGB
        Left as it is.
    field : ndarray of shape (H, W), bool
        From `find_field`.
    glass : Glass
        The frame's.
    """
    _, pieces, stats, _ = cv2.connectedComponentsWithStats((~field).view(np.uint8))
    is_mark = stats[:, cv2.CC_STAT_AREA] <= LARGEST_MARK * field.size
    is_mark[0] = True
    shown = image.copy()
    for left, top, width, height, _ in stats[1:][is_mark[1:]].tolist():
        around = _around(left, top, width, height)
        hidden = (~field[around]).view(np.uint8)
        shown[around] = cv2.inpaint(image[around], hidden, 3, cv2.INPAINT_TELEA)
    surround = ~is_mark[pieces]
    if surround.any():
        shown[surround] = _light(image, glass)[surround]
    return shown


def _around(left: int, top: int, width: int, height: int) -> tuple[slice, slice]:
    margin = 8
    rows = slice(max(0, top - margin), top + height + margin)
    return rows, slice(max(0, left - margin), left + width + margin)


def _light(image: NDArray[np.uint8], glass: Glass) -> NDArray[np.uint8]:
    """Return a frame of empty glass."""
    height, width = image.shape[:2]
    x, y = np.meshgrid(np.linspace(0, width, 32), np.linspace(0, height, 32))
    places = list(zip(x.ravel().tolist(), y.ravel().tolist(), strict=True))
    coarse = glass.at(places, (width, height)).reshape(32, 32, 3)
    light = cv2.resize(np.rint(coarse).astype(np.uint8), (width, height))
    return np.asarray(light, np.uint8)


def of_field(found: Segmentation, field: NDArray[np.bool_]) -> Segmentation:
    """Leave out what lies outside the field; what its edge cuts is at the border."""
    within = [
        replace(one, at_border=one.at_border or _is_cut(one, field))
        for one in found.detections
        if _is_within(one, field)
    ]
    return replace(found, detections=tuple(within))


def _is_within(one: Detection, field: NDArray[np.bool_]) -> bool:
    return _shown_share(one, field) > 0.5


def _is_cut(one: Detection, field: NDArray[np.bool_]) -> bool:
    if _shown_share(one, field) < 1 - MOST_HIDDEN:
        return True
    (x, y), (width, height) = one.box.centre_xy, one.box.size_wh
    rows = np.clip(y + BEYOND * height / 2 * np.sin(_ANGLES), 0, len(field) - 1)
    columns = np.clip(x + BEYOND * width / 2 * np.cos(_ANGLES), 0, field.shape[1] - 1)
    beyond = ~field[rows.astype(np.intp), columns.astype(np.intp)]
    return float(np.mean(beyond)) >= MOST_BEYOND


def _shown_share(one: Detection, field: NDArray[np.bool_]) -> float:
    (x, y), (width, height) = one.box.centre_xy, one.box.size_wh
    half_x, half_y = MIDDLE * width / 2, MIDDLE * height / 2
    middle = field[
        int(y - half_y) : int(y + half_y) + 1, int(x - half_x) : int(x + half_x) + 1
    ]
    return float(np.mean(middle))
