"""Float and int8 model side by side on the same images."""

from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from convert.evidence.disturbances import Disturbance
from hemalens.bundle import Bundle
from hemalens.classes import CLASS_NAMES
from hemalens.classifier import BundleClassifier, Int8Model, tempered
from hemalens.image_set import ImageSet
from train.cache import CropArray, cached_crops
from train.evaluation.calibration_error import (
    expected_calibration_error,
    reliability,
)
from train.evaluation.figures import Figures, evaluate_predictions
from train.float_model import predict


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Answers:
    """What both models say of the gate set, the bundle's temperature applied to both.

    Parameters
    ----------
    true : ndarray of shape (N,), int64
        Class indices.
    float_model, int8 : ndarray of shape (N, classes), float32
        Probabilities.
    """

    true: NDArray[np.int64]
    float_model: NDArray[np.float32]
    int8: NDArray[np.float32]

    @property
    def changed(self) -> NDArray[np.int64]:
        """Indices of the images that get different classes."""
        return np.flatnonzero(self.float_model.argmax(1) != self.int8.argmax(1))

    @property
    def wrong(self) -> NDArray[np.int64]:
        """Indices of the images that the int8 model has wrong."""
        return np.flatnonzero(self.int8.argmax(1) != self.true)

    @property
    def agreement(self) -> float:
        """Share of the images that get the same class."""
        return 1 - len(self.changed) / len(self.true)

    def figures(self) -> tuple[Figures, Figures]:
        """Evaluate both, the float model first."""
        return (
            evaluate_predictions(self.true, self.float_model, CLASS_NAMES),
            evaluate_predictions(self.true, self.int8, CLASS_NAMES),
        )


class Bench:
    """Both models and the images, cut as each question wants them."""

    def __init__(
        self, bundle: Bundle, network: keras.Model, images: ImageSet, cache: Path
    ) -> None:
        self.network = network
        self._model = bundle.model
        self._classifier = BundleClassifier(bundle)
        self._input = bundle.manifest.input
        self._temperature = bundle.manifest.thresholds.temperature
        self._images = images
        self._cache = cache

    @property
    def pixel_size_um(self) -> float:
        """Micrometres per crop pixel."""
        return self._input.crop_side_um / self._input.size_px

    def crops(self, pixel_size_factor: float = 1.0) -> CropArray:
        """Cut the images as a device would that takes a pixel for so much more."""
        return cached_crops(
            self._images,
            size_px=self._input.size_px,
            crop_side_um=self._input.crop_side_um * pixel_size_factor,
            folder=self._cache,
        )

    def answers(self, crops: NDArray[np.uint8], true: NDArray[np.int64]) -> Answers:
        """Run both models."""
        return Answers(
            true=true,
            float_model=tempered(predict(self.network, crops), self._temperature),
            int8=self._classifier.classify(crops),
        )

    def ece_before_temperature(self) -> float:
        """Measure the int8 model's probabilities as they come out of it."""
        cut = self.crops()
        given = Int8Model(self._model).probabilities(cut.crops)
        return expected_calibration_error(reliability(cut.class_indices, given))

    def disturbed(self, disturbance: Disturbance) -> Answers:
        """Run both models on disturbed crops."""
        cut = self.crops(disturbance.pixel_size_factor)
        return self.answers(
            disturbance.apply(np.asarray(cut.crops), self.pixel_size_um),
            cut.class_indices,
        )
