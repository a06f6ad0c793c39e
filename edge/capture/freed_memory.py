"""The memory of large arrays: given back to the system as soon as they are freed."""

import ctypes
import sys
from typing import Final

LARGE_BYTES: Final = 8_000_000
"""A 4056x3040 frame and the planes it is worked on in are larger; a 1920x1080 frame
has 6.2 MB, and to map it anew costs as much as half its decoding."""

LARGE_FRAME_BYTES: Final = 20_000_000
MASK_BYTES: Final = 3_000_000
"""Frames larger than the one have masks larger than the other: given back too, 30 MB
less stay in the heaps after a frame of 4056x3040 (measured 2026-11)."""

_M_TRIM_THRESHOLD: Final = -1
_M_MMAP_THRESHOLD: Final = -3


def give_back_large_arrays(frame_bytes: int = 0) -> bool:
    """Have the C library map each large array for itself.

    By default glibc learns from the first large arrays freed to keep all later ones
    in its heaps, of which every thread has one: 50 MB stayed there, unused, in a count
    of 4056x3040 frames (measured 2026-11).

    Parameters
    ----------
    frame_bytes : int
        Of the frames worked on, once that is known.

    Returns
    -------
    bool
        Whether the C library can be told; one other than glibc cannot.

    References
    ----------
    mallopt(3), M_MMAP_THRESHOLD and M_TRIM_THRESHOLD; their numbers are in glibc's
    ``malloc.h``.
    """
    if sys.platform != "linux":
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    # Told the one, glibc no longer finds the other: twice as much, as it would have.
    least = LARGE_BYTES if frame_bytes < LARGE_FRAME_BYTES else MASK_BYTES
    told = mallopt(_M_MMAP_THRESHOLD, least)
    return bool(told and mallopt(_M_TRIM_THRESHOLD, 2 * least))
