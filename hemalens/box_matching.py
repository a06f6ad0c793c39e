"""Which found box is which true box."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

LEAST_IOU: Final = 0.5
"""Intersection over union from which a found box is the true one, as in the evaluation
of detectors (PASCAL VOC, doi 10.1007/s11263-009-0275-4)."""

BoxXYXY = Sequence[float]


def match_boxes(
    found: Sequence[BoxXYXY],
    true: Sequence[BoxXYXY],
    least_iou: float = LEAST_IOU,
    *,
    is_centred: bool = False,
) -> list[tuple[int, int]]:
    """Pair boxes of one frame one to one, best overlap first.

    Parameters
    ----------
    found, true : sequence of (left, top, right, bottom)
    least_iou : float
        Boxes that overlap less are no pair; those that do not overlap never are.
    is_centred : bool
        A pair's found box has its centre in the true one, where the question is which
        cell was meant, and not how well its outline was drawn.

    Returns
    -------
    list of pairs of int
        Index of the found box and of the true one.

    Examples
    --------
    >>> match_boxes([(40, 0, 60, 20), (1, 1, 11, 11)], [(0, 0, 10, 10)])
    [(1, 0)]
    """
    iou = iou_matrix(found, true)
    if is_centred:
        iou[~_centres_inside(found, true)] = 0
    pairs = []
    while iou.size and iou.max() >= least_iou and iou.max() > 0:
        i, j = (int(k) for k in np.unravel_index(np.argmax(iou), iou.shape))
        pairs.append((i, j))
        iou[i, :] = -1
        iou[:, j] = -1
    return pairs


def iou_matrix(
    found: Sequence[BoxXYXY], true: Sequence[BoxXYXY]
) -> NDArray[np.float64]:
    """Compute the intersection over union of every found box with every true one.

    Returns
    -------
    array of float64, shape (found, true)
    """
    a, b = _columns(found, true)
    overlap_wh = np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2])
    overlap = np.prod(np.clip(overlap_wh, 0, None), axis=-1)
    area_a = np.prod(a[..., 2:] - a[..., :2], axis=-1)
    area_b = np.prod(b[..., 2:] - b[..., :2], axis=-1)
    union = area_a + area_b - overlap
    return np.asarray(overlap / np.maximum(union, 1e-12), np.float64)


def _centres_inside(
    found: Sequence[BoxXYXY], true: Sequence[BoxXYXY]
) -> NDArray[np.bool_]:
    a, b = _columns(found, true)
    centre = (a[..., :2] + a[..., 2:]) / 2
    inside = (b[..., :2] <= centre) & (centre <= b[..., 2:])
    return np.asarray(inside.all(axis=-1), np.bool_)


def _columns(
    found: Sequence[BoxXYXY], true: Sequence[BoxXYXY]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Lay out boxes so that each found one meets each true one."""
    a = np.asarray(found, np.float64).reshape(-1, 1, 4)
    b = np.asarray(true, np.float64).reshape(1, -1, 4)
    return a, b
