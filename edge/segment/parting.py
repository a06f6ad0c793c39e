"""Objects of one kind, parted: each core takes the body nearest to it."""

from typing import Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from hemalens.finder import BODY_SIZE, CORE_SIZE

LEVELS: Final = (128, 180, 225)
"""Probabilities, in 255, at which cores are cut: where a higher one parts a core that
a lower one leaves whole, two cells touch."""

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

EROSIONS: Final = 2
"""Pixels a core is eroded by, one after the other, to see whether it falls apart."""


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
        (~seeds).view(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_CCOMP
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
    cores = seeds = _without_specks(core >= LEVELS[0], least_px)
    for level in LEVELS[1:]:
        seeds = _parted(seeds, seeds & (core >= level))
    eroded = seeds
    for _ in range(EROSIONS):
        eroded = _eroded(eroded)
        seeds = _parted(seeds, eroded)
    return cores, seeds


def _without_specks(mask: NDArray[np.bool_], least_px: int) -> NDArray[np.bool_]:
    _, label_image, stats, _ = cv2.connectedComponentsWithStats(mask.view(np.uint8))
    is_kept = stats[:, cv2.CC_STAT_AREA] >= least_px
    is_kept[0] = False
    return np.asarray(is_kept[label_image], np.bool_)


def _eroded(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    eroded = cv2.erode(mask.view(np.uint8), _CROSS)
    return np.asarray(eroded, np.uint8).view(np.bool_)


def _parted(seeds: NDArray[np.bool_], higher: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Take the parts of a seed where it has several, and leave it else."""
    higher = _without_specks(higher, LEAST_PART_PX)
    _, whole = cv2.connectedComponents(seeds.view(np.uint8))
    count, parts = cv2.connectedComponents(higher.view(np.uint8))
    first = np.zeros(count, np.int32)
    first[parts[higher]] = whole[higher]
    is_parted = np.bincount(first[1:], minlength=int(whole.max()) + 1) > 1
    return np.where(is_parted[whole], higher, seeds)
