"""What a slide looks like, learned frame by frame."""

import numpy as np
from numpy.typing import NDArray

from edge.frame.quality import FrameQuality, measure_quality
from edge.slide.focus import SlideFocus
from edge.slide.stain import SlideStainLearner
from hemalens.records import Segmentation
from hemalens.slide_appearance import SlideAppearance


class SlideAppearanceLearner:
    """Learns a slide's stain and focus.

    Parameters
    ----------
    stain, focus
        What learns either; with None for its stain, the slide keeps it.
    """

    def __init__(self, stain: SlideStainLearner | None, focus: SlideFocus) -> None:
        self._stain = stain
        self._focus = focus

    @classmethod
    def of_a_count(cls, *, keeps_stain: bool) -> "SlideAppearanceLearner":
        """Begin a slide whose lamp and focus drift: what was seen last counts."""
        return cls(None if keeps_stain else SlideStainLearner(), SlideFocus())

    @classmethod
    def of_a_set(cls) -> "SlideAppearanceLearner":
        """Begin a set of images that are one slide: all count."""
        return cls(SlideStainLearner(remembered=None), SlideFocus(remembered=None))

    def learn(
        self, image: NDArray[np.uint8], found: Segmentation, quality: FrameQuality
    ) -> None:
        """Take in a frame (H, W, 3), uint8, RGB, its cells and its quality."""
        self._focus.learn(quality)
        if self._stain is not None:
            self._stain.learn(image, found)

    def learn_image(
        self, image: NDArray[np.uint8], found: Segmentation, pixel_size_um: float
    ) -> None:
        """Take in an image (H, W, 3), uint8, RGB, whose quality is not yet known."""
        self.learn(image, found, measure_quality(image, pixel_size_um))

    @property
    def appearance(self) -> SlideAppearance:
        """What was learned so far."""
        return SlideAppearance(
            colours=None if self._stain is None else self._stain.colours(),
            blur_um=self._focus.blur_um,
        )
