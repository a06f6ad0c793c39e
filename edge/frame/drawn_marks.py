"""What programs draw into a microscope's picture: scale bars, arrows, text."""

from typing import Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

LEAST_SATURATION: Final = 0.62
LEAST_GREEN: Final = 0.35
LEAST_BRIGHT: Final = 0.9
"""Colours that no stain of blood has: saturated, and green, which every stain takes
away, far above the darkest of the three and not below blue; yet as bright as glass.
Shares of the brightest code, of the range, and of the frame's median (measured on
chula_rbc12, chula_wbc, PBC and BCCD, 2026-11)."""

MOST_MARKED: Final = 0.03
"""Share of the frame; what covers more is glass or light of that colour."""

FEWEST_PIXELS: Final = 25
"""Of a coloured mark, of a frame 640 pixels wide."""

THINNEST: Final = 7
"""Rows from which a line is too thick to be a bar's."""

LEAST_BAR: Final = 32
"""Length of a scale bar, of a frame 640 pixels wide: a twentieth of it."""

BAR_CONTRAST: Final = 36
"""Codes by which all pixels of a bar differ from what lies above and below."""

BAR_UNEVENNESS: Final = 0.13
"""Mean deviation along a bar, which is drawn in one colour, over its contrast; a longer
one may cross more cells, and nothing else is straight for so long."""

BEYOND_A_BAR: Final = 4
"""Pixels from a bar's end to where nothing is left of it."""

BESIDE_A_BAR: Final = 5
SAME_GROUND: Final = 20
LEAST_SAME_GROUND: Final = 0.5
"""Rows from a bar to the ground above and below; codes by which the two may differ, and
the share of the bar's length on which they do not differ by more."""

MARGIN: Final = 3
"""Pixels around a mark that its colour bleeds into."""


class _Bar(NamedTuple):
    left: int
    right: int
    row: int


def find_marks(image: NDArray[np.uint8]) -> NDArray[np.bool_] | None:
    """Find what was drawn into a picture.

    Parameters
    ----------
    image : ndarray of shape (H, W, 3), uint8, RGB
        The frame, made some 640 pixels wide.

    Returns
    -------
    ndarray of shape (H, W), bool, or None
        None where nothing was.
    """
    marks = _coloured(image)
    for bar in _bars(image):
        marks |= _of_bar(image, bar)
    if not marks.any():
        return None
    side = 2 * MARGIN + 1
    wide = cv2.dilate(marks.view(np.uint8), np.ones((side, side), np.uint8))
    return np.asarray(wide, np.uint8).view(np.bool_)


def _coloured(image: NDArray[np.uint8]) -> NDArray[np.bool_]:
    red, green, blue = cv2.split(image)
    brightest = cv2.max(cv2.max(red, green), blue)
    darkest = cv2.min(cv2.min(red, green), blue)
    span = cv2.subtract(brightest, darkest)
    least_bright = max(_LEAST_CODE, LEAST_BRIGHT * float(np.median(brightest)))
    above = cv2.subtract(green, darkest)
    marks = (
        (span >= cv2.convertScaleAbs(brightest, alpha=LEAST_SATURATION))
        & (brightest >= least_bright)
        & (green >= blue)
        & (above >= cv2.convertScaleAbs(span, alpha=LEAST_GREEN))
    )
    share = np.count_nonzero(marks) / marks.size
    if not 0 < share <= MOST_MARKED:
        return np.zeros(marks.shape, np.bool_)
    return _without_specks(np.asarray(marks, np.bool_))


def _without_specks(marks: NDArray[np.bool_]) -> NDArray[np.bool_]:
    joined = cv2.dilate(marks.view(np.uint8), np.ones((5, 5), np.uint8))
    _, pieces = cv2.connectedComponents(joined)
    sizes = np.bincount(pieces[marks], minlength=int(pieces.max()) + 1)
    is_kept = sizes >= FEWEST_PIXELS
    is_kept[0] = False
    return np.asarray(is_kept[pieces] & marks, np.bool_)


def _bars(image: NDArray[np.uint8]) -> list[_Bar]:
    """Find lines drawn exactly along the rows, of one colour and with sharp ends."""
    red, green, blue = cv2.split(image)
    darkest = np.asarray(cv2.min(cv2.min(red, green), blue), np.uint8)
    brightest = np.asarray(cv2.max(cv2.max(red, green), blue), np.uint8)
    upright = np.ones((THINNEST, 1), np.uint8)
    dark = cv2.morphologyEx(darkest, cv2.MORPH_BLACKHAT, upright)
    bright = cv2.morphologyEx(brightest, cv2.MORPH_TOPHAT, upright)
    lines: NDArray[np.uint8] = np.asarray(cv2.max(dark, bright), np.uint8)
    clear = np.asarray(lines > BAR_CONTRAST, np.uint8)
    runs = cv2.morphologyEx(clear, cv2.MORPH_OPEN, np.ones((1, LEAST_BAR), np.uint8))
    if not runs.any():
        return []
    return [
        bar
        for bar in _pieces(np.asarray(runs, np.uint8))
        if _is_even(image, lines, bar)
        and _ends_sharply(lines, bar)
        and _lies_on_one_ground(image, bar)
    ]


def _pieces(runs: NDArray[np.uint8]) -> list[_Bar]:
    """List runs of a bar's thickness; beside the frame's edge no line stands out."""
    _, _, stats, _ = cv2.connectedComponentsWithStats(runs, connectivity=8)
    return [
        _Bar(left, left + width, top + height // 2)
        for left, top, width, height, _ in stats[1:].tolist()
        if height < THINNEST and THINNEST < top < len(runs) - THINNEST
    ]


def _is_even(image: NDArray[np.uint8], lines: NDArray[np.uint8], bar: _Bar) -> bool:
    inner = slice(bar.left + 2, bar.right - 2)
    along = image[bar.row, inner].astype(np.float32)
    away = np.abs(along - np.median(along, axis=0)).mean(axis=0).max()
    most = BAR_UNEVENNESS * float(np.median(lines[bar.row, inner]))
    return bool(away <= most * (bar.right - bar.left) / LEAST_BAR)


def _ends_sharply(lines: NDArray[np.uint8], bar: _Bar) -> bool:
    row = lines[bar.row]
    least = float(np.median(row[bar.left : bar.right])) / 2
    before = row[max(0, bar.left - BEYOND_A_BAR - 3) : max(0, bar.left - BEYOND_A_BAR)]
    after = row[bar.right + BEYOND_A_BAR : bar.right + BEYOND_A_BAR + 3]
    return all(part.size and part.max() < least for part in (before, after))


def _lies_on_one_ground(image: NDArray[np.uint8], bar: _Bar) -> bool:
    """Tell a bar from a nucleus's texture and from the gap between two cells."""
    above, below = (
        image[bar.row + rows, bar.left : bar.right].astype(np.int16)
        for rows in (-BESIDE_A_BAR, BESIDE_A_BAR)
    )
    is_same = np.abs(above - below).max(axis=1) <= SAME_GROUND
    return bool(np.mean(is_same) >= LEAST_SAME_GROUND)


def _of_bar(image: NDArray[np.uint8], bar: _Bar) -> NDArray[np.bool_]:
    """Mark a bar, its ends, and what is written beside it in its colour."""
    height, width = image.shape[:2]
    reach = max(16, (bar.right - bar.left) // 3)
    rows = slice(max(0, bar.row - reach), min(height, bar.row + reach))
    columns = slice(max(0, bar.left - MARGIN), min(width, bar.right + MARGIN))
    colour = np.median(image[bar.row, bar.left : bar.right], axis=0)
    glass = np.median(image[rows, columns].reshape(-1, 3), axis=0)
    contrast = colour - glass
    # How far from the glass to the bar's colour a pixel lies.
    share = (image[rows, columns] - glass) @ contrast / max(1.0, contrast @ contrast)
    marks = np.zeros((height, width), np.bool_)
    marks[rows, columns] = share > _WRITTEN_SHARE
    return marks


_LEAST_CODE: Final = 60
_WRITTEN_SHARE: Final = 0.6
