"""Tell a camera that repeats itself from one that looks at a slide at rest."""

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hemalens.errors import FrameTimeoutError

_STEP_ROWS: Final = 16
"""One row in so many is compared: noise touches these as it does all others."""


class FreezeWatch:
    """Notices that frames stay the same bit for bit.

    A sensor's noise differs from exposure to exposure, so equal frames are one
    exposure delivered twice: by a hung driver, or a server asked faster than it
    looks. Where every pixel is black or white through and through no noise can show,
    and equal frames prove nothing.

    Parameters
    ----------
    frozen_after_s : float
        How long frames may repeat.
    clock : callable
        Monotonic seconds.
    """

    def __init__(self, frozen_after_s: float, clock: Callable[[], float]) -> None:
        self._frozen_after_s = frozen_after_s
        self._clock = clock
        self._last: NDArray[np.uint8] | None = None
        self.new_at = clock()

    def is_new(self, image: NDArray[np.uint8]) -> bool:
        """Check whether a frame is another exposure than the one before.

        Raises
        ------
        FrameTimeoutError
            When frames have repeated for too long.
        """
        sample = image[::_STEP_ROWS]
        if self._last is None or _differ(self._last, sample):
            self._last = sample.copy()
            self.new_at = self._clock()
            return True
        if self._clock() - self.new_at < self._frozen_after_s:
            return False
        raise FrameTimeoutError(
            f"the camera has repeated one frame for {self._frozen_after_s:g} s"
        )

    def resume(self) -> None:
        """Start the time anew: the reader was away and asked for no frame."""
        self.new_at = self._clock()


def _differ(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> bool:
    if not np.array_equal(one, other):
        return True
    return bool(((other == 0) | (other == 255)).all())
