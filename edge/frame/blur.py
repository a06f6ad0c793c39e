"""How sharp a frame is at the specimen's scale, whatever cells it shows."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

WORK_PIXEL_SIZE_UM: Final = 0.19
"""Pixel size the frame is reduced to: the optics resolve no more than twice this, and
an edge in focus still spreads over two pixels."""

WORK_WH: Final = (440, 330)
"""Reduced pixels looked at, in the frame's middle, where the operator focuses."""

SMOOTHING_UM: Final = 0.15
REBLUR_UM: Final = 0.4
"""Standard deviations: against noise, and of the blur added to see what it changes."""

EDGE_FRACTION: Final = 0.06
LEAST_EDGE: Final = 0.0025
"""Pixels taken for edges: the steepest of the reblurred frame, and none whose change a
pixel is less than this fraction of the background: five times a poor camera's noise,
and a third of a pale red cell's rim."""

STEEPEST: Final = 0.999
LEAST_OF_STEEPEST: Final = 0.35
"""Nor whose change is less than this of the frame's steepest: in a field of one cell
the feet of its edges are no edges of their own."""

MOST_EDGE_PIXELS: Final = 4000
"""Enough for a percentile: of more, evenly spread ones are looked at."""

FEWEST_EDGE_PIXELS: Final = 60
"""A platelet's rim; in one direction of four, a quarter of a small nucleus's."""

SHARP_PERCENTILE: Final = 75
"""A blurred picture has no sharp edge; a sharp one has soft ones too, such as the
pallor of red cells."""


def measure_blur_um(
    image: NDArray[np.uint8],
    pixel_size_um: float,
    background_level: float,
    field: NDArray[np.bool_] | None = None,
) -> float | None:
    """Measure how far the edges of a frame are smeared.

    The frame is blurred once more by a known amount. Where an edge was sharp its slope
    falls much, where it was soft already it hardly changes: the ratio of the slopes
    gives the blur, and neither contrast nor the number of cells is in it [1]_. Edges
    are looked at in four directions and the most smeared one is told, for a moving
    slide smears one direction alone.

    Parameters
    ----------
    image : ndarray of shape (H, W, 3), uint8, RGB
        The frame.
    pixel_size_um : float
        Micrometres per pixel.
    background_level : float
        Green level of the empty slide.
    field : ndarray of shape (H, W), bool, optional
        Where it shows the slide: what a program drew is sharper than any cell.

    Returns
    -------
    float or None
        Standard deviation of the edges' blur, in µm, the optics' own and
        `SMOOTHING_UM` included. None where the frame shows no edge.

    References
    ----------
    .. [1] Zhuo, Sim: Defocus map estimation from a single image. Pattern Recognition
       44 (2011) 1852, doi 10.1016/j.patcog.2011.03.009.
    """
    green, work_um = _reduce(image, pixel_size_um)
    smooth = _blur(green, SMOOTHING_UM / work_um)
    reblurred = _blur(smooth, REBLUR_UM / work_um)
    coarse_x, coarse_y = _slopes(reblurred)
    coarse = np.asarray(cv2.magnitude(coarse_x, coarse_y), np.float32)
    if field is not None:
        coarse[~_well_within(field, coarse, round(work_um / pixel_size_um))] = 0
    least = max(
        _usual_edge(coarse),
        LEAST_EDGE * max(background_level, 1.0) * work_um / WORK_PIXEL_SIZE_UM,
    )
    edges = np.flatnonzero(coarse >= least)
    if len(edges) < FEWEST_EDGE_PIXELS:
        return None
    edges = edges[:: 1 + len(edges) // MOST_EDGE_PIXELS]
    fine = cv2.magnitude(*_slopes(smooth))
    ratio = np.asarray(fine.ravel()[edges] / coarse.ravel()[edges], np.float32)
    return _blur_of(ratio, coarse_x.ravel()[edges], coarse_y.ravel()[edges])


def _reduce(
    image: NDArray[np.uint8], pixel_size_um: float
) -> tuple[NDArray[np.float32], float]:
    """Cut the middle, in green, and shrink it by a whole number: that is quick."""
    shrink = max(1, round(WORK_PIXEL_SIZE_UM / pixel_size_um))
    height, width = image.shape[:2]
    columns = min(width // shrink, WORK_WH[0]) or 1
    rows = min(height // shrink, WORK_WH[1]) or 1
    green = cv2.extractChannel(
        image[_middle((height, width), rows, columns, shrink)], 1
    )
    small = cv2.resize(green, (columns, rows), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32), pixel_size_um * shrink


def _middle(
    size_hw: tuple[int, int], rows: int, columns: int, shrink: int
) -> tuple[slice, slice]:
    top, left = (size_hw[0] - rows * shrink) // 2, (size_hw[1] - columns * shrink) // 2
    return slice(top, top + rows * shrink), slice(left, left + columns * shrink)


def _well_within(
    field: NDArray[np.bool_], reduced: NDArray[np.float32], shrink: int
) -> NDArray[np.bool_]:
    """Find the reduced pixels that no edge of the field's own is blurred into."""
    rows, columns = reduced.shape
    height, width = field.shape
    middle = field[_middle((height, width), rows, columns, shrink)].view(np.uint8)
    small = cv2.resize(middle, (columns, rows), interpolation=cv2.INTER_NEAREST)
    side = 2 * round(3 * REBLUR_UM / WORK_PIXEL_SIZE_UM) + 1
    inner = cv2.erode(small, np.ones((side, side), np.uint8))
    return np.asarray(inner, np.uint8).view(np.bool_)


def _blur(plane: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    side = 2 * max(1, round(2.5 * sigma)) + 1
    return np.asarray(cv2.GaussianBlur(plane, (side, side), sigma), np.float32)


def _slopes(
    plane: NDArray[np.float32],
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    slope_x = cv2.Sobel(plane, cv2.CV_32F, 1, 0, scale=1 / 8)
    slope_y = cv2.Sobel(plane, cv2.CV_32F, 0, 1, scale=1 / 8)
    return np.asarray(slope_x, np.float32), np.asarray(slope_y, np.float32)


def _usual_edge(slope: NDArray[np.float32]) -> float:
    """Find the slope that makes a pixel an edge among this frame's."""
    usual, steepest = np.quantile(slope[::4, ::4], (1 - EDGE_FRACTION, STEEPEST))
    return max(float(usual), LEAST_OF_STEEPEST * float(steepest))


def _blur_of(
    ratio: NDArray[np.float32],
    slope_x: NDArray[np.float32],
    slope_y: NDArray[np.float32],
) -> float:
    direction = np.rint(np.arctan2(slope_y, slope_x) * (4 / np.pi)).astype(np.int8) % 4
    blurs = [
        _blur_from_ratio(float(np.percentile(of_direction, SHARP_PERCENTILE)))
        for of_direction in (ratio[direction == k] for k in range(4))
        if len(of_direction) >= FEWEST_EDGE_PIXELS / 4
    ]
    return max(blurs)


def _blur_from_ratio(ratio: float) -> float:
    """Solve ratio² = (blur² + REBLUR_UM²) / blur² for the blur.

    Examples
    --------
    >>> round(_blur_from_ratio(2**0.5), 3)
    0.4
    """
    return float(REBLUR_UM / np.sqrt(max(ratio * ratio - 1, 1e-3)))
