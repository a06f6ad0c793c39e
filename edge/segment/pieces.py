"""Pieces of a work image: a nucleus, a platelet, a whole white cell."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.segment.masks import as_uint8, contours_of
from edge.segment.scale import COARSE
from hemalens.records import Box

Window = tuple[slice, slice]
"""A rectangle of an image, as its index: rows, columns."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Piece:
    """Some pixels of a work image, held in the rectangle around them.

    Parameters
    ----------
    box : Box
        In work pixels; tight.
    mask : ndarray of bool
        Of the box's size, which pixels in it.
    """

    box: Box
    mask: NDArray[np.bool_]

    @property
    def window(self) -> Window:
        """The box as an index."""
        return window_of(self.box)

    @property
    def area(self) -> int:
        """How many pixels."""
        return int(np.count_nonzero(self.mask))


def window_of(box: Box) -> Window:
    """Turn a box into an index."""
    return slice(box.top, box.bottom), slice(box.left, box.right)


def widen(box: Box, margin: int, shape: tuple[int, ...]) -> Box:
    """Add a margin to a box where the image has room for it."""
    return Box(
        max(0, box.left - margin),
        max(0, box.top - margin),
        min(shape[1], box.right + margin),
        min(shape[0], box.bottom + margin),
    )


def on_coarse(box: Box) -> Box:
    """Widen a box to whole pixels of the coarse image; in work pixels."""
    left, top, right, bottom = box
    return Box(
        COARSE * (left // COARSE),
        COARSE * (top // COARSE),
        COARSE * -(-right // COARSE),
        COARSE * -(-bottom // COARSE),
    )


def coarse_window_of(box: Box) -> Window:
    """Turn a box from `on_coarse` into an index of the coarse image."""
    return window_of(Box(*(side // COARSE for side in box)))


def bound(boxes: Iterable[Box]) -> Box:
    """Find the smallest box around several."""
    left, top, right, bottom = zip(*boxes, strict=True)
    return Box(min(left), min(top), max(right), max(bottom))


def are_near(first: Box, second: Box, gap: float) -> bool:
    """Tell whether no more than a gap lies between two boxes, in both directions."""
    return (
        first.left - second.right <= gap
        and second.left - first.right <= gap
        and first.top - second.bottom <= gap
        and second.top - first.bottom <= gap
    )


def take_piece(mask: NDArray[np.bool_], box: Box) -> Piece | None:
    """Make a piece of a mask that fills a box; None where it is empty."""
    left, top, width, height = cv2.boundingRect(as_uint8(mask))
    if width == 0:
        return None
    tight = Box(
        box.left + left,
        box.top + top,
        box.left + left + width,
        box.top + top + height,
    )
    return Piece(box=tight, mask=mask[top : top + height, left : left + width])


def find_pieces(
    mask: NDArray[np.bool_], least_area: float, most_side: int | None = None
) -> list[Piece]:
    """Find the connected pieces of a mask.

    Parameters
    ----------
    mask : ndarray of shape (H, W), bool
    least_area : float
        Smaller pieces are left out; in pixels.
    most_side : int, optional
        Pieces wider or higher are left out; in pixels.
    """
    pieces = []
    for outline, holes in contours_of(mask):
        left, top, width, height = cv2.boundingRect(outline)
        is_wide = most_side is not None and max(width, height) > most_side
        if is_wide or width * height < least_area:
            continue
        inside = np.zeros((height, width), np.uint8)
        cv2.drawContours(
            inside, [outline, *holes], -1, 1, cv2.FILLED, offset=(-left, -top)
        )
        box = Box(left, top, left + width, top + height)
        piece = Piece(box=box, mask=inside.view(np.bool_) & mask[window_of(box)])
        if piece.area >= least_area:
            pieces.append(piece)
    return pieces


def largest(pieces: Sequence[Piece], most: int) -> list[Piece]:
    """Keep the largest pieces, in the order they came."""
    if len(pieces) <= most:
        return list(pieces)
    kept = set(sorted(pieces, key=lambda piece: -piece.area)[:most])
    return [piece for piece in pieces if piece in kept]


def draw_in(box: Box, pieces: Iterable[Piece]) -> NDArray[np.bool_]:
    """Draw pieces, or what of them lies in a box, as a mask of the box's size."""
    width, height = box.size_wh
    mask = np.zeros((height, width), np.bool_)
    for piece in pieces:
        left, right = max(box.left, piece.box.left), min(box.right, piece.box.right)
        top, bottom = max(box.top, piece.box.top), min(box.bottom, piece.box.bottom)
        if left < right and top < bottom:
            shared = Box(left, top, right, bottom)
            mask[_window_in(box, shared)] |= piece.mask[_window_in(piece.box, shared)]
    return mask


def _window_in(box: Box, part: Box) -> Window:
    """Index a part of a box in an image of that box."""
    rows, columns = window_of(part)
    return (
        slice(rows.start - box.top, rows.stop - box.top),
        slice(columns.start - box.left, columns.stop - box.left),
    )


def draw_pieces(pieces: Iterable[Piece], shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Draw pieces as a mask of the work image."""
    return draw_in(Box(0, 0, shape[1], shape[0]), pieces)


def join(pieces: Sequence[Piece]) -> Piece:
    """Make one piece of several."""
    if len(pieces) == 1:
        return pieces[0]
    box = bound(piece.box for piece in pieces)
    return Piece(box=box, mask=draw_in(box, pieces))


def is_cut(box: Box, shape: tuple[int, ...]) -> bool:
    """Tell whether the frame's edge cuts a box."""
    height, width = shape[:2]
    return min(box.left, box.top, width - box.right, height - box.bottom) == 0
