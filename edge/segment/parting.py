"""Objects of one kind parted from each other: a core takes the body nearest to it."""

from typing import Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from hemalens.finder import BODY_SIZE, CORE_SIZE

LEAST_CORE: Final = 100
"""Probability, in 255, from which on a pixel is core."""

HIGHER: Final = ((160, 0), (190, 1), (225, 1))
"""Probabilities at which cores are looked at again, and pixels they are eroded by:
where that parts a core, two cells touch."""

FAINT: Final = 64
"""Least probability, in 255, of a pixel that belongs to a body: half of its slope."""

BODY_OF_CORE: Final = BODY_SIZE / CORE_SIZE
"""Radius of a body, in radii of its core."""

REACH: Final = 1.3
REACH_PX: Final = 1.0
"""How far from a core's middle pixels may belong to it, in radii of its body and
pixels on top."""

LEAST_PART_PX: Final = 3
"""Area of the smallest part of a core, in pixels."""

_CROSS: Final = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))


class Parted(NamedTuple):
    """The pixels of all objects, object by object.

    Parameters
    ----------
    starts : ndarray of shape (N,), int64
        Where each object's pixels begin.
    at : ndarray of shape (P,), int64
        Places of the pixels in the flat map.
    """

    starts: NDArray[np.int64]
    at: NDArray[np.int64]


def part(
    body: NDArray[np.uint8], core: NDArray[np.uint8], least_core_px: int
) -> Parted:
    """Part the bodies of touching objects among their cores.

    Parameters
    ----------
    body, core : ndarray of shape (H, W), uint8
        Probabilities, 255 for 1.
    least_core_px : int
        Area of the smallest core, in pixels.
    """
    cores, seeds = find_seeds(core, least_core_px)
    if not seeds.any():
        nothing = np.zeros(0, np.int64)
        return Parted(nothing, nothing)
    distance, nearest = cv2.distanceTransformWithLabels(
        _as_uint8(~seeds), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_CCOMP
    )
    seed_radii, core_radii = (
        np.sqrt(np.bincount(nearest[mask]) / np.pi) for mask in (seeds, cores)
    )
    reach = REACH * BODY_OF_CORE * core_radii - seed_radii + REACH_PX
    is_near = distance <= reach.astype(np.float32)[nearest]
    at = np.flatnonzero(((body >= FAINT) & is_near) | cores)
    owners = nearest.ravel()[at]
    order = np.argsort(owners, kind="stable")
    owners = owners[order]
    starts = np.flatnonzero(np.diff(owners, prepend=0))
    return Parted(starts, at[order])


def find_seeds(
    core: NDArray[np.uint8], least_px: int
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Mask all cores, and of each object one connected piece.

    Parameters
    ----------
    core : ndarray of shape (H, W), uint8
        Probabilities, 255 for 1.
    least_px : int
        Area of the smallest core, in pixels.
    """
    cores = core >= LEAST_CORE
    count, labels, stats, _ = cv2.connectedComponentsWithStats(_as_uint8(cores))
    is_kept = stats[:, cv2.CC_STAT_AREA] >= least_px
    is_kept[0] = False
    kept = np.where(is_kept[labels], labels, 0).astype(np.int32)
    cores = kept > 0
    for level, erosions in HIGHER:
        higher = cv2.erode(_as_uint8(cores), _CROSS, iterations=erosions)
        higher[core < level] = 0
        kept, count = _parted(kept, count, np.asarray(higher, np.uint8))
    return cores, kept > 0


def _as_uint8(mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    return mask.view(np.uint8)


def _parted(
    labels: NDArray[np.int32], count: int, higher: NDArray[np.uint8]
) -> tuple[NDArray[np.int32], int]:
    """Take the higher parts of a core where it has several, and leave it else.

    Returns
    -------
    tuple
        The new label image, and above its labels.
    """
    parts_count, parts, stats, _ = cv2.connectedComponentsWithStats(higher)
    at = np.flatnonzero(higher)
    whole_of = np.zeros(parts_count, np.int32)
    whole_of[parts.ravel()[at]] = labels.ravel()[at]
    whole_of[stats[:, cv2.CC_STAT_AREA] < LEAST_PART_PX] = 0
    is_parted = np.bincount(whole_of, minlength=count) > 1
    is_parted[0] = False
    if not is_parted.any():
        return labels, count
    renamed = np.where(whole_of > 0, np.arange(parts_count) + count, 0)
    parted = np.where(is_parted[labels], renamed[parts], labels).astype(np.int32)
    return parted, count + parts_count
