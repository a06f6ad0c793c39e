"""How sharp a slide is seen, learned frame by frame."""

from collections import deque
from statistics import median
from typing import Final

from edge.frame.quality import FrameQuality

REMEMBERED: Final = 25
"""Frames whose median stands for the slide: focus drifts, and one frame's figure
scatters by a tenth with what it shows (measured on PBC and BCCD, 2026-11)."""

FEWEST: Final = 5
"""Frames; with fewer nothing is said, and cells stay as sharp as they are."""


class SlideFocus:
    """Learns how blurred a slide's edges are.

    Parameters
    ----------
    remembered : int, optional
        Frames that count; all when None.
    """

    def __init__(self, remembered: int | None = REMEMBERED) -> None:
        self._blurs_um: deque[float] = deque(maxlen=remembered)

    def learn(self, quality: FrameQuality) -> None:
        """Take in a frame's quality; an empty one tells nothing of focus."""
        if quality.blur_um is not None and not quality.is_empty:
            self._blurs_um.append(quality.blur_um)

    @property
    def blur_um(self) -> float | None:
        """The median so far, a standard deviation; None with too few frames."""
        if len(self._blurs_um) < FEWEST:
            return None
        return round(median(self._blurs_um), 4)
