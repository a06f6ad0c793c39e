"""Two map images brought to lie on each other within a fraction of a pixel."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.track.map_image import Plane

Warp = NDArray[np.float64]
"""(2, 3): takes a pixel of the image laid on to the one that is moved."""

_STEPS: Final = 8
_SETTLED_PX: Final = 0.05
_TURN_MARGIN_PX: Final = 3
_LEAST_SIDE_PX: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The rectangle of one image that the other covers."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def size_wh(self) -> tuple[int, int]:
        """Width and height; negative where nothing is covered."""
        return self.right - self.left, self.bottom - self.top

    def of(self, image: Plane) -> Plane:
        """Cut it out of an image."""
        return image[self.top : self.bottom, self.left : self.right]


def common_window(size_wh: tuple[int, int], shift: tuple[float, float]) -> Window:
    """Find what two images of one size share.

    Parameters
    ----------
    shift : pair of float
        Where the other's upper left corner lies, in pixels of this one.
    """
    (width, height), (dx, dy) = size_wh, shift
    return Window(
        left=max(0, int(np.ceil(dx))),
        top=max(0, int(np.ceil(dy))),
        right=min(width, int(np.floor(width + dx))),
        bottom=min(height, int(np.floor(height + dy))),
    )


def align(still: Plane, moved: Plane, warp: Warp) -> Warp | None:
    """Refine how one image lies on another, turning it where that helps.

    Gauss-Newton on the squared difference, with the contrast of the one fitted to the
    other.

    Parameters
    ----------
    still, moved : ndarray of shape (H, W), float32
    warp : ndarray of shape (2, 3), float64
        First guess, right within about a quarter of a cell: takes pixels of `still`
        to pixels of `moved`.

    Returns
    -------
    ndarray of shape (2, 3), float64, or None
        None when too little is shared or the guess leads nowhere.

    References
    ----------
    Baker, Matthews, Lucas-Kanade 20 years on, doi 10.1023/B:VISI.0000011205.11775.fd.
    """
    window = _inner_window(still, warp)
    if min(window.size_wh) < _LEAST_SIDE_PX:
        return None
    target = window.of(still)
    centre = np.array(
        [(window.left + window.right - 1) / 2, (window.top + window.bottom - 1) / 2]
    )
    slopes = _slopes(still, window, centre)
    normal = (slopes @ slopes.T).astype(np.float64)
    if np.linalg.det(normal / np.outer(*2 * [np.sqrt(normal.diagonal())])) < 1e-6:
        return None
    solver = np.linalg.inv(normal)
    for _ in range(_STEPS):
        laid = lay(moved, warp, window)
        change = solver @ (slopes @ laid.ravel())
        gain = change[3]
        if gain < 0.2:
            return None
        dx, dy, turn = change[:3] / gain
        warp = _moved_back(warp, centre, float(dx), float(dy), float(turn))
        reach = abs(turn) * max(target.shape) / 2
        if max(abs(dx), abs(dy), reach) < _SETTLED_PX:
            break
    return warp


def lay(moved: Plane, warp: Warp, window: Window) -> Plane:
    """Draw one image where the window of the other lies."""
    origin = np.array([window.left, window.top], np.float64)
    matrix = warp.copy()
    matrix[:, 2] += warp[:, :2] @ origin
    laid = cv2.warpAffine(
        moved,
        matrix,
        window.size_wh,
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(laid, np.float32)


def _inner_window(still: Plane, warp: Warp) -> Window:
    """Find what is covered, with room for a turn."""
    height, width = still.shape
    middle = np.array([(width - 1) / 2, (height - 1) / 2])
    shift = middle - (warp[:, :2] @ middle + warp[:, 2])
    full = common_window((width, height), (float(shift[0]), float(shift[1])))
    margin = _TURN_MARGIN_PX
    return Window(
        left=full.left + margin,
        top=full.top + margin,
        right=full.right - margin,
        bottom=full.bottom - margin,
    )


def _slopes(still: Plane, window: Window, centre: NDArray[np.float64]) -> Plane:
    """How the image would change with x, y, turn, contrast and brightness."""
    target = window.of(still)
    # One pixel more on each side, so that the window's rim has slopes too.
    wide = still[window.top - 1 : window.bottom + 1, window.left - 1 : window.right + 1]
    across = (wide[1:-1, 2:] - wide[1:-1, :-2]) * np.float32(0.5)
    down = (wide[2:, 1:-1] - wide[:-2, 1:-1]) * np.float32(0.5)
    x = np.arange(window.left, window.right, dtype=np.float32) - np.float32(centre[0])
    y = np.arange(window.top, window.bottom, dtype=np.float32) - np.float32(centre[1])
    slopes = np.empty((5, target.size), np.float32)
    slopes[0] = across.ravel()
    slopes[1] = down.ravel()
    slopes[2] = (down * x[None, :] - across * y[:, None]).ravel()
    slopes[3] = target.ravel()
    slopes[4] = 1
    return slopes


def _moved_back(
    warp: Warp, centre: NDArray[np.float64], dx: float, dy: float, turn: float
) -> Warp:
    """Compose the warp with the inverse of a small motion about the centre."""
    cos, sin = np.cos(-turn), np.sin(-turn)
    back = np.array([[cos, -sin], [sin, cos]])
    shift = centre - back @ (centre + np.array([dx, dy]))
    linear = warp[:, :2] @ back
    offset = warp[:, :2] @ shift + warp[:, 2]
    return np.column_stack([linear, offset])
