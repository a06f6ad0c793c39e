"""A classifier without a model: it gives every crop the same answer."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from edge.bundles import open_bundle
from hemalens.classes import CLASS_NAMES
from hemalens.classifier import BundleClassifier, Classification
from hemalens.slide_appearance import SlideAppearance

Crops = NDArray[np.uint8]


class FakeClassifier(BundleClassifier):
    """Answers as told, and remembers what it was asked.

    Parameters
    ----------
    probabilities : mapping of class name to float
        The answer; classes left out have 0.
    like : str
        The shipped bundle whose manifest it has.
    """

    def __init__(
        self, probabilities: Mapping[str, float], *, like: str = "cnn"
    ) -> None:
        manifest = open_bundle(like).manifest
        thresholds = manifest.thresholds.model_copy(update={"minimum_probability": 0.5})
        self.manifest = manifest.model_copy(update={"thresholds": thresholds})
        self._row = np.array(
            [probabilities.get(name, 0.0) for name in CLASS_NAMES], np.float32
        )
        self.slides: list[SlideAppearance | None] = []
        self.crops: list[Crops] = []

    def normalize(self, crops: Crops, slide: SlideAppearance | None) -> Crops:
        self.slides.append(slide)
        self.crops.append(crops.copy())
        return crops

    def judge(
        self, crops: Crops, slide: SlideAppearance | None = None
    ) -> Classification:
        return Classification(
            probabilities=np.tile(self._row, (len(crops), 1)),
            is_in_distribution=np.ones(len(crops), np.bool_),
        )
