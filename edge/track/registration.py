"""How one frame lies to another: shifts sought, refined and strictly verified."""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.track.alignment import Warp, Window, align, common_window, lay
from edge.track.map_image import Plane
from edge.track.map_view import MapView, Spectrum, padded_shape

_WHITENING: Final = 0.7
"""Power of the magnitude that the correlation is divided by: 1 is phase correlation,
0 plain correlation. Between them, both blur and a small overlap are borne."""

_PEAKS: Final = 4
"""Shifts looked at."""

_PROMISING: Final = 0.33
"""Correlation at half size, times the root of the share of the frame it extends over,
from which a shift is worth refining. Fields that overlap had 0.35 to 0.96, turned by up
to 2° and blurred; nine in ten that do not had less (made of PBC, and BCCD, 2026-11)."""

_LEAST_CORRELATION: Final = 0.85
_LEAST_BLOCK: Final = 0.72
_LEAST_SHARE: Final = 0.12
"""What makes sure that two frames show the same area: the correlation of all they
share, that of its worst block but one, and the share of the frame. Fields that overlap
had 0.93 and 0.91 and more, turned by 2° and blurred by 0.8 µm (made of PBC). Of BCCD's
42,486 pairs of fields 26 truly overlap: they had 0.936 and 0.846 and more, the best of
the others 0.77 (2026-11)."""

_DETAIL_PX: Final = (0.8, 2.5)
_LEAST_DETAIL: Final = 0.56
"""Standard deviations between which detail lies, and its correlation: any two white
cells alone on glass are discs that lie on each other well, and differ within. Of 30
45 such pairs of a slide of single cells none had more than 0.7; overlapping fields of
four microscopes, half of them blurred by up to 0.8 µm, 0.64 and more in 95 of 100,
0.97 in half (2026-12)."""

_SMALL_PX: Final = 15_000
_LEAST_DETAIL_OF_SMALL: Final = 0.75
"""A map image so small has room for little but one white cell: 25 µm a side."""

_HOPEFUL_CORRELATION: Final = 0.7
"""Of what is shared, aligned at half size, before it is aligned at full size: noise and
fine detail, which lower the correlation, are smoothed there."""

_MOST_TURN_RAD: Final = math.radians(2.5)
"""A camera does not turn further between frames."""

_BLOCK_PX: Final = 30
_EVEN: Final = 4.0
"""Standard deviation, in codes, below which a block shows no cells."""

_FEWEST_BLOCKS: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Registration:
    """Two frames found to lie on each other.

    Parameters
    ----------
    warp : ndarray of shape (2, 3), float64
        Takes pixels of the still map image to pixels of the moved one.
    correlation : float
        Over what they share.
    worst_block : float
        The second lowest correlation of the blocks of what they share.
    detail : float
        Correlation of their fine detail.
    shared_fraction : float
        Of the frame's area.
    """

    warp: Warp
    correlation: float
    worst_block: float
    detail: float
    shared_fraction: float


def find_shifts(
    still: Spectrum, moved: Spectrum, size_wh: tuple[int, int]
) -> list[tuple[float, float]]:
    """Find where the moved image's corner may lie, likeliest first.

    Parameters
    ----------
    still, moved : ndarray, complex64
        Padded spectra of images of one size.
    size_wh : pair of int
        Of the images.

    Returns
    -------
    list of pair of float
        Shifts in pixels of the still image.
    """
    shape = padded_shape(size_wh[::-1])
    cross = still * np.conj(moved)
    cross *= _weights(shape) / (np.abs(cross) ** np.float32(_WHITENING) + 1e-6)
    surface = np.asarray(np.fft.irfft2(cross, shape), np.float32)
    return _peaks(surface, size_wh)


def _peaks(surface: Plane, size_wh: tuple[int, int]) -> list[tuple[float, float]]:
    height, width = surface.shape
    shifts = []
    for _ in range(_PEAKS):
        _, _, _, (x, y) = cv2.minMaxLoc(surface)
        dx = x - width if x > width // 2 else x
        dy = y - height if y > height // 2 else y
        if abs(dx) < size_wh[0] and abs(dy) < size_wh[1]:
            shifts.append((float(dx), float(dy)))
        rows, columns = slice(max(0, y - 3), y + 4), slice(max(0, x - 3), x + 4)
        surface[rows, columns] = surface.min()
    return shifts


@lru_cache(maxsize=8)
def _weights(shape: tuple[int, int]) -> Plane:
    """Pass the band in which cells are told apart and noise is not."""
    rows = np.fft.fftfreq(shape[0])[:, None]
    columns = np.fft.rfftfreq(shape[1])[None, :]
    squared = rows**2 + columns**2
    weights = np.exp(-squared / (2 * 0.12**2)) * (1 - np.exp(-squared / (2 * 0.01**2)))
    return np.asarray(weights, np.float32)


def register(still: MapView, moved: MapView) -> Registration | None:
    """Find how a frame lies to another, wherever that is; None when it does not."""
    half_wh = still.half.shape[1], still.half.shape[0]
    best: Registration | None = None
    for shift in find_shifts(still.spectrum, moved.spectrum, half_wh):
        warp = np.array([[1.0, 0, -shift[0]], [0, 1, -shift[1]]])
        if _promise(still.half, moved.half, shift) < _PROMISING:
            continue
        found = _refine(still, moved, warp)
        if found is not None and (best is None or found.correlation > best.correlation):
            best = found
            if best.correlation > 0.8:
                break
    return best


def register_near(still: MapView, moved: MapView, warp: Warp) -> Registration | None:
    """Refine a guess that is right within a quarter of a red cell, and verify it."""
    finer = align(still.full, moved.full, warp)
    return None if finer is None else _verified(still.full, moved.full, finer)


def scaled(warp: Warp, factor: float) -> Warp:
    """Return the same warp for images `factor` times as large.

    Pixel centres lie at whole numbers, so the images' corners do not.
    """
    half = np.array([0.5, 0.5])
    offset = factor * warp[:, 2] + (1 - factor) * (warp[:, :2] @ half - half)
    return np.column_stack([warp[:, :2], offset])


def _promise(still: Plane, moved: Plane, shift: tuple[float, float]) -> float:
    window = common_window((still.shape[1], still.shape[0]), shift)
    if min(window.size_wh) < 8:
        return 0.0
    dx, dy = round(shift[0]), round(shift[1])
    one, other = window.of(still), _shifted(window, dx, dy).of(moved)
    return _correlation(one, other) * math.sqrt(one.size / still.size)


def _shifted(window: Window, dx: int, dy: int) -> Window:
    return Window(
        left=window.left - dx,
        top=window.top - dy,
        right=window.right - dx,
        bottom=window.bottom - dy,
    )


def _refine(still: MapView, moved: MapView, half_warp: Warp) -> Registration | None:
    """Align at half size, then at full size, and verify."""
    coarse = align(still.half, moved.half, half_warp)
    if coarse is None or not _is_hopeful(still.half, moved.half, coarse):
        return None
    warp = align(still.full, moved.full, scaled(coarse, 2))
    if warp is None:
        return None
    return _verified(still.full, moved.full, warp)


def _is_hopeful(still: Plane, moved: Plane, warp: Warp) -> bool:
    """Check whether what is shared matches roughly: else it never matches finely."""
    window = _shared_window(still, warp)
    if min(window.size_wh) < 6:
        return False
    laid = lay(moved, warp, window)
    return _correlation(window.of(still), laid) >= _HOPEFUL_CORRELATION


def _shared_window(still: Plane, warp: Warp) -> Window:
    height, width = still.shape
    middle = np.array([(width - 1) / 2, (height - 1) / 2])
    shift = middle - (warp[:, :2] @ middle + warp[:, 2])
    return common_window((width, height), (float(shift[0]), float(shift[1])))


def _verified(still: Plane, moved: Plane, warp: Warp) -> Registration | None:
    window = _shared_window(still, warp)
    if min(window.size_wh) < 12:
        return None
    one, other = window.of(still), lay(moved, warp, window)
    blocks = _block_correlations(one, other)
    if len(blocks) < _FEWEST_BLOCKS:
        return None
    found = Registration(
        warp=warp,
        correlation=_correlation(one, other),
        worst_block=blocks[1],
        detail=_correlation(_detail(one), _detail(other)),
        shared_fraction=one.size / still.size,
    )
    is_small = still.size < _SMALL_PX
    least = _LEAST_DETAIL_OF_SMALL if is_small else _LEAST_DETAIL
    return found if found.detail >= least and _is_sure(found) else None


def _is_sure(found: Registration) -> bool:
    turn = math.atan2(found.warp[1, 0], found.warp[0, 0])
    return (
        found.correlation >= _LEAST_CORRELATION
        and found.worst_block >= _LEAST_BLOCK
        and found.shared_fraction >= _LEAST_SHARE
        and abs(turn) <= _MOST_TURN_RAD
    )


def _block_correlations(one: Plane, other: Plane) -> list[float]:
    """Correlate piece by piece, lowest first, so that no single cell decides."""
    sums = {
        name: _block_means(plane)
        for name, plane in (
            ("a", one),
            ("b", other),
            ("aa", one * one),
            ("bb", other * other),
            ("ab", one * other),
        )
    }
    first = sums["aa"] - sums["a"] ** 2
    second = sums["bb"] - sums["b"] ** 2
    common = sums["ab"] - sums["a"] * sums["b"]
    has_cells = np.maximum(first, second) >= _EVEN**2
    correlations = common / np.sqrt(np.maximum(first * second, 1e-6))
    return sorted(correlations[has_cells].tolist())


def _block_means(plane: Plane) -> NDArray[np.float64]:
    """Average over about `_BLOCK_PX` by `_BLOCK_PX` pixels, at most 4 by 4 blocks."""
    columns, rows = (min(4, max(1, side // _BLOCK_PX)) for side in plane.shape[::-1])
    means = cv2.resize(plane, (columns, rows), interpolation=cv2.INTER_AREA)
    return np.asarray(means, np.float64)


def _detail(plane: Plane) -> Plane:
    fine, coarse = (cv2.GaussianBlur(plane, (0, 0), sigma) for sigma in _DETAIL_PX)
    return np.asarray(fine - coarse, np.float32)


def _correlation(one: Plane, other: Plane) -> float:
    """Compute the normalized correlation; 0 where one of them is even."""
    a, b = (one - one.mean()).ravel(), (other - other.mean()).ravel()
    norm = math.sqrt(float(a @ a) * float(b @ b))
    return float(a @ b) / norm if norm > 0 else 0.0
